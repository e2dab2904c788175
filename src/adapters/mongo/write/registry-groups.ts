/**
 * Writes of the registry that arrive together at a node are one transaction: each has records, whose numbers only one writer at a time
 * can take, so that side by side they would do nothing but overtake each other. When one of a group is refused, each is tried on
 * its own: what one asks for is refused to nobody else.
 */
import { MongoError } from 'mongodb'
import type { Committed, NewId } from '../../../core/ports/registry.ts'
import { isMailError } from '../../../core/errors.ts'
import type { Parts } from '../parts.ts'
import { commitRegistry, type EntryText, type RegistryWrite } from './registry.ts'

/** Documents, accounts and records of a group; one write alone may have more. */
const maxTogether = 2_000

interface Waiting {
  readonly write: RegistryWrite
  readonly resolve: (committed: Committed) => void
  readonly reject: (error: unknown) => void
}

export class RegistryGroups {
  readonly #parts: Parts
  #waiting: Waiting[] = []
  #working = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  commit(write: RegistryWrite): Promise<Committed> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject })
      if (!this.#working) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#working = true
    while (this.#waiting.length > 0) {
      const group = this.#take()
      if (!(await this.#together(group))) for (const one of group) await this.#alone(one)
    }
    this.#working = false
  }

  #take(): readonly Waiting[] {
    let weight = 0
    let end = 0
    while (end < this.#waiting.length && (end === 0 || weight + weightOf(this.#waiting[end]!.write) <= maxTogether)) weight += weightOf(this.#waiting[end++]!.write)
    return this.#waiting.splice(0, end)
  }

  /** False: nothing was written, and each is to be tried alone. */
  async #together(group: readonly Waiting[]): Promise<boolean> {
    if (group.length === 1) return false
    const writes = group.map(({ write }) => write)
    try {
      const all = await commitRegistry(this.#parts, merged(writes))
      for (const [at, committed] of split(all, writes).entries()) group[at]!.resolve(committed)
    } catch (error) {
      const away = isMailError(error, 'unavailable', 'storage-full') || error instanceof MongoError
      if (!away) return false
      // Whether it was written is not known to any of them.
      for (const { reject } of group) reject(error)
    }
    return true
  }

  async #alone({ write, resolve, reject }: Waiting): Promise<void> {
    await commitRegistry(this.#parts, write).then(resolve, reject)
  }
}

const listOf = <K extends keyof RegistryWrite>(write: RegistryWrite, name: K): NonNullable<RegistryWrite[K]> => (write[name] ?? []) as NonNullable<RegistryWrite[K]>

function weightOf(write: RegistryWrite): number {
  return write.entries.length + listOf(write, 'newAccounts').length + listOf(write, 'accountChanges').length + listOf(write, 'records').length
}

/** What the new agencies and accounts of a write are counted from within the group. */
interface Offset {
  agencies: number
  accounts: number
}

function merged(writes: readonly RegistryWrite[]): RegistryWrite {
  const offset: Offset = { agencies: 0, accounts: 0 }
  const moved = writes.map((write): RegistryWrite => {
    const from = { ...offset }
    offset.agencies += listOf(write, 'newAgencies').length
    offset.accounts += listOf(write, 'newAccounts').length
    return {
      ...write,
      newAccounts: listOf(write, 'newAccounts').map((account) => (typeof account.agency === 'string' ? account : { ...account, agency: { newAgency: account.agency.newAgency + from.agencies } })),
      entries: write.entries.map((entry): EntryText => ({ ...entry, id: movedId(entry.id, from) })),
    }
  })
  return {
    newAgencies: moved.flatMap((write) => listOf(write, 'newAgencies')),
    newAccounts: moved.flatMap((write) => listOf(write, 'newAccounts')),
    accountChanges: moved.flatMap((write) => listOf(write, 'accountChanges')),
    removeAliases: moved.flatMap((write) => listOf(write, 'removeAliases')),
    renames: moved.flatMap((write) => listOf(write, 'renames')),
    addAliases: moved.flatMap((write) => listOf(write, 'addAliases')),
    entries: moved.flatMap(({ entries }) => entries),
    records: moved.flatMap((write) => listOf(write, 'records')),
  }
}

function movedId(id: string | NewId, from: Offset): string | NewId {
  if (typeof id === 'string') return id
  return 'newAccount' in id ? { newAccount: id.newAccount + from.accounts } : { newAgency: id.newAgency + from.agencies }
}

/** Accounts come in the order in which {@link commitRegistry} gives them: made, changed, renamed. */
function split({ versions, accounts, agencies }: Committed, writes: readonly RegistryWrite[]): readonly Committed[] {
  const count = (name: 'newAccounts' | 'accountChanges'): number => writes.reduce((sum, write) => sum + listOf(write, name).length, 0)
  const made = accounts.values()
  const changed = accounts.slice(count('newAccounts')).values()
  const renamed = accounts.slice(count('newAccounts') + count('accountChanges')).values()
  const [versionsLeft, agenciesLeft] = [versions.values(), agencies.values()]
  return writes.map((write) => ({
    versions: [...versionsLeft.take(write.entries.length)],
    accounts: [...made.take(listOf(write, 'newAccounts').length), ...changed.take(listOf(write, 'accountChanges').length), ...renamed.take(listOf(write, 'renames').length)],
    agencies: [...agenciesLeft.take(listOf(write, 'newAgencies').length)],
  }))
}
