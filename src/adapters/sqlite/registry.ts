/** The registry of the store port. */
import { MailError } from '../../core/errors.ts'
import { entryFault } from '../../core/ports/registry.ts'
import type { Entry, EntryWrite, FoundEntry, RegistryStore } from '../../core/ports/registry.ts'
import { inPages, maxMainRows } from './parts.ts'
import type { Parts } from './parts.ts'
import { registryCount, registryEntries, registryEntry, registryFound, registryList } from './read/registry.ts'
import type { EntryText } from './write/registry.ts'

export function registryStore({ reads, writes, nowMs }: Parts): RegistryStore {
  return {
    get: async (kind, id) => reads.here((connection) => registryEntry(connection, kind, id)),

    async many(kind, ids) {
      const all = []
      for (let at = 0; at < ids.length; at += maxMainRows) {
        if (at > 0) await new Promise<void>((resolve) => setImmediate(resolve))
        all.push(...reads.here((connection) => registryEntries(connection, kind, ids.slice(at, at + maxMainRows))))
      }
      return all
    },

    list: ({ kind, after, limit }) =>
      inPages(limit, (last: Entry | undefined, rows) =>
        reads.here((connection) => registryList(connection, kind, last?.id ?? after ?? '', rows)),
      ),

    find: ({ kind, from, to, after, descending = false, limit }) =>
      inPages(limit, (last: FoundEntry | undefined, rows) =>
        reads.here((connection) => registryFound(connection, { kind, from, to, after: last ?? after ?? null, descending, limit: rows })),
      ),

    count: async ({ kind, from, to }) => reads.here((connection) => registryCount(connection, kind, from, to)),

    async commit({ entries = [], ...rest }) {
      const texts = entries.map(textOf)
      const bytes = texts.reduce((sum, { json }) => sum + 2 * (json?.length ?? 0), 0)
      return writes.write('commitRegistry', { ...rest, entries: texts, nowMs: nowMs() }, bytes)
    },
  }
}

/** Refuses `argument-invalid`. */
function textOf(write: EntryWrite): EntryText {
  const { value, ...rest } = write
  const json = value === null ? null : (JSON.stringify(value) ?? 'null')
  const fault = entryFault(write, json ?? '')
  if (fault !== null) throw new MailError('argument-invalid', `an entry of the registry: ${fault}`, { kind: write.kind.slice(0, 100), fault })
  return { ...rest, json }
}
