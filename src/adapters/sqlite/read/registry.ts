/** Reads of the registry: by id, by kind, by key. */
import type { Entry, FoundEntry } from '../../../core/ports/registry.ts'
import type { Connection } from '../connection.ts'

interface EntryRow {
  readonly kind: string
  readonly id: string
  readonly version: number
  readonly value: string
}

const entryOf = ({ kind, id, version, value }: EntryRow): Entry => ({ kind, id, version, value: JSON.parse(value) as unknown })

export function registryEntry(connection: Connection, kind: string, id: string): Entry | null {
  const row = connection.get<EntryRow>('SELECT kind, id, version, value FROM registry WHERE kind = ? AND id = ?', kind, id)
  return row === undefined ? null : entryOf(row)
}

export function registryEntries(connection: Connection, kind: string, ids: readonly string[]): Entry[] {
  return connection.snapshot(() => ids.flatMap((id) => registryEntry(connection, kind, id) ?? []))
}

export function registryList(connection: Connection, kind: string, after: string, limit: number): Entry[] {
  const sql = 'SELECT kind, id, version, value FROM registry WHERE kind = ? AND id > ? ORDER BY id LIMIT ?'
  return connection.all<EntryRow>(sql, kind, after, limit).map(entryOf)
}

export interface KeyRange {
  readonly kind: string
  readonly from: string
  readonly to: string
  readonly after: { readonly key: string; readonly id: string } | null
  readonly descending: boolean
  readonly limit: number
}

const selectFound =
  'SELECT k.key AS key, r.kind AS kind, r.id AS id, r.version AS version, r.value AS value ' +
  'FROM registry_key k JOIN registry r ON r.kind = k.kind AND r.id = k.id WHERE k.kind = ? AND k.key >= ? AND k.key < ?'

export function registryFound(connection: Connection, { kind, from, to, after, descending, limit }: KeyRange): FoundEntry[] {
  const order = descending ? 'DESC' : 'ASC'
  const beyond = after === null ? '' : ` AND (k.key, k.id) ${descending ? '<' : '>'} (?, ?)`
  const values = after === null ? [kind, from, to, limit] : [kind, from, to, after.key, after.id, limit]
  const sql = `${selectFound}${beyond} ORDER BY k.key ${order}, k.id ${order} LIMIT ?`
  return connection.all<EntryRow & { readonly key: string }>(sql, ...values).map((row) => ({ ...entryOf(row), key: row.key }))
}

export function registryCount(connection: Connection, kind: string, from: string, to: string): number {
  return connection.get<{ n: number }>('SELECT count(*) AS n FROM registry_key WHERE kind = ? AND key >= ? AND key < ?', kind, from, to)!.n
}
