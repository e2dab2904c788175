/** Writes of records. Each kind counts from 1 without a gap; audit records are chained (core/record/record.ts). */
import { createHash } from 'node:crypto'
import { canonicalRecord } from '../../../core/record/record.ts'
import type { NewRecord } from '../../../core/record/record.ts'
import type { Connection } from '../connection.ts'

export function appendRecords(connection: Connection, { records }: { readonly records: readonly NewRecord[] }): void {
  for (const given of records) {
    const last = connection.get<{ seq: number; hash: string }>('SELECT seq, hash FROM record WHERE kind = ? ORDER BY seq DESC LIMIT 1', given.kind)
    const seq = (last?.seq ?? 0) + 1
    const detail = JSON.stringify(given.detail)
    // The detail is hashed as it will be read again: after JSON dropped what it can't hold.
    const record = { ...given, detail: JSON.parse(detail) as NewRecord['detail'] }
    connection.run(
      'INSERT INTO record (kind, seq, at, actor, action, subject, clause, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      record.kind,
      seq,
      record.atMs,
      record.actor,
      record.action,
      record.subject,
      record.clause,
      detail,
      record.kind === 'audit' ? chainHash(last?.hash ?? '', seq, record) : '',
    )
  }
}

function chainHash(previous: string, seq: number, record: NewRecord): string {
  return createHash('sha256').update(previous).update(canonicalRecord(seq, record)).digest('hex')
}
