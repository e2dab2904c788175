/** The records of the store port. */
import type { RecordStore } from '../../core/ports/store.ts'
import type { StoredRecord } from '../../core/record/record.ts'
import { inPages } from './parts.ts'
import type { Parts } from './parts.ts'
import { recordsAfter, recordsFound } from './read/records.ts'

export function recordStore({ reads, writes }: Parts): RecordStore {
  return {
    async append(records) {
      if (records.length > 0) await writes.write('appendRecords', { records })
    },

    read: ({ kind, after, limit }) =>
      inPages(limit, (last: StoredRecord | undefined, rows) =>
        reads.here((connection) => recordsAfter(connection, kind, last?.seq ?? after ?? 0, rows)),
      ),

    search: ({ after, limit, ...search }) =>
      inPages(limit, (last: StoredRecord | undefined, rows) => {
        const from = last ?? after
        return reads.here((connection) => recordsFound(connection, { ...search, limit: rows, ...(from === undefined ? {} : { after: { atMs: from.atMs, seq: from.seq } }) }))
      }),

    async purge({ kind, fromSeq, toSeq, keep = [] }) {
      let purged = 0
      for (let from: number | null = fromSeq; from !== null; ) {
        const slice: { readonly purged: number; readonly next: number | null } = await writes.write('purgeRecords', { kind, fromSeq: from, toSeq, keep, limit: purgedTogether })
        purged += slice.purged
        from = slice.next
      }
      return purged
    },
  }
}

/** Others' writes come between. */
const purgedTogether = 500
