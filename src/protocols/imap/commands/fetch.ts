/** FETCH and UID FETCH: RFC 9051 §6.4.5, §6.4.9. The answers are written by `fetch-writer.ts`. */
import { seenBit } from '../../../core/mailbox/flags.ts'
import type { SequenceSet } from '../../../core/mailbox/search-key.ts'
import { command, type Context, type Run } from '../command.ts'
import { writeFetch } from '../fetch-writer.ts'
import type { Selected } from '../state.ts'
import { parseFetchItems, type FetchItem } from '../wire/fetch-items.ts'
import type { ImapLexer } from '../wire/lexer.ts'
import { parseSequenceSet } from '../wire/sequence-set.ts'
import { resolveSet, type Numbering } from './message-set.ts'

interface FetchArguments {
  readonly set: SequenceSet
  readonly items: readonly FetchItem[]
}

function parse(lexer: ImapLexer): FetchArguments {
  lexer.space()
  const set = parseSequenceSet(lexer)
  lexer.space()
  const items = parseFetchItems(lexer)
  lexer.end()
  return { set, items }
}

/** RFC 9051 §7.5.1: no EXPUNGE while a client counts by sequence numbers. */
export const fetch = command({
  name: 'FETCH',
  states: ['selected'],
  mayExpunge: false,
  parse,
  run: (context, state, args) => run(context, state, args, 'sequence'),
})

/** RFC 9051 §6.4.9: every answer names its UID. */
export const uidFetch = command({
  name: 'UID FETCH',
  states: ['selected'],
  parse(lexer) {
    const { set, items } = parse(lexer)
    return { set, items: items.some(({ item }) => item === 'uid') ? items : [{ item: 'uid' } as const, ...items] }
  },
  run: (context, state, args) => run(context, state, args, 'uid'),
})

async function* run(context: Context, state: Selected, { set, items }: FetchArguments, by: Numbering): Run {
  const uids = resolveSet(state, set, by)
  if (uids.length === 0) return {}
  const { mail } = context
  const setsSeen = !state.readOnly && items.some((item) => item.item === 'section' && !item.peek)
  const seenNow = setsSeen ? await markSeen(context, state, uids) : new Set<number>()
  const alsoFlags = items.some(({ item }) => item === 'flags') ? new Set<number>() : seenNow
  const missing = yield* writeFetch({ mail, account: state.user.account, view: state.view, uids, items, alsoFlags })
  // RFC 2180 §4.1.2: others have expunged some; this session is told with its next NOOP. UIDs that are gone are no error.
  return missing > 0 && by === 'sequence' ? { status: 'NO', code: 'EXPUNGEISSUED', text: 'Some of the messages are gone' } : {}
}

/** Sets \Seen where it is not; the answers of this FETCH tell the new flags. */
async function markSeen({ mail }: Context, state: Selected, uids: Uint32Array): Promise<Set<number>> {
  const { view, user } = state
  const unseen = uids.filter((uid) => (view.flagsAt(view.sequenceOf(uid)).bits & seenBit) === 0)
  if (unseen.length === 0) return new Set()
  const { changed } = await mail.messages.changeFlags(user.account, view.mailbox.id, unseen, { mode: 'add', flags: { bits: seenBit, keywords: [] } })
  await view.refresh()
  view.acknowledgeFlags(changed)
  return new Set(changed.map(({ uid }) => uid))
}
