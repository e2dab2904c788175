/**
 * The commit of a delivery (design §2 "One commit per message"): idempotency key with the facts, every recipient's message,
 * outbox rows, settlements; all of it or, when one recipient can't be filed, nothing.
 */
import type { Delivery, DeliveryOutcome, Filed } from '../../../core/ports/store.ts'
import type { Connection } from '../connection.ts'
import { id } from '../ids.ts'
import { fileOne } from './filing.ts'
import { Undone } from './group-commit.ts'
import { dropHeld } from './held.ts'
import { insertOutboxRows, settleOutbox } from './outbox.ts'
import { targetOf } from './targets.ts'
import type { RecipientRefusal } from './targets.ts'
import { threadHashes } from './threads.ts'
import { insertTransaction } from './transactions.ts'

export interface CommitDelivery {
  readonly delivery: Delivery
  readonly nowMs: number
}

export function commitDelivery(connection: Connection, { delivery, nowMs }: CommitDelivery): DeliveryOutcome {
  if (!insertTransaction(connection, delivery)) return { kind: 'duplicate' }
  const hashes = threadHashes(delivery.content)
  const filed: (Filed & { account: string })[] = []
  const refused: { index: number; code: RecipientRefusal }[] = []
  delivery.recipients.forEach((recipient, index) => {
    const target = targetOf(connection, recipient)
    const outcome =
      typeof target === 'string'
        ? target
        : fileOne(connection, {
            mailbox: target,
            content: delivery.content,
            hashes,
            prefix: recipient.prefix,
            flags: recipient.flags,
            receivedAtMs: delivery.receivedAtMs,
            extraBytes: recipient.extraBytes,
          })
    if (typeof outcome === 'string') refused.push({ index, code: outcome })
    else filed.push({ ...outcome, account: recipient.account })
  })
  if (refused.length > 0) throw new Undone({ kind: 'refused', recipients: refused } satisfies DeliveryOutcome)
  const outbox = insertOutboxRows(connection, delivery, nowMs)
  if (delivery.settles !== undefined) settleOutbox(connection, delivery.settles)
  if (delivery.finishes !== undefined) dropHeld(connection, delivery.finishes)
  return { kind: 'committed', filed, outbox: outbox.map((no) => id('outbox', no)) }
}
