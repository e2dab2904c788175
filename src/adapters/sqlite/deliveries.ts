/** The deliveries of the store port. */
import type { Delivery, DeliveryStore } from '../../core/ports/store.ts'
import { contentBytes, crossingContent } from './messages.ts'
import { alone } from './parts.ts'
import type { Parts } from './parts.ts'
import { deliveryFacts, heldTransactions } from './read/records.ts'

const forgetRows = 1_000

export function deliveryStore({ reads, writes, nowMs }: Parts): DeliveryStore {
  return {
    commit: (delivery) => writes.write('commitDelivery', { delivery: crossing(delivery), nowMs: nowMs() }, weight(delivery)),

    hold: (delivery) => writes.write('holdDelivery', { delivery: crossing(delivery), nowMs: nowMs() }, weight(delivery)),

    fileHeld: (transaction, limit) => writes.write('fileHeld', { transaction, limit }),

    finishHeld: (transaction) => writes.write('finishHeld', { transaction }),

    held: async () => reads.here(heldTransactions),

    facts: async (transaction) => reads.here((connection) => deliveryFacts(connection, transaction)),

    async forget(receivedBeforeMs) {
      let forgotten = 0
      for (;;) {
        const some = await writes.write('forgetDeliveries', { beforeMs: receivedBeforeMs, limit: forgetRows })
        forgotten += some
        if (some < forgetRows) return forgotten
      }
    },
  }
}

function crossing(delivery: Delivery): Delivery {
  return {
    ...delivery,
    content: crossingContent(delivery.content),
    recipients: delivery.recipients.map((recipient) => ({ ...recipient, prefix: alone(recipient.prefix) })),
    outbox: delivery.outbox.map((row) => ({ ...row, prefix: alone(row.prefix) })),
  }
}

function weight({ content, recipients, outbox }: Delivery): number {
  const each = contentBytes(content)
  return recipients.reduce((sum, { prefix }) => sum + each + prefix.byteLength, outbox.reduce((sum, { prefix }) => sum + prefix.byteLength, each))
}
