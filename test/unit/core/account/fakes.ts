/** The world of accounts in memory: clock that is turned by hand, cheap passwords, a store of accounts and agencies. */
import { createLocalCounters } from '../../../../src/adapters/local/counters.ts'
import { createKeyedDigest } from '../../../../src/adapters/local/keyed-digest.ts'
import { createSystemRandom } from '../../../../src/adapters/local/random.ts'
import type { Account, Address } from '../../../../src/core/account/account.ts'
import type { AccountsPorts, AccountsSettings } from '../../../../src/core/account/account-ports.ts'
import { createAccounts } from '../../../../src/core/account/accounts.ts'
import { createSignIn } from '../../../../src/core/account/authenticate.ts'
import { createCredentials } from '../../../../src/core/account/credentials.ts'
import { createAgencies } from '../../../../src/core/agency/agencies.ts'
import type { Agency } from '../../../../src/core/agency/agency.ts'
import { MailError } from '../../../../src/core/errors.ts'
import type { SignInAttempt } from '../../../../src/core/mail.ts'
import type { AccountStore, AgencyStore } from '../../../../src/core/ports/store.ts'
import type { Bus, Clock, Passwords } from '../../../../src/core/ports/world.ts'
import { createAudit } from '../../../../src/core/record/audit.ts'
import type { NewRecord } from '../../../../src/core/record/record.ts'
import { MemoryRegistry } from './memory-registry.ts'

export class HandClock implements Clock {
  now = Date.UTC(2026, 5, 1, 1)
  readonly sleepers: { readonly until: number; readonly wake: (whole: boolean) => void }[] = []

  nowMs(): number {
    return this.now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false)
    return new Promise((wake) => {
      this.sleepers.push({ until: this.now + ms, wake })
      signal?.addEventListener('abort', () => wake(false), { once: true })
    })
  }

  /** Wakes those whose time has come, then lets all that follows from it happen. */
  async turn(ms: number): Promise<void> {
    await settled()
    this.now += ms
    for (const sleeper of this.sleepers.splice(0)) {
      if (sleeper.until <= this.now) sleeper.wake(true)
      else this.sleepers.push(sleeper)
    }
    await settled()
  }

  /** How long each sleeper still sleeps, ascending. */
  get left(): readonly number[] {
    return this.sleepers.map(({ until }) => until - this.now).sort((a, b) => a - b)
  }
}

