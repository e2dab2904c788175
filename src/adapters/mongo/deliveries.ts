/** The deliveries of the store port. */
import type { DeliveryStore } from '../../core/ports/store.ts'
import type { DeliveryDocument, HeldDocument } from './documents.ts'
import { deliveryId, heldId } from './documents.ts'
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
      const find = { filter: { 'held.receivedAtMs': { $gte: -Number.MAX_VALUE } }, projection: { held: 1 }, sort: { 'held.receivedAtMs': 1 }, hint: 'held-by-age' }
      return (await reads.find<HeldDocument>('mail', find)).map(({ held }) => held.transaction)
    },

    async facts(transaction) {
      const found = await reads.one<DeliveryDocument>('mail', { filter: { _id: deliveryId(transaction) } })
      return found === null ? null : { receivedAtMs: found.delivery.receivedAtMs, facts: JSON.parse(found.facts) as Record<string, unknown> }
    },

    async forget(receivedBeforeMs) {
      let forgotten = 0
      let after = -Number.MAX_VALUE
      for (;;) {
        const found = await reads.find<DeliveryDocument>('mail', {
          filter: { 'delivery.receivedAtMs': { $gte: after, $lt: receivedBeforeMs } },
          projection: { delivery: 1 },
          sort: { 'delivery.receivedAtMs': 1 },
          limit: forgetDocuments,
        })
        const going = await withoutHeld(found.map(({ _id }) => _id))
        if (going.length > 0) {
          const { deletedCount } = await connection.write((session) => connection.mail.deleteMany({ _id: { $in: going } }, { session }))
          forgotten += deletedCount
        }
        const last = found.at(-1)
        // Held ones stay, so it goes on behind them.
        if (found.length < forgetDocuments || last === undefined || (going.length === 0 && last.delivery.receivedAtMs === after)) return forgotten
        after = last.delivery.receivedAtMs
      }
    },
  }

  async function withoutHeld(ids: readonly string[]): Promise<string[]> {
    const transactions = ids.map((id) => id.slice(deliveryId('').length))
    const held = await reads.find<{ _id: string }>('mail', { filter: { _id: { $in: transactions.map(heldId) } }, projection: { _id: 1 } })
    const staying = new Set(held.map(({ _id }) => _id))
    return ids.filter((_, i) => !staying.has(heldId(transactions[i]!)))
  }
}
