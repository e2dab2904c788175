/** LOGIN: RFC 9051 §6.2.3. Refused in clear unless the connection never leaves the machine. */
import { SyntaxFault, decodeUtf8 } from '../../shared/lexer.ts'
import { command } from '../command.ts'
import type { ImapLexer } from '../wire/lexer.ts'
import { signIn } from './sign-in.ts'

export const login = command({
  name: 'LOGIN',
  states: ['not-authenticated'],
  secret: true,
  parse(lexer) {
    lexer.space()
    const user = text(lexer)
    lexer.space()
    const password = text(lexer)
    lexer.end()
    return { user, password }
  },
  async run(context, _state, credentials) {
    return await signIn(context, credentials)
  },
})

/** Names and passwords are UTF-8 where they are not ASCII (RFC 9051 §5.4 asks for it, RFC 3501 clients do it). */
function text(lexer: ImapLexer): string {
  const decoded = decodeUtf8(lexer.astring())
  if (decoded === null) throw new SyntaxFault('Not UTF-8')
  return decoded
}
