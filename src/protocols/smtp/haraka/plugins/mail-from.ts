/**
 * MAIL FROM: parameters that EHLO does not offer are refused (RFC 5321 §4.1.1.11). SIZE over the limit is refused at once (RFC 1870 §6.1), a signed-in account is asked for (`sender`: may it send
 * as this address?). Mail of others is a matter of RCPT and of the message: no question here (design §2).
 */
import { hook, refusal } from '../haraka.ts'
import { mailParametersRefusal, type EnvelopeParameters } from '../envelope-parameters.ts'
import type { HarakaAddress, HarakaConnection, HarakaPlugin, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { emptyStream } from '../kept-stream.ts'
import { isAscii, pathAddress } from '../paths.ts'
import { replies } from '../replies-ingress.ts'
import { openTransaction, sessionOf } from '../session.ts'

export function register(this: HarakaPlugin): void {
  this.register_hook('capabilities', 'offerExtensions')
  this.register_hook('mail', 'takeSender')
}

/** Haraka offers `SIZE 0`, because the limit is ours to enforce; and no ENHANCEDSTATUSCODES, which all our replies have. */
export function offerExtensions(next: Next, connection: HarakaConnection): void {
  const size = `SIZE ${ingressNode().settings.maxMessageBytes}`
  connection.capabilities = connection.capabilities.map((line) => (line.startsWith('SIZE ') ? size : line))
  connection.capabilities.push('ENHANCEDSTATUSCODES')
  next()
}

export const takeSender = hook(async (next: Next, connection: HarakaConnection, about: [HarakaAddress, EnvelopeParameters]) => {
  const { link, settings } = ingressNode()
  const [address, parameters] = about
  const transaction = connection.transaction
  const sender = pathAddress(address)
  if (transaction === null || sender === null) return next(...refusal(replies.syntax))
  const session = sessionOf(connection)
  const refused = mailParametersRefusal(parameters, session.service)
  if (refused !== null) return next(...refusal(refused))
  const declared = parameters['SIZE'] ?? null
  const sizeBytes = declared === null ? null : Number(declared)
  if (sizeBytes !== null && sizeBytes > settings.maxMessageBytes) return next(...refusal(replies.tooLarge))
  const smtpUtf8 = 'SMTPUTF8' in parameters
  // RFC 6531 §3.5: such an address may only come with the extension that allows it.
  if (!smtpUtf8 && !isAscii(sender)) return next(...refusal(replies.addressNotAscii))
  // Until DATA there is nothing to read. Haraka's own stream, at its end, removes a file that it never made.
  transaction.message_stream = emptyStream
  openTransaction(transaction, { sizeBytes, smtpUtf8 })
  const { account } = session
  if (account === null) return next()
  const { refuse } = await link.ask('sender', { account, sender, sizeBytes }).catch(() => ({ refuse: replies.coreAway }))
  if (refuse === null) next()
  else next(...refusal(refuse))
})
