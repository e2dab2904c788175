/** STORE and UID STORE: RFC 9051 §6.4.6, §6.4.9. */
import { flagsOf, type FlagChange } from '../../../core/mailbox/flags.ts'
import type { SequenceSet } from '../../../core/mailbox/search-key.ts'
import { SyntaxFault, characterSet } from '../../shared/lexer.ts'
import { command, type Context, type Run } from '../command.ts'
import { tellNewKeywords } from '../selected-changes.ts'
import type { Selected } from '../state.ts'
import { FetchOutput } from '../fetch-output.ts'
import { encodeFlags } from '../wire/encoder.ts'
import type { ImapLexer } from '../wire/lexer.ts'
import { parseSequenceSet } from '../wire/sequence-set.ts'
import { resolveSet, type Numbering } from './message-set.ts'

interface StoreArguments {
  readonly set: SequenceSet
  readonly change: FlagChange
  readonly silent: boolean
}

const itemCharacters = characterSet((byte) => /[A-Za-z.+-]/.test(String.fromCharCode(byte)))
const modes: Readonly<Record<string, FlagChange['mode']>> = { '': 'replace', '+': 'add', '-': 'remove' }
/** No message may have more. */
const maxFlags = 1000

function parse(lexer: ImapLexer): StoreArguments {
  lexer.space()
  const set = parseSequenceSet(lexer)
  lexer.space()
  const match = /^([+-]?)FLAGS(\.SILENT)?$/.exec(lexer.token(itemCharacters, 'FLAGS').toUpperCase())
  if (match === null) throw new SyntaxFault('Expected FLAGS, +FLAGS or -FLAGS')
  lexer.space()
  const flags = lexer.peek() === 0x28 ? lexer.flagList() : parseBareFlags(lexer)
  lexer.end()
  return { set, change: { mode: modes[match[1]!]!, flags: flagsOf(flags) }, silent: match[2] !== undefined }
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

async function* run({ mail }: Context, state: Selected, { set, change, silent }: StoreArguments, by: Numbering): Run {
  if (state.readOnly) return { status: 'NO', code: 'NOPERM', text: 'The mailbox is selected read-only' }
  const { view, user } = state
  const uids = resolveSet(state, set, by)
  if (uids.length === 0) return {}
  const { changed } = await mail.messages.changeFlags(user.account, view.mailbox.id, uids, change)
  await view.refresh()
  yield* tellNewKeywords(state, [change.flags])
  if (silent) {
    view.acknowledgeFlags(changed, change)
    return {}
  }
  const output = new FetchOutput(uids.length <= 20)
  const told: { uid: number; modseq: number; flags: FlagChange['flags'] }[] = []
  for (const uid of uids) {
    const sequence = view.sequenceOf(uid)
    const flags = view.flagsAt(sequence)
    told.push({ uid, flags, modseq: view.modseqAt(sequence) })
    output.text(`* ${sequence} FETCH (${by === 'uid' ? `UID ${uid} ` : ''}FLAGS ${encodeFlags(flags)})\r\n`)
  }
  view.acknowledgeFlags(told)
  yield { type: 'ready', chunks: output.take() }
  return {}
}
