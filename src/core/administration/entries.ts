/**
 * The kinds of documents in the registry (core/ports/registry.ts), and typed reading of them. Each kind has one owner: the
 * file that exports its {@link EntryKind}; nobody else writes it.
 */
import type { Entry, EntryWrite, FoundEntry, NewId, RegistryStore } from '../ports/registry.ts'
import { MailError } from '../errors.ts'
import type { BlobId } from '../mailbox/mailbox.ts'

export interface EntryKind<T> {
  readonly name: string
  /** Keys by which it is found, of its value. */
  readonly keys: (value: T, id: string) => readonly string[]
  readonly bodies?: (value: T) => readonly BlobId[]
}

export interface Kept<T> {
  readonly id: string
  readonly version: number
  readonly value: T
}

export interface Found<T> extends Kept<T> {
  readonly key: string
}

export function entryKind<T>(kind: EntryKind<T>): EntryKind<T> {
  return kind
}

const kept = <T>({ id, version, value }: Entry): Kept<T> => ({ id, version, value: value as T })
const found = <T>({ id, version, value, key }: FoundEntry): Found<T> => ({ id, version, value: value as T, key })

export async function entry<T>(registry: RegistryStore, kind: EntryKind<T>, id: string): Promise<Kept<T> | null> {
  const read = await registry.get(kind.name, id)
  return read === null ? null : kept<T>(read)
}

/** Refuses `entry-unknown`. */
export async function requireEntry<T>(registry: RegistryStore, kind: EntryKind<T>, id: string): Promise<Kept<T>> {
  const read = await entry(registry, kind, id)
  if (read === null) throw new MailError('entry-unknown', `no such ${kind.name}`, { kind: kind.name, id: id.slice(0, 100) })
  return read
}

export async function entriesOf<T>(registry: RegistryStore, kind: EntryKind<T>, ids: readonly string[]): Promise<readonly Kept<T>[]> {
  return (await registry.many(kind.name, ids)).map((one) => kept<T>(one))
}

/** One page by key: `from` ≤ key < `to`. */
export async function findEntries<T>(
  registry: RegistryStore,
  kind: EntryKind<T>,
  query: Omit<Parameters<RegistryStore['find']>[0], 'kind'>,
): Promise<readonly Found<T>[]> {
  return (await registry.find({ kind: kind.name, ...query })).map((one) => found<T>(one))
}

const pageEntries = 1_000

/** All of a kind, by id, page by page. */
export async function* allEntries<T>(registry: RegistryStore, kind: EntryKind<T>): AsyncGenerator<Kept<T>> {
  for (let after: string | undefined; ; ) {
    const page = await registry.list({ kind: kind.name, limit: pageEntries, ...(after === undefined ? {} : { after }) })
    for (const one of page) yield kept<T>(one)
    if (page.length < pageEntries) return
    after = page.at(-1)!.id
  }
}

/** A write for RegistryCommit.entries. `ifVersion` 0: it is made; null: whatever is there. */
export function put<T>(kind: EntryKind<T>, id: string | NewId, value: T, ifVersion: number | null): EntryWrite {
  const keys = [...new Set(kind.keys(value, typeof id === 'string' ? id : ''))]
  return { kind: kind.name, id, value, keys, ifVersion, ...(kind.bodies === undefined ? {} : { bodies: kind.bodies(value) }) }
}

export function remove<T>(kind: EntryKind<T>, { id, version }: Pick<Kept<T>, 'id' | 'version'>): EntryWrite {
  return { kind: kind.name, id, value: null, ifVersion: version }
}
