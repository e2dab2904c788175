/**
 * SEARCH and UID SEARCH: RFC 9051 §6.4.4, RFC 3501 §6.4.4; RETURN and ESEARCH: RFC 4731; SAVE: RFC 5182; MODSEQ:
 * RFC 7162 §3.1.5, §3.1.10. What matches is decided by core, exactly.
 */
import type { SelectedView } from '../../../core/mail.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import { command, type Context, type ParseOptions, type Run } from '../command.ts'
import { bindSearchKey, highestSequence } from '../search-binding.ts'
import type { Selected } from '../state.ts'
import type { Untagged } from '../wire/encoder.ts'
import type { ImapLexer } from '../wire/lexer.ts'
import { UnknownCharset, parseSearch, type ResultOption, type SearchProgram } from '../wire/search-keys.ts'
import { formatSet } from '../wire/sequence-set.ts'
import type { Numbering } from './message-set.ts'

function parse(lexer: ImapLexer, options: ParseOptions): SearchProgram {
  lexer.space()
  return parseSearch(lexer, options)
}

export const search = command({
  name: 'SEARCH',
  states: ['selected'],
  mayExpunge: false,
  parse,
  run: (context, state, program) => run(context, state, program, 'sequence'),
})

export const uidSearch = command({
  name: 'UID SEARCH',
  states: ['selected'],
  parse,
  run: (context, state, program) => run(context, state, program, 'uid'),
})

async function* run(context: Context, state: Selected, program: SearchProgram, by: Numbering): Run {
  const { enabled, tag } = context
  if (program.modseq) enabled.condstore = true
  const found = await find(context, state, program)
  const { view } = state
  const options = program.options ?? (enabled.rev2 ? ['ALL' as const] : null)
  const told = options === null ? found : toldOf(found, options)
  if (program.save) state.saved.uids = told.map((sequence) => view.uidAt(sequence))
  const numbers = (sequences: Uint32Array): Uint32Array => (by === 'uid' ? sequences.map((sequence) => view.uidAt(sequence)) : sequences)
  const modseq = program.modseq && told.length > 0 ? highestModseq(view, told) : undefined
  if (options !== null && options.length > 0) {
    const results = options.flatMap((option) => resultOf(option, numbers(found)))
    if (modseq !== undefined) results.push(['MODSEQ', String(modseq)])
    yield { type: 'esearch', tag, uid: by === 'uid', results } satisfies Untagged
  } else if (options === null) {
    yield { type: 'search', numbers: numbers(found), ...(modseq === undefined ? {} : { modseq }) }
  }
  return program.sequences ? { keepsNumbers: true } : {}
}

/** Sequence numbers. A search whose result was to be saved and that is refused leaves an empty one (RFC 5182 §2.1). */
async function find(context: Context, state: Selected, program: SearchProgram): Promise<Uint32Array> {
  const { view } = state
  if (program.key !== null && highestSequence(program.key) > view.count) throw new SyntaxFault('No such message')
  try {
    if (program.key === null) throw new UnknownCharset()
    return await view.search(await bindSearchKey(program.key, { mail: context.mail, state }), context.signal)
  } catch (error) {
    if (program.save) state.saved.uids = new Uint32Array()
    throw error
  }
}

/** The messages that the answer is about: with MIN or MAX and nothing else only those (RFC 5182 §2.4, RFC 4731 §3.2). */
function toldOf(found: Uint32Array, options: readonly ResultOption[]): Uint32Array {
  if (options.length === 0 || options.includes('ALL') || options.includes('COUNT') || found.length < 2) return found
  const first = found[0]!
  const last = found[found.length - 1]!
  return Uint32Array.from([...(options.includes('MIN') ? [first] : []), ...(options.includes('MAX') ? [last] : [])])
}

/** MIN, MAX and ALL of nothing are left out (RFC 4731 §3.1). */
function resultOf(option: ResultOption, numbers: Uint32Array): [string, string][] {
  if (option === 'COUNT') return [[option, String(numbers.length)]]
  if (numbers.length === 0) return []
  switch (option) {
    case 'MIN':
      return [[option, String(numbers[0])]]
    case 'MAX':
      return [[option, String(numbers[numbers.length - 1])]]
    case 'ALL':
      return [[option, formatSet(numbers)]]
  }
}

function highestModseq(view: SelectedView, sequences: Uint32Array): number {
  let highest = 0
  for (const sequence of sequences) highest = Math.max(highest, view.modseqAt(sequence))
  return highest
}
