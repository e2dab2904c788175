/** AUTHENTICATE: RFC 9051 §6.2.2; initial response RFC 4959; PLAIN RFC 4616. */
import { MailError } from '../../../core/errors.ts'
import { characterSet } from '../../shared/lexer.ts'
import { decodePlain } from '../../shared/sasl/plain.ts'
import { command } from '../command.ts'
import { signIn } from './sign-in.ts'

const base64Characters = characterSet((byte) => /[A-Za-z0-9+/=]/.test(String.fromCharCode(byte)))
/** A PLAIN message is at most 4,096 characters of base64. */
const maxResponseBytes = 8192

export const authenticate = command({
  name: 'AUTHENTICATE',
  states: ['not-authenticated'],
  secret: true,
  parse(lexer) {
    lexer.space()
    const mechanism = lexer.word('a mechanism')
    const initial = lexer.accept(' ') ? lexer.token(base64Characters, 'base64') : null
    lexer.end()
    return { mechanism, initial }
  },
  async *run(context, _state, { mechanism, initial }) {
    if (mechanism !== 'PLAIN') return { status: 'NO', code: 'CANNOT', text: 'Mechanism not offered' }
    // Before the client is asked for a password that others could read.
    if (!context.channel.secure) throw new MailError('encryption-required')
    let response = initial
    if (response === null) {
      yield { type: 'continuation', text: '' }
      const line = await context.readLine(maxResponseBytes)
      if (line === null) return {}
      if (line === 'too-long') return { status: 'BAD', text: 'Response too long' }
      response = line.toString('latin1')
      if (response === '*') return { status: 'BAD', text: 'Authentication cancelled' }
    }
    const credentials = decodePlain(response)
    if (credentials === null) {
      context.signInFailed()
      return { status: 'BAD', text: 'Not a PLAIN message' }
    }
    return await signIn(context, credentials)
  },
})