/** Every promise that can settle without the clock or the outside has settled. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve))
}

export class FakePasswords implements Passwords {
  verified = 0
  readonly hashes: string[] = []

  async hash(password: string): Promise<string> {
    const hash = `fake:${Buffer.from(password).toString('hex')}`
    this.hashes.push(hash)
    return hash
  }

  hashRandom(password: string): Promise<string> {
    return this.hash(password)
  }

  async verify(hash: string, password: string): Promise<boolean> {
    this.verified++
    return hash === `fake:${Buffer.from(password).toString('hex')}`
  }
}

export class MemoryAgencies implements AgencyStore {
  readonly rows: Agency[] = []

  async create(agency: Omit<Agency, 'id'>): Promise<Agency> {
    const taken = this.rows.some(({ label, domains }) => label === agency.label || domains.some((one) => agency.domains.includes(one)))
    if (taken) throw new MailError('agency-taken')
    const row = { ...agency, id: `agency-${this.rows.length + 1}` }
    this.rows.push(row)
    return row
  }

  async get(id: string): Promise<Agency | null> {
    return this.rows.find((row) => row.id === id) ?? null
  }

  async byLabel(label: string): Promise<Agency | null> {
    return this.rows.find((row) => row.label === label) ?? null
  }

  async byDomain(domain: string): Promise<Agency | null> {
    return this.rows.find((row) => row.domains.includes(domain)) ?? null
  }

  async addDomain(): Promise<Agency> {
    throw new Error('not needed here')
  }

  async *list(): AsyncGenerator<Agency> {
    yield* [...this.rows].sort((a, b) => (a.label < b.label ? -1 : 1))
  }
}

export class MemoryAccounts implements AccountStore {
  readonly rows = new Map<string, Account>()
  readonly aliases = new Map<string, string>()
  readonly mailboxes = new Map<string, readonly string[]>()

  async create({ mailboxes, ...account }: Parameters<AccountStore['create']>[0]): Promise<Account> {
    if (this.#behind(account.address) !== undefined) throw new MailError('address-taken')
    const id = `account-${this.rows.size + 1}`
    const row: Account = { ...account, id, lockClause: null, usedBytes: 0, credentialVersion: 1, modseq: 1 }
    this.rows.set(id, row)
    this.mailboxes.set(id, mailboxes.map(({ name }) => name))
    return row
  }

  async get(id: string): Promise<Account | null> {
    return this.rows.get(id) ?? null
  }

  async byAddress(address: string): Promise<Account | null> {
    return this.#behind(address) ?? null
  }

  async holders(addresses: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return new Map(addresses.flatMap((address) => (this.#behind(address) === undefined ? [] : [[address, this.#behind(address)!.id] as const])))
  }

  #behind(address: string): Account | undefined {
    const id = this.aliases.get(address)
    return id === undefined ? [...this.rows.values()].find((row) => row.address === address) : this.rows.get(id)
  }

  async byLocalPart(localPart: string, limit: number): Promise<readonly Account[]> {
    return [...this.rows.values()].filter(({ address }) => address.startsWith(`${localPart}@`)).slice(0, limit)
  }

  async change(id: string, change: Parameters<AccountStore['change']>[1], ifVersion?: number): Promise<Account> {
    const row = this.rows.get(id)
    if (row === undefined) throw new MailError('account-unknown')
    if (ifVersion !== undefined && ifVersion !== row.credentialVersion) throw new MailError('conflict')
    const differs = (['state', 'role', 'passwordHash'] as const).some((field) => change[field] !== undefined && change[field] !== row[field])
    const after = { ...row, ...change, credentialVersion: row.credentialVersion + (differs ? 1 : 0) }
    this.rows.set(id, after)
    return after
  }

  async addresses(id: string): Promise<readonly Address[]> {
    const row = this.rows.get(id)
    const aliases = [...this.aliases].filter(([, account]) => account === id).map(([address]) => ({ address, account: id, primary: false }))
    return row === undefined ? [] : [{ address: row.address, account: id, primary: true }, ...aliases]
  }

  async addAlias(id: string, address: string): Promise<void> {
    if ((await this.byAddress(address)) !== null) throw new MailError('address-taken')
    this.aliases.set(address, id)
  }

  async removeAlias(_id: string, address: string): Promise<void> {
    this.aliases.delete(address)
  }

  async list(query: Parameters<AccountStore['list']>[0]): Promise<readonly Account[]> {
    return [...this.rows.values()]
      .filter(({ agency, role, address }) => (query.agency ?? agency) === agency && (query.role ?? role) === role && address > (query.after ?? ''))
      .sort((a, b) => (a.address < b.address ? -1 : 1))
      .slice(0, query.limit)
  }

  async count(): Promise<number> {
    return this.rows.size
  }
}

export const accountSettings: AccountsSettings & { readonly loginDomain: string | null } = {
  provinceDomain: 'gialai.gov.vn',
  allowActiveAccounts: true,
  defaultQuotaBytes: 2_000_000_000,
  passwordHistory: { individuals: 5, administrators: 10 },
  loginDomain: null,
}

export const goodPassword = 'Sang-Xuan#2027'
export const otherPassword = 'Mua-He%2028xanh'

/** Two agencies, no accounts. */
export async function world(changed: Partial<typeof accountSettings> = {}) {
  const settings = { ...accountSettings, ...changed }
  const clock = new HandClock()
  const passwords = new FakePasswords()
  const agencies = new MemoryAgencies()
  const accounts = new MemoryAccounts()
  const records: NewRecord[] = []
  const bells: string[] = []
  const bus: Pick<Bus, 'ring'> = { ring: ({ account }) => void bells.push(account) }
  const stopping = new AbortController()
  const counters = createLocalCounters(clock)
  const credentials = createCredentials(
    { accounts, clock, counters, passwords, digest: createKeyedDigest(), stopping: stopping.signal },
    { loginDomain: settings.loginDomain },
  )
  const audit = createAudit({ records: { append: async (more) => void records.push(...more) }, clock })
  const registry = new MemoryRegistry(accounts, records)
  const uses: string[] = []
  const ports: AccountsPorts = { accounts, registry, agencies, clock, audit, passwords, random: createSystemRandom(), credentials, bus }
  const signIn = createSignIn({ accounts, agencies, clock, counters, credentials, records: { add: (record) => void records.push(record) }, activity: { signedIn: (account) => void uses.push(account) }, delegations: { find: async () => null, opened: async () => undefined } })
  const agencyActs = createAgencies(ports, settings)
  await agencyActs.create({ label: 'skhcn', name: 'Sở Khoa học và Công nghệ' }, 'operator')
  await agencyActs.create({ label: 'dakpo', name: 'Xã Đak Pơ' }, 'operator')
  records.length = 0
  return { settings, clock, passwords, agencies, accounts, registry, records, bells, uses, stopping, ports, signIn, agencyActs, acts: createAccounts(ports, settings) }
}

/** From a TLS connection of 192.0.2.1. */
export function attempt(user: string, password: string, changed: Partial<SignInAttempt> = {}): SignInAttempt {
  return { user, password, protocol: 'imap', remoteIp: '192.0.2.1', secure: true, ...changed }
}

export function refusal(code: string): (error: unknown) => boolean {
  return (error) => error instanceof MailError && error.code === code
}
