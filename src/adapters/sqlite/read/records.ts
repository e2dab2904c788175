/** Reads of records, deliveries' facts, held deliveries and settings. */
import type { RecordKind, StoredRecord } from '../../../core/record/record.ts'
import type { Connection } from '../connection.ts'
import { recordOf } from '../rows.ts'
import type { RecordRow } from '../rows.ts'

export function recordsAfter(connection: Connection, kind: RecordKind, after: number, limit: number): StoredRecord[] {
  return connection.all<RecordRow>('SELECT * FROM record WHERE kind = ? AND seq > ? ORDER BY seq LIMIT ?', kind, after, limit).map(recordOf)
}

export function deliveryFacts(connection: Connection, transaction: string): { receivedAtMs: number; facts: Record<string, unknown> } | null {
  const row = connection.get<{ received_at: number; facts: string }>('SELECT received_at, facts FROM delivery WHERE txn = ?', transaction)
  return row === undefined ? null : { receivedAtMs: row.received_at, facts: JSON.parse(row.facts) as Record<string, unknown> }
}

/** Oldest first. */
export function heldTransactions(connection: Connection): string[] {
  return connection.all<{ txn: string }>('SELECT txn FROM held ORDER BY no').map(({ txn }) => txn)
}

export function setting(connection: Connection, key: string): string | null {
  return connection.get<{ value: string }>('SELECT value FROM setting WHERE key = ?', key)?.value ?? null
}
