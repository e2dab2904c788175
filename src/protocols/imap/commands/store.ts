/** STORE and UID STORE: RFC 9051 §6.4.6, §6.4.9; UNCHANGEDSINCE and [MODIFIED]: RFC 7162 §3.1.3. */
import { flagsOf, type FlagChange } from '../../../core/mailbox/flags.ts'
import type { SequenceSet } from '../../../core/mailbox/search-key.ts'
import { SyntaxFault, characterSet } from '../../shared/lexer.ts'
import { command, type Context, type Run } from '../command.ts'
import { tellNewKeywords } from '../selected-changes.ts'
import type { Selected } from '../state.ts'
import { FetchOutput } from '../fetch-output.ts'
import { encodeFlags, type Untagged } from '../wire/encoder.ts'
import { atomCharacters, type ImapLexer } from '../wire/lexer.ts'
import { parseModseqValue } from '../wire/modseq.ts'
import { formatSet, parseSequenceSet } from '../wire/sequence-set.ts'
import { resolveSet, type Numbering } from './message-set.ts'

interface StoreArguments {
  readonly set: SequenceSet
  readonly change: FlagChange
  readonly silent: boolean
  /** Messages with a higher modseq are left alone. */
  readonly unchangedSince: number | null
}

const itemCharacters = characterSet((byte) => /[A-Za-z.+-]/.test(String.fromCharCode(byte)))
const modes: Readonly<Record<string, FlagChange['mode']>> = { '': 'replace', '+': 'add', '-': 'remove' }
/** No message may have more. */
const maxFlags = 1000

function parse(lexer: ImapLexer): StoreArguments {
  lexer.space()
  const set = parseSequenceSet(lexer)
  lexer.space()
  const unchangedSince = lexer.peek() === 0x28 ? parseModifiers(lexer) : null
  if (unchangedSince !== null) lexer.space()
  const match = /^([+-]?)FLAGS(\.SILENT)?$/.exec(lexer.token(itemCharacters, 'FLAGS').toUpperCase())
  if (match === null) throw new SyntaxFault('Expected FLAGS, +FLAGS or -FLAGS')
  lexer.space()
  const flags = lexer.peek() === 0x28 ? lexer.flagList() : parseBareFlags(lexer)
  lexer.end()
  return { set, change: { mode: modes[match[1]!]!, flags: flagsOf(flags) }, silent: match[2] !== undefined, unchangedSince }
}

/** `(UNCHANGEDSINCE n)`. */
function parseModifiers(lexer: ImapLexer): number {
  lexer.expect('(')
  if (!lexer.acceptWord('UNCHANGEDSINCE', atomCharacters)) throw new SyntaxFault('Unknown STORE modifier')
  lexer.space()
  const modseq = parseModseqValue(lexer, { zero: true })
  lexer.expect(')')
  return modseq
}

/** `flag *(SP flag)`, without parentheses. */
function parseBareFlags(lexer: ImapLexer): string[] {
  const flags = [lexer.flag()]
  while (lexer.accept(' ')) {
    if (flags.length === maxFlags) throw new SyntaxFault('Too many flags')
    flags.push(lexer.flag())
  }
  return flags
}

export const store = command({
  name: 'STORE',
  states: ['selected'],
  mayExpunge: false,
  parse,
  run: (context, state, args) => run(context, state, args, 'sequence'),
})

export const uidStore = command({
  name: 'UID STORE',
  states: ['selected'],
  parse,
  run: (context, state, args) => run(context, state, args, 'uid'),
})

async function* run({ mail, enabled }: Context, state: Selected, args: StoreArguments, by: Numbering): Run {
  const { set, change, silent, unchangedSince } = args
  if (state.readOnly) return { status: 'NO', code: 'NOPERM', text: 'The mailbox is selected read-only' }
  if (unchangedSince !== null) enabled.condstore = true
  const { view } = state
  const uids = resolveSet(state, set, by)
  if (uids.length === 0) return {}
  const { changed, modified, modseq } = await mail.messages.changeFlags(view.mailbox.account, view.mailbox.id, uids, change, unchangedSince ?? undefined)
  // What others did meanwhile decides whether the client works a silent change out rightly; else it is told all that counts.
  await (silent ? view.refresh() : view.catchUp(modseq))
  yield* tellNewKeywords(state, [change.flags])
  const left = new Set(modified)
  const stored = left.size === 0 ? uids : uids.filter((uid) => !left.has(uid))
  if (silent) {
    // Where all were refused the client has nothing to work out.
    if (stored.length > 0) view.acknowledgeFlags(changed, change)
    // RFC 7162 §3.1.3: by the new modseqs the client's copy stays good for the next conditional STORE.
    const told = unchangedSince === null ? Uint32Array.from(changed, ({ uid }) => uid) : stored
    if (enabled.condstore) yield* tell(state, told, { uid: true, flags: false, modseq: true })
  } else {
    yield* tell(state, stored, { uid: by === 'uid' || enabled.condstore || enabled.rev2, flags: true, modseq: enabled.condstore })
    view.acknowledgeFlags(Array.from(stored, (uid) => toldFlags(state, uid)))
  }
  return modified.length === 0 ? {} : { code: `MODIFIED ${formatSet(by === 'uid' ? modified : modified.map((uid) => view.sequenceOf(uid)))}`, text: 'Conditional STORE failed for some' }
}

interface Told {
  readonly uid: boolean
  readonly flags: boolean
  readonly modseq: boolean
}

/** One FETCH response a message. */
function* tell({ view }: Selected, uids: Uint32Array, { uid: tellUid, flags, modseq }: Told): Generator<Untagged> {
  const output = new FetchOutput(uids.length <= 20)
  for (const uid of uids) {
    const sequence = view.sequenceOf(uid)
    output.text(`* ${sequence} FETCH (`)
    if (tellUid) output.text(`UID ${uid} `)
    if (flags) output.text(`FLAGS ${encodeFlags(view.flagsAt(sequence))}${modseq ? ' ' : ''}`)
    if (modseq) output.text(`MODSEQ (${view.modseqAt(sequence)})`)
    output.text(')\r\n')
    if (output.full) yield { type: 'ready', chunks: output.take() }
  }
  yield { type: 'ready', chunks: output.take() }
}

function toldFlags({ view }: Selected, uid: number): { uid: number; modseq: number; flags: FlagChange['flags'] } {
  const sequence = view.sequenceOf(uid)
  return { uid, flags: view.flagsAt(sequence), modseq: view.modseqAt(sequence) }
}
