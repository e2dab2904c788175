/** Transactions that were committed or held: their idempotency keys with the facts. */
import type { Delivery } from '../../../core/ports/store.ts'
import type { Connection } from '../connection.ts'

/** False when the transaction is known already. */
export function insertTransaction(connection: Connection, delivery: Delivery): boolean {
  const sql = 'INSERT INTO delivery (txn, received_at, facts) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'
  return connection.run(sql, delivery.transaction, delivery.receivedAtMs, JSON.stringify(delivery.facts)) === 1
}

/** Facts and idempotency keys of deliveries received before; not of those that are held still. At most `limit`. */
export function forgetDeliveries(connection: Connection, { beforeMs, limit }: { readonly beforeMs: number; readonly limit: number }): number {
  return connection.run(
    'DELETE FROM delivery WHERE no IN (SELECT no FROM delivery d WHERE received_at < ? AND NOT EXISTS (SELECT 1 FROM held WHERE txn = d.txn) LIMIT ?)',
    beforeMs,
    limit,
  )
}
