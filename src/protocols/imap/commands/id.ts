/** ID: RFC 2971. The client's words go into the log; ours tell no version to strangers. */
import { SyntaxFault } from '../../shared/lexer.ts'
import { command } from '../command.ts'
import { anyState } from '../state.ts'
import type { ImapLexer } from '../wire/lexer.ts'

/** RFC 2971 §3.3. */
const maxPairs = 30
const maxLoggedCharacters = 200

export const id = command({
  name: 'ID',
  states: anyState,
  parse(lexer) {
    lexer.space()
    const parameters = lexer.peek() === 0x28 ? parsePairs(lexer) : parseNil(lexer)
    lexer.end()
    return parameters
  },
  async *run(context, _state, parameters) {
    if (parameters.size > 0) context.log.info({ client: Object.fromEntries(parameters) }, 'imap client')
    yield { type: 'id', parameters: { name: 'Cong Vu', vendor: 'Cong Vu' } }
    return {}
  },
})

function parseNil(lexer: ImapLexer): Map<string, string> {
  if (lexer.nstring() !== null) throw new SyntaxFault('Expected a list or NIL')
  return new Map()
}

function parsePairs(lexer: ImapLexer): Map<string, string> {
  const texts = lexer.list(() => lexer.nstring(), maxPairs * 2)
  if (texts.length % 2 !== 0) throw new SyntaxFault('Expected pairs of strings')
  const pairs = new Map<string, string>()
  for (let at = 0; at < texts.length; at += 2) {
    const name = texts[at] ?? null
    if (name === null) throw new SyntaxFault('A field must have a name')
    pairs.set(name.slice(0, 30), (texts[at + 1] ?? '').slice(0, maxLoggedCharacters))
  }
  return pairs
}
