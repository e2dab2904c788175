/** The registry in memory, as far as the acts on one account need it: documents by id, and a commit with accounts and records. */
import { MailError } from '../../../../src/core/errors.ts'
import type { Committed, Entry, FoundEntry, RegistryCommit, RegistryStore } from '../../../../src/core/ports/registry.ts'
import type { AccountStore } from '../../../../src/core/ports/store.ts'
import type { NewRecord } from '../../../../src/core/record/record.ts'

export class MemoryRegistry implements RegistryStore {
  readonly entries = new Map<string, Entry>()
  readonly #accounts: Pick<AccountStore, 'get' | 'change'>
  readonly #records: NewRecord[]

  constructor(accounts: Pick<AccountStore, 'get' | 'change'>, records: NewRecord[]) {
    this.#accounts = accounts
    this.#records = records
  }

  async get(kind: string, id: string): Promise<Entry | null> {
    return this.entries.get(`${kind} ${id}`) ?? null
  }

  async many(kind: string, ids: readonly string[]): Promise<readonly Entry[]> {
    return (await Promise.all(ids.map((id) => this.get(kind, id)))).filter((one) => one !== null)
  }

  async list({ kind }: { readonly kind: string }): Promise<readonly Entry[]> {
    return [...this.entries.values()].filter((one) => one.kind === kind)
  }

  find(): Promise<readonly FoundEntry[]> {
    throw new Error('not needed here')
  }

  count(): Promise<number> {
    throw new Error('not needed here')
  }

  async commit({ entries = [], accountChanges = [], records = [] }: RegistryCommit): Promise<Committed> {
    for (const { account, ifVersion } of accountChanges) {
      if (ifVersion !== undefined && (await this.#accounts.get(account))?.credentialVersion !== ifVersion) throw new MailError('conflict')
    }
    for (const { kind, id, ifVersion } of entries) {
      if (ifVersion !== null && ifVersion !== (this.entries.get(`${kind} ${String(id)}`)?.version ?? 0)) throw new MailError('conflict')
    }
    const accounts = []
    for (const { account, change, ifVersion } of accountChanges) accounts.push(await this.#accounts.change(account, change, ifVersion))
    const versions = entries.map(({ kind, id, value }) => {
      const key = `${kind} ${String(id)}`
      const version = (this.entries.get(key)?.version ?? 0) + 1
      this.entries.set(key, { kind, id: String(id), version, value })
      return version
    })
    this.#records.push(...records)
    return { versions, accounts, agencies: [] }
  }
}
