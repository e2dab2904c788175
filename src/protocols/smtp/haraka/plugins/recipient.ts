/** RCPT TO: one question to core for each (design §2). Core says yes or gives the reply; no answer is 451, never a yes. */
import { constants, hook, refusal } from '../haraka.ts'
import type { HarakaAddress, HarakaConnection, HarakaPlugin, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { pathAddress } from '../paths.ts'
import { replies } from '../replies-ingress.ts'
import { remoteEnd, sessionOf, transactionOf } from '../session.ts'

export function register(this: HarakaPlugin): void {
  this.register_hook('rcpt', 'askRecipient')
}

export const askRecipient = hook(async (next: Next, connection: HarakaConnection, about: [HarakaAddress]) => {
  const { link, settings } = ingressNode()
  const transaction = connection.transaction
  if (transaction === null) return next(...refusal(replies.coreAway))
  if (transaction.rcpt_to.length > settings.maxRecipients) return next(...refusal(replies.tooManyRecipients))
  const address = pathAddress(about[0])
  if (address === null || address === '') return next(...refusal(replies.syntax))
  const session = sessionOf(connection)
  const open = transactionOf(transaction)
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
  if (refuse === null) next(constants.ok)
  else next(...refusal(refuse))
})
