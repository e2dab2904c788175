/** The records of the store port. */
import type { RecordStore } from '../../core/ports/store.ts'
import type { StoredRecord } from '../../core/record/record.ts'
import { inPages } from './parts.ts'
import type { Parts } from './parts.ts'
import { recordsAfter } from './read/records.ts'

export function recordStore({ reads, writes }: Parts): RecordStore {
  return {
    async append(records) {
      if (records.length > 0) await writes.write('appendRecords', { records })
    },

    read: ({ kind, after, limit }) =>
      inPages(limit, (last: StoredRecord | undefined, rows) =>
        reads.here((connection) => recordsAfter(connection, kind, last?.seq ?? after ?? 0, rows)),
      ),
  }
}
