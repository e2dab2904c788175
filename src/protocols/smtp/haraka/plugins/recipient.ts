/** RCPT TO: one question to core for each (design §2). Core says yes or gives the reply; no answer is 451, never a yes. */
import { constants, hook, refusal } from '../haraka.ts'
import { recipientParametersRefusal, type EnvelopeParameters } from '../envelope-parameters.ts'
import type { HarakaAddress, HarakaConnection, HarakaPlugin, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { clientNetwork } from '../client-network.ts'
import { hangUp } from '../connection-changes.ts'
import { isAscii, pathAddress } from '../paths.ts'
import { replies } from '../replies-ingress.ts'
import { fromLoopback, remoteEnd, sessionOf, transactionOf } from '../session.ts'
import { defaultMaxWrongRecipients, WrongRecipients } from '../wrong-recipients.ts'

let wrongRecipients: WrongRecipients | null = null

export function register(this: HarakaPlugin): void {
  wrongRecipients = new WrongRecipients(ingressNode().settings.limits.maxWrongRecipients ?? defaultMaxWrongRecipients)
  this.register_hook('rcpt', 'askRecipient')
  // When core has it.
  this.register_hook('queue_ok', 'forgiveWrongRecipients')
}

/** The network to count against; null for our own accounts and for programs of this machine, who may be mistaken. */
function countedNetwork(connection: HarakaConnection): string | null {
  const { account } = sessionOf(connection)
  return account !== null || fromLoopback(connection) ? null : clientNetwork(connection.remote.ip)
}

export function forgiveWrongRecipients(next: Next, connection: HarakaConnection): void {
  const network = countedNetwork(connection)
  if (network !== null) wrongRecipients!.forgive(network, connection.transaction?.rcpt_to.length ?? 0)
  next()
}

export const askRecipient = hook(async (next: Next, connection: HarakaConnection, about: [HarakaAddress, EnvelopeParameters]) => {
  const { link, settings } = ingressNode()
  const transaction = connection.transaction
  if (transaction === null) return next(...refusal(replies.coreAway))
  if (transaction.rcpt_to.length > settings.maxRecipients) return next(...refusal(replies.tooManyRecipients))
  const address = pathAddress(about[0])
  if (address === null || address === '') return next(...refusal(replies.syntax))
  const refused = recipientParametersRefusal(about[1])
  if (refused !== null) return next(...refusal(refused))
  const network = countedNetwork(connection)
  if (network !== null && wrongRecipients!.isOver(network, Date.now())) return hangUp(connection, replies.tooManyWrongRecipients)
  const session = sessionOf(connection)
  const open = transactionOf(transaction)
  if (!open.smtpUtf8 && !isAscii(address)) return next(...refusal(replies.addressNotAscii))
  const { refuse } = await link
    .ask('recipient', {
      transaction: open.id,
      address,
      sender: pathAddress(transaction.mail_from) ?? '',
      account: session.account,
      remote: remoteEnd(connection),
      sizeBytes: open.sizeBytes,
    })
    .catch(() => ({ refuse: replies.coreAway }))
  if (refuse === null) return next(constants.ok)
  if (network !== null && refuse.code >= 500) wrongRecipients!.add(network, Date.now())
  next(...refusal(refuse))
})
