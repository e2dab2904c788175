/** The deliveries of the store port. */
import type { DeliveryStore } from '../../core/ports/store.ts'
import type { DeliveryDocument } from './documents.ts'
import { deliveryId } from './documents.ts'
import type { Parts } from './parts.ts'
import { commitDelivery } from './write/deliveries.ts'
import { fileHeld, finishHeld, holdDelivery } from './write/held.ts'

const forgetDocuments = 1_000

export function deliveryStore({ connection, reads, writes, outboxIds, nowMs }: Parts): DeliveryStore {
  return {
    commit: (delivery) => writes.write(commitDelivery({ delivery, nowMs: nowMs(), outboxIds })),

    hold: (delivery) => writes.write(holdDelivery({ delivery, nowMs: nowMs(), outboxIds })),

    fileHeld: (transaction, limit) => writes.write(fileHeld(transaction, limit)),

    finishHeld: (transaction) => writes.write(finishHeld(transaction)),

    async held() {
      const found = await reads.find<{ _id: string }>('held', { filter: {}, projection: { _id: 1 }, sort: { receivedAtMs: 1 } })
      return found.map(({ _id }) => _id)
    },

    async facts(transaction) {
      const found = await reads.one<DeliveryDocument>('states', { filter: { _id: deliveryId(transaction) } })
      return found === null ? null : { receivedAtMs: found.receivedAtMs, facts: JSON.parse(found.facts) as Record<string, unknown> }
    },

    async forget(receivedBeforeMs) {
      const held = await reads.find<{ _id: string }>('held', { filter: { receivedAtMs: { $lt: receivedBeforeMs } }, projection: { _id: 1 } })
      const staying = held.map(({ _id }) => deliveryId(_id))
      let forgotten = 0
      for (;;) {
        const filter = { receivedAtMs: { $lt: receivedBeforeMs }, _id: { $nin: staying } }
        const found = await reads.find<{ _id: string }>('states', { filter, projection: { _id: 1 }, limit: forgetDocuments, hint: 'delivery-by-age' })
        if (found.length === 0) return forgotten
        const ids = found.map(({ _id }) => _id)
        const { deletedCount } = await connection.write((session) => connection.deliveries.deleteMany({ _id: { $in: ids } }, { session }))
        forgotten += deletedCount
      }
    },
  }
}
