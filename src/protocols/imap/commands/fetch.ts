/**
 * FETCH and UID FETCH: RFC 9051 §6.4.5, §6.4.9; CHANGEDSINCE and VANISHED: RFC 7162 §3.1.4, §3.2.6. The answers are written by
 * `fetch-writer.ts`.
 */
import { seenBit } from '../../../core/mailbox/flags.ts'
import type { SequenceSet } from '../../../core/mailbox/search-key.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import { command, type Context, type Run } from '../command.ts'
import { UnknownEncoding, writeFetch } from '../fetch-writer.ts'
import type { Selected } from '../state.ts'
import { parseFetchItems, parseFetchModifiers, type FetchItem, type FetchModifiers, type SimpleItem } from '../wire/fetch-items.ts'
import type { ImapLexer } from '../wire/lexer.ts'
import { formatRanges, parseSequenceSet, savedResult } from '../wire/sequence-set.ts'
import { resolveSet, type Numbering } from './message-set.ts'

interface FetchArguments extends FetchModifiers {
  readonly set: SequenceSet
  readonly items: readonly FetchItem[]
}

function parse(lexer: ImapLexer): FetchArguments {
  lexer.space()
  const set = parseSequenceSet(lexer)
  lexer.space()
  const items = parseFetchItems(lexer)
  const modifiers = parseFetchModifiers(lexer)
  lexer.end()
  return { set, items: modifiers.changedSince === null ? items : withItem(items, 'modseq'), ...modifiers }
}

function withItem(items: readonly FetchItem[], item: SimpleItem): readonly FetchItem[] {
  return items.some((one) => one.item === item) ? items : [...items, { item }]
}

/** RFC 9051 §7.5.1: no EXPUNGE while a client counts by sequence numbers. */
export const fetch = command({
  name: 'FETCH',
  states: ['selected'],
  mayExpunge: false,
  parse(lexer) {
    const args = parse(lexer)
    if (args.vanished) throw new SyntaxFault('VANISHED is for UID FETCH')
    return args
  },
  run: (context, state, args) => run(context, state, args, 'sequence'),
})

/** RFC 9051 §6.4.9: every answer names its UID. */
export const uidFetch = command({
  name: 'UID FETCH',
  states: ['selected'],
  parse(lexer) {
    const args = parse(lexer)
    return args.items.some(({ item }) => item === 'uid') ? args : { ...args, items: [{ item: 'uid' } as const, ...args.items] }
  },
  run: (context, state, args) => run(context, state, args, 'uid'),
})

async function* run(context: Context, state: Selected, args: FetchArguments, by: Numbering): Run {
  const { enabled } = context
  if (args.vanished && !enabled.qresync) throw new SyntaxFault('VANISHED needs ENABLE QRESYNC')
  if (args.items.some(({ item }) => item === 'modseq')) enabled.condstore = true
  const uids = changedOf(state, resolveSet(state, args.set, by), args.changedSince)
  if (args.vanished && args.changedSince !== null && args.set !== savedResult) yield* tellVanished(state, args.set, args.changedSince)
  if (uids.length === 0) return {}
  return yield* answer(context, state, { uids, items: args.items, by })
}

/** RFC 7162 §3.1.4.1. */
function changedOf({ view }: Selected, uids: Uint32Array, changedSince: number | null): Uint32Array {
  return changedSince === null ? uids : uids.filter((uid) => view.modseqAt(view.sequenceOf(uid)) > changedSince)
}

/** Before any FETCH answer (RFC 7162 §3.2.6). */
async function* tellVanished({ view }: Selected, set: SequenceSet, modseq: number): AsyncGenerator<{ type: 'vanished'; earlier: true; uids: string }, void, void> {
  const vanished = await view.vanishedSince(modseq, set)
  if (vanished.length > 0) yield { type: 'vanished', earlier: true, uids: formatRanges(vanished) }
}

interface Asked {
  readonly uids: Uint32Array
  readonly items: readonly FetchItem[]
  readonly by: Numbering
}

async function* answer(context: Context, state: Selected, { uids, items, by }: Asked): Run {
  const { mail, enabled } = context
  const setsSeen = !state.readOnly && items.some((item) => (item.item === 'section' || item.item === 'binary') && !item.peek)
  const seenNow = setsSeen ? await markSeen(context, state, uids) : new Set<number>()
  const also = toldWithSeen(items, enabled)
  try {
    const missing = yield* writeFetch({ mail, account: state.view.mailbox.account, view: state.view, uids, items, seenNow, also })
    // RFC 2180 §4.1.2: others have expunged some; this session is told with its next NOOP. UIDs that are gone are no error.
    return missing > 0 && by === 'sequence' ? { status: 'NO', code: 'EXPUNGEISSUED', text: 'Some of the messages are gone' } : {}
  } catch (error) {
    if (!(error instanceof UnknownEncoding)) throw error
    return { status: 'NO', code: 'UNKNOWN-CTE', text: 'A part has a transfer encoding that is not known' }
  }
}

/** What the answer tells of a message that this FETCH has made \Seen, where nobody asked for it (RFC 7162 §3.2.4). */
function toldWithSeen(items: readonly FetchItem[], { condstore, rev2 }: Context['enabled']): readonly SimpleItem[] {
  const wanted: SimpleItem[] = ['flags', ...(condstore || rev2 ? (['uid'] as const) : []), ...(condstore ? (['modseq'] as const) : [])]
  return wanted.filter((wantedItem) => !items.some(({ item }) => item === wantedItem))
}

/** Sets \Seen where it is not; the answers of this FETCH tell the new flags. */
async function markSeen({ mail }: Context, state: Selected, uids: Uint32Array): Promise<Set<number>> {
  const { view } = state
  const unseen = uids.filter((uid) => (view.flagsAt(view.sequenceOf(uid)).bits & seenBit) === 0)
  if (unseen.length === 0) return new Set()
  const { changed } = await mail.messages.changeFlags(view.mailbox.account, view.mailbox.id, unseen, { mode: 'add', flags: { bits: seenBit, keywords: [] } })
  await view.refresh()
  view.acknowledgeFlags(changed)
  return new Set(changed.map(({ uid }) => uid))
}
