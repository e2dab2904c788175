/** SEARCH and UID SEARCH: RFC 3501 §6.4.4, RFC 9051 §6.4.4 without RETURN. What matches is decided by core, exactly. */
import { isMailError } from '../../../core/errors.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import { command, type Context, type Run } from '../command.ts'
import type { Selected } from '../state.ts'
import type { ImapLexer } from '../wire/lexer.ts'
import { parseSearch, type SearchProgram } from '../wire/search-keys.ts'
import type { Numbering } from './message-set.ts'

function parse(lexer: ImapLexer): SearchProgram {
  lexer.space()
  return parseSearch(lexer)
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

async function* run(context: Context, { view }: Selected, { key }: SearchProgram, by: Numbering): Run {
  let found: Uint32Array
  try {
    found = await view.search(key, context.signal)
  } catch (error) {
    if (isMailError(error, 'argument-invalid')) throw new SyntaxFault('No such message')
    throw error
  }
  yield { type: 'search', numbers: by === 'uid' ? found.map((sequence) => view.uidAt(sequence)) : found }
  return {}
}
