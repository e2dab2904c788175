/** Writes of records. Each kind counts from 1 without a gap; audit records are chained (core/record/record.ts). */
import { createHash } from 'node:crypto'
import { canonicalRecord } from '../../../core/record/record.ts'
import type { NewRecord, RecordKind } from '../../../core/record/record.ts'
import { keysOfRecord } from '../../../core/record/record-keys.ts'
import type { Connection } from '../connection.ts'
import { keyHash } from '../read/records.ts'

interface Head {
  seq: number
  hash: string
}

const lastOf = (connection: Connection, kind: RecordKind): Head | undefined =>
  connection.get<Head>('SELECT seq, hash FROM record WHERE kind = ? ORDER BY seq DESC LIMIT 1', kind)

export function appendRecords(connection: Connection, { records }: { readonly records: readonly NewRecord[] }): void {
  const heads = new Map<RecordKind, Head>()
  for (const given of records) {
    const last = heads.get(given.kind) ?? lastOf(connection, given.kind) ?? { seq: 0, hash: '' }
    const seq = last.seq + 1
    const detail = JSON.stringify(given.detail)
    const { kind, atMs, actor, action, subject, clause } = given
    // The detail is hashed as it will be read again: after JSON dropped what it can't hold.
    const hash = kind === 'audit' ? chainHash(last.hash, seq, { ...given, detail: JSON.parse(detail) as NewRecord['detail'] }) : ''
    insertRecord(connection, { kind, seq, at: atMs, actor, action, subject, clause, detail, hash, keys: keysOfRecord(given) })
    heads.set(kind, { seq, hash })
  }
}

interface InsertedRecord {
  readonly kind: RecordKind
  readonly seq: number
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly clause: string | null
  readonly detail: string
  readonly hash: string
  readonly keys: readonly string[]
}

export function insertRecord(connection: Connection, { kind, seq, at, actor, action, subject, clause, detail, hash, keys }: InsertedRecord): void {
  connection.run(
    'INSERT INTO record (kind, seq, at, actor, action, subject, clause, detail, hash, keys) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    kind, seq, at, actor, action, subject, clause, detail, hash, keys.join('\n'),
  )
  // Two keys of one hash have one row.
  for (const key of keys) connection.run('INSERT INTO record_key (hash, at, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', keyHash(kind, key), at, seq)
}

function chainHash(previous: string, seq: number, record: NewRecord): string {
  return createHash('sha256').update(previous).update(canonicalRecord(seq, record)).digest('hex')
}

interface PurgedRange {
  readonly kind: RecordKind
  readonly fromSeq: number
  readonly toSeq: number
  readonly keep: readonly number[]
  readonly limit: number
}

/** At most `limit`, from the lowest; answers where to go on, null when there is no more. */
export function purgeRecords(connection: Connection, { kind, fromSeq, toSeq, keep, limit }: PurgedRange): { readonly purged: number; readonly next: number | null } {
  const head = lastOf(connection, kind)?.seq ?? 0
  const kept = new Set(keep)
  const sql = 'SELECT seq, at, keys FROM record WHERE kind = ? AND seq >= ? AND seq <= ? AND seq < ? ORDER BY seq LIMIT ?'
  const rows = connection.all<{ seq: number; at: number; keys: string }>(sql, kind, fromSeq, toSeq, head, limit)
  let purged = 0
  for (const { seq, at, keys } of rows) {
    if (kept.has(seq)) continue
    if (keys !== '') for (const key of keys.split('\n')) connection.run('DELETE FROM record_key WHERE hash = ? AND at = ? AND seq = ?', keyHash(kind, key), at, seq)
    purged += connection.run('DELETE FROM record WHERE kind = ? AND seq = ?', kind, seq)
  }
  return { purged, next: rows.length < limit ? null : rows.at(-1)!.seq + 1 }
}
