/** SEARCH and UID SEARCH: RFC 3501 §6.4.4, RFC 9051 §6.4.4 without RETURN. What matches is decided by core, exactly. */
import type { SearchKey } from '../../../core/mailbox/search-key.ts'
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
  if (highestSequence(key) > view.count) throw new SyntaxFault('No such message')
  const found = await view.search(key, context.signal)
  yield { type: 'search', numbers: by === 'uid' ? found.map((sequence) => view.uidAt(sequence)) : found }
  return {}
}

/** RFC 9051 §9 (seq-number): one that there is not is the client's error. `*` is whatever is last. */
function highestSequence(key: SearchKey): number {
  switch (key.key) {
    case 'and':
      return Math.max(0, ...key.keys.map(highestSequence))
    case 'or':
      return Math.max(highestSequence(key.left), highestSequence(key.right))
    case 'not':
      return highestSequence(key.inner)
    case 'sequence':
      return Math.max(0, ...key.set.flat().filter(Number.isFinite))
    default:
      return 0
  }
}
