/**
 * The commit of a delivery (design §2 "One commit per message"): idempotency key with the facts, every recipient's message,
 * outbox rows, settlements; all of it or, when one recipient can't be filed, nothing.
 */
import type { Delivery, DeliveryOutcome, DeliveryRecipient, Filed } from '../../../core/ports/store.ts'
import type { RecipientRefusal } from '../documents.ts'
import { accountNoOf } from '../ids.ts'
import { documentBytes, fileOne } from './filing.ts'
import { Undone } from './operation.ts'
import type { Operation } from './operation.ts'
import type { Step } from './step.ts'
import { targetOf } from './targets.ts'
import { lookedForKeys } from './threads.ts'
import { deliveryBytes, insertTransaction, keysOf } from './transactions.ts'
import type { NewDelivery } from './transactions.ts'

export function commitDelivery({ delivery, nowMs, outboxIds }: NewDelivery): Operation<DeliveryOutcome> {
  const { content, recipients, transaction } = delivery
  const accounts = [...new Set(recipients.map(({ account }) => accountNoOf(account)).filter((no) => no !== null))]
  return {
    accounts,
    keys: keysOf(delivery),
    threadKeys: accounts.flatMap((no) => lookedForKeys(no, content)),
    bytes: recipients.reduce((sum, { prefix }) => sum + documentBytes({ content, prefix }), deliveryBytes(delivery)),
    plan(step) {
      if (step.isDuplicate(transaction)) return { kind: 'duplicate' }
      const filed: (Filed & { account: string })[] = []
      const refused: { index: number; code: RecipientRefusal }[] = []
      recipients.forEach((recipient, index) => {
        const outcome = fileFor(step, delivery, recipient)
        if (typeof outcome === 'string') refused.push({ index, code: outcome })
        else filed.push({ ...outcome, account: recipient.account })
      })
      if (refused.length > 0) throw new Undone<DeliveryOutcome>({ kind: 'refused', recipients: refused })
      return { kind: 'committed', filed, outbox: insertTransaction(step, { delivery, nowMs, outboxIds }) }
    },
  }
}

function fileFor(step: Step, { content, receivedAtMs }: Delivery, recipient: DeliveryRecipient): Filed | RecipientRefusal {
  const target = targetOf(step, recipient)
  if (typeof target === 'string') return target
  const { prefix, flags, extraBytes } = recipient
  return fileOne(step, target, { content, prefix, flags, receivedAtMs }, extraBytes) ?? 'quota-exceeded'
}
