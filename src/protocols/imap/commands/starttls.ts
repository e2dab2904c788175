/** STARTTLS: RFC 9051 §6.2.1. What was pipelined after it in clear is thrown away by the connection. */
import { command, nothing } from '../command.ts'

export const starttls = command({
  name: 'STARTTLS',
  states: ['not-authenticated'],
  parse: nothing,
  async run(context) {
    if (!context.channel.tlsOffered) return { status: 'BAD', text: 'TLS is active or not offered' }
    return { startTls: true, text: 'Begin TLS negotiation now' }
  },
})
