/** The registry of the store port: documents in `registry`, the keys by which they are found in `registryKeys`. */
import { MailError } from '../../core/errors.ts'
import { entryFault } from '../../core/ports/registry.ts'
import type { Entry, EntryWrite, FoundEntry, RegistryStore } from '../../core/ports/registry.ts'
import { keyOfId, registryId, registryKeyId } from './documents.ts'
import type { RegistryDocument } from './documents.ts'
import type { Parts } from './parts.ts'
import { RegistryGroups } from './write/registry-groups.ts'
import type { EntryText } from './write/registry.ts'

const entryOf = ({ kind, id, version, value }: RegistryDocument): Entry => ({ kind, id, version, value: JSON.parse(value) as unknown })

const maxAsked = 5_000

export function registryStore(parts: Parts): RegistryStore {
  const { reads } = parts
  const groups = new RegistryGroups(parts)
  return {
    async get(kind, id) {
      const found = await reads.one<RegistryDocument>('registry', { filter: { _id: registryId(kind, id) } })
      return found === null ? null : entryOf(found)
    },

    async many(kind, ids) {
      const found = new Map<string, RegistryDocument>()
      for (let at = 0; at < ids.length; at += maxAsked) {
        const filter = { _id: { $in: ids.slice(at, at + maxAsked).map((id) => registryId(kind, id)) } }
        for (const document of await reads.find<RegistryDocument>('registry', { filter })) found.set(document.id, document)
      }
      return ids.flatMap((id) => found.get(id) ?? []).map(entryOf)
    },

    async list({ kind, after, limit }) {
      const filter = { kind, ...(after === undefined ? {} : { id: { $gt: after } }) }
      return (await reads.find<RegistryDocument>('registry', { filter, sort: { id: 1 }, limit })).map(entryOf)
    },

    find: ({ kind, from, to, after, descending = false, limit }) =>
      reads.at(async (snapshot) => {
        const start = registryKeyId(kind, from, '')
        const end = registryKeyId(kind, to, '')
        const last = after === undefined ? null : registryKeyId(kind, after.key, after.id)
        const range = descending ? { $gte: start, $lt: last ?? end } : { [last === null ? '$gte' : '$gt']: last ?? start, $lt: end }
        const keys = await snapshot.find<{ _id: string }>('registryKeys', { filter: { _id: range }, sort: { _id: descending ? -1 : 1 }, limit })
        const wanted = keys.map(({ _id }) => keyOfId(_id))
        const filter = { _id: { $in: [...new Set(wanted.map(({ id }) => registryId(kind, id)))] } }
        const documents = new Map((await snapshot.find<RegistryDocument>('registry', { filter })).map((document) => [document.id, document]))
        return wanted.flatMap(({ key, id }): FoundEntry[] => {
          const document = documents.get(id)
          return document === undefined ? [] : [{ ...entryOf(document), key }]
        })
      }),

    count: ({ kind, from, to }) =>
      reads.at((snapshot) => snapshot.count('registryKeys', { _id: { $gte: registryKeyId(kind, from, ''), $lt: registryKeyId(kind, to, '') } })),

    async commit({ entries = [], ...rest }) {
      return groups.commit({ ...rest, entries: entries.map(textOf) })
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
