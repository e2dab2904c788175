/**
 * MAIL FROM: SIZE over the limit is refused at once (RFC 1870 §6.1), a signed-in account is asked for (`sender`: may it send
 * as this address?). Mail of others is a matter of RCPT and of the message: no question here (design §2).
 */
import { hook, refusal } from '../haraka.ts'
import type { HarakaAddress, HarakaConnection, HarakaPlugin, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { emptyStream } from '../kept-stream.ts'
import { isAscii, pathAddress } from '../paths.ts'
import { replies } from '../replies-ingress.ts'
import { openTransaction, sessionOf } from '../session.ts'

type MailParameters = Record<string, string | null>

export function register(this: HarakaPlugin): void {
  this.register_hook('capabilities', 'offerExtensions')
  this.register_hook('mail', 'takeSender')
}

/** Haraka offers `SIZE 0`, because the limit is ours to enforce. */
export function offerExtensions(next: Next, connection: HarakaConnection): void {
  const size = `SIZE ${ingressNode().settings.maxMessageBytes}`
  connection.capabilities = connection.capabilities.map((line) => (line.startsWith('SIZE ') ? size : line))
  next()
}

export const takeSender = hook(async (next: Next, connection: HarakaConnection, about: [HarakaAddress, MailParameters]) => {
  const { link, settings } = ingressNode()
  const [address, parameters] = about
  const transaction = connection.transaction
  const sender = pathAddress(address)
  if (transaction === null || sender === null) return next(...refusal(replies.syntax))
  const declared = Number(parameters.SIZE ?? Number.NaN)
  const sizeBytes = Number.isSafeInteger(declared) && declared >= 0 ? declared : null
  if (sizeBytes !== null && sizeBytes > settings.maxMessageBytes) return next(...refusal(replies.tooLarge))
  const smtpUtf8 = 'SMTPUTF8' in parameters
  // RFC 6531 §3.5: such an address may only come with the extension that allows it.
  if (!smtpUtf8 && !isAscii(sender)) return next(...refusal(replies.addressNotAscii))
  // Until DATA there is nothing to read. Haraka's own stream, at its end, removes a file that it never made.
  transaction.message_stream = emptyStream
  openTransaction(transaction, { sizeBytes, smtpUtf8 })
  const { account } = sessionOf(connection)
  if (account === null) return next()
  const { refuse } = await link.ask('sender', { account, sender, sizeBytes }).catch(() => ({ refuse: replies.coreAway }))
  if (refuse === null) next()
  else next(...refusal(refuse))
})
