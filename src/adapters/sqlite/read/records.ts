/** Reads of records, deliveries' facts, held deliveries and settings. */
import { createHash } from 'node:crypto'
import type { RecordSearch } from '../../../core/ports/store.ts'
import type { RecordKind, StoredRecord } from '../../../core/record/record.ts'
import type { Connection } from '../connection.ts'
import { recordOf } from '../rows.ts'
import type { RecordRow } from '../rows.ts'

export function recordsAfter(connection: Connection, kind: RecordKind, after: number, limit: number): StoredRecord[] {
  return connection.all<RecordRow>('SELECT * FROM record WHERE kind = ? AND seq > ? ORDER BY seq LIMIT ?', kind, after, limit).map(recordOf)
}

/** 48 bits: a safe integer. Kinds have their keys apart. */
export function keyHash(kind: RecordKind, key: string): number {
  return createHash('sha256').update(`${kind}\n${key}`).digest().readUIntBE(0, 6)
}

export function recordsFound(connection: Connection, search: RecordSearch): StoredRecord[] {
  const { kind, key, fromMs = Number.MIN_SAFE_INTEGER, toMs = Number.MAX_SAFE_INTEGER, after, descending = false, limit } = search
  const [order, beyond] = descending ? ['DESC', '<'] : ['ASC', '>']
  const table = key === undefined ? 'r' : 'k'
  const paged = after === undefined ? '' : ` AND (${table}.at, ${table}.seq) ${beyond} (?, ?)`
  const where = `${table}.at >= ? AND ${table}.at < ?${paged} ORDER BY ${table}.at ${order}, ${table}.seq ${order} LIMIT ?`
  const values = [fromMs, toMs, ...(after === undefined ? [] : [after.atMs, after.seq]), limit]
  if (key === undefined) return connection.all<RecordRow>(`SELECT r.* FROM record r INDEXED BY record_by_time WHERE r.kind = ? AND ${where}`, kind, ...values).map(recordOf)
  // Another key may have the same hash.
  const sql = `SELECT r.* FROM record_key k CROSS JOIN record r ON r.kind = ? AND r.seq = k.seq AND r.at = k.at WHERE k.hash = ? AND instr(char(10) || r.keys || char(10), ?) > 0 AND ${where}`
  return connection.all<RecordRow>(sql, kind, keyHash(kind, key), `\n${key}\n`, ...values).map(recordOf)
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
