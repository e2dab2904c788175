/** The records of the store port. */
import type { RecordStore } from '../../core/ports/store.ts'
import type { Parts } from './parts.ts'
import { recordsAfter } from './read/records.ts'

export function recordStore({ reads, writes }: Parts): RecordStore {
  return {
    async append(records) {
      if (records.length > 0) await writes.write('appendRecords', { records })
    },

    read: async ({ kind, after, limit }) => reads.here((connection) => recordsAfter(connection, kind, after ?? 0, limit)),
  }
}
