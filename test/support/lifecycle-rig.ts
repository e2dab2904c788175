/**
 * The administration of accounts over a real store, with a clock that a test sets to a day and an hour in Vietnam, cheap passwords,
 * and notices that are kept for looking at.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalBus } from '../../src/adapters/local/bus.ts'
import { createLocalCounters } from '../../src/adapters/local/counters.ts'
import { createKeyedDigest } from '../../src/adapters/local/keyed-digest.ts'
import { createSystemRandom } from '../../src/adapters/local/random.ts'
import { createSecrets } from '../../src/adapters/local/secrets.ts'
import { createSheets } from '../../src/adapters/sheets/sheets.ts'
import { loadRegulation } from '../../src/config/regulation.ts'
import type { Account, Role } from '../../src/core/account/account.ts'
import { createCredentials } from '../../src/core/account/credentials.ts'
import { defaultMailboxes } from '../../src/core/account/default-mailboxes.ts'
import { startOfDayMs, type Day } from '../../src/core/account/lifecycle/civil-day.ts'
import { createLifecycleAdministration } from '../../src/core/account/lifecycle-administration.ts'
import { createLifecycleNight, type LifecycleNight } from '../../src/core/account/lifecycle-night.ts'
import { createLifecyclePreview } from '../../src/core/account/lifecycle-preview.ts'
import { issuedLifecycle, lifecycleKind } from '../../src/core/account/lifecycle-record.ts'
import { personKind, type Person } from '../../src/core/account/person.ts'
import { createAuthorise, type Actor } from '../../src/core/administration/actor.ts'
import { createCalendarAdministration, createTermsReader } from '../../src/core/administration/calendar.ts'
import type { AdministrationContext, SystemNotice } from '../../src/core/administration/context.ts'
import { put } from '../../src/core/administration/entries.ts'
import { createMail, type MailSystem } from '../../src/core/create-mail.ts'
import { deliverySettings } from '../../src/core/delivery/settings.ts'
import type { Blobs } from '../../src/core/ports/blobs.ts'
import type { Store } from '../../src/core/ports/store.ts'
import type { Clock, Passwords } from '../../src/core/ports/world.ts'
import type { StoredRecord } from '../../src/core/record/record.ts'
import { createCaseAdministration } from '../../src/core/request/case-administration.ts'
import type { OfficialDocument } from '../../src/core/request/document.ts'
import { openEmbedded } from '../contract/stores.ts'
import { createRequestAdministration } from '../../src/core/request/request-administration.ts'
import { recomputeOpenRequests } from '../../src/core/request/request-notices.ts'

export const province = 'gialai.gov.vn'
export const webUrl = `https://mail.${province}`
export const goodPassword = 'Sang-Xuan#2027'

/** Stands still but when it is set; whoever sleeps sleeps until the end. */
export class SetClock implements Clock {
  #nowMs: number

  constructor(day: Day, hour: number) {
    this.#nowMs = startOfDayMs(day) + hour * 3_600_000
  }

  nowMs(): number {
    return this.#nowMs
  }

  set(day: Day, hour: number): void {
    this.#nowMs = startOfDayMs(day) + hour * 3_600_000
  }

  turn(ms: number): void {
    this.#nowMs += ms
  }

  sleep(_ms: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) resolve(false)
      signal?.addEventListener('abort', () => resolve(false), { once: true })
    })
  }
}

const cheapPasswords: Passwords = {
  hashRandom: (password) => cheapPasswords.hash(password),
  hash: async (password) => `cheap:${createHash('sha256').update(password).digest('hex')}`,
  verify: async (hash, password) => hash === `cheap:${createHash('sha256').update(password).digest('hex')}`,
}

export interface SentNotice extends SystemNotice {
  readonly atMs: number
}

export interface LifecycleRigPlace {
  readonly clock: SetClock
  readonly store: Store
  readonly blobs: Blobs
}

export class LifecycleRig implements AsyncDisposable {
  readonly clock: SetClock
  readonly store: Store
  readonly context: AdministrationContext
  readonly system: MailSystem
  readonly lifecycle: ReturnType<typeof createLifecycleAdministration>
  readonly requests: ReturnType<typeof createRequestAdministration>
  readonly cases: ReturnType<typeof createCaseAdministration>
  readonly calendar: ReturnType<typeof createCalendarAdministration>
  readonly preview: ReturnType<typeof createLifecyclePreview>
  readonly night: LifecycleNight
  readonly notices: SentNotice[] = []
  readonly bells: string[] = []
  /** Bugs that nobody waits for. */
  readonly faults: unknown[] = []
  /** Thrown by the next notices, when it is set. */
  notifyFault: Error | null = null
  readonly #sent = new Set<string>()
  readonly #agencies = new Map<string, string>()

  constructor({ clock, store, blobs }: LifecycleRigPlace) {
    this.clock = clock
    this.store = store
    const regulation = loadRegulation()
    const counters = createLocalCounters(clock)
    const random = createSystemRandom()
    const local = createLocalBus({ onError: assert.ifError })
    const bus = { ...local, ring: (bell: Parameters<typeof local.ring>[0]) => (this.bells.push(bell.account), local.ring(bell)) }
    const digest = createKeyedDigest()
    const credentials = createCredentials({ accounts: store.accounts, clock, counters, passwords: cheapPasswords, digest }, { loginDomain: null })
    const append = (records: Parameters<Store['records']['append']>[0]): Promise<void> => store.records.append(records)
    this.context = {
      store,
      blobs,
      clock,
      random,
      counters,
      passwords: cheapPasswords,
      credentials,
      secrets: createSecrets('a key for tests that is long enough to be one'),
      sheets: createSheets(),
      bus,
      settings: { provinceDomain: province, webUrl, regulation },
      authorise: createAuthorise({ append, nowMs: () => clock.nowMs() }),
      terms: createTermsReader(store),
      notify: async (notice) => this.#notify(notice),
    }
    const onFault = (error: unknown): void => void this.faults.push(error)
    this.system = createMail(
      { store, blobs, bus, clock, random, counters, passwords: cheapPasswords, digest, outbound: { hand: async () => ({ accepted: [], refused: [] }) } },
      {
        provinceDomain: province,
        allowActiveAccounts: false,
        defaultQuotaBytes: 1_000_000_000,
        passwordHistory: { individuals: 5, administrators: 10 },
        loginDomain: null,
        webUrl,
        maxRemembered: 10_000,
        maxMailboxesPerAccount: 100,
        maxMessageBytes: 1_000_000,
        delivery: deliverySettings({ hostname: `mail.${province}`, mainDomain: province }),
      },
      { onFault },
    )
    this.lifecycle = createLifecycleAdministration(this.context)
    this.requests = createRequestAdministration(this.context)
    this.cases = createCaseAdministration(this.context)
    this.calendar = createCalendarAdministration(this.context, () => recomputeOpenRequests(this.context))
    this.preview = createLifecyclePreview(this.context)
    this.night = createLifecycleNight(this.context, { flushActivity: () => this.system.activity.flush(), onFault })
  }

  async #notify(notice: SystemNotice): Promise<'committed' | 'duplicate'> {
    if (this.notifyFault !== null) throw this.notifyFault
    if (this.#sent.has(notice.transaction)) return 'duplicate'
    this.#sent.add(notice.transaction)
    this.notices.push({ ...notice, atMs: this.clock.nowMs() })
    return 'committed'
  }

  async agency(label: string): Promise<string> {
    const known = this.#agencies.get(label)
    if (known !== undefined) return known
    const { id } = await this.store.agencies.create({ label, name: label, domains: [`${label}.${province}`], createdAtMs: this.clock.nowMs() })
    this.#agencies.set(label, id)
    return id
  }

  /** Issued now, all in one commit, each with the temporary password {@link temporaryOf} it. */
  async issue(locals: readonly { readonly local: string; readonly role?: Role; readonly secondChannel?: string }[], label = 'skhcn'): Promise<readonly Account[]> {
    const agency = await this.agency(label)
    const nowMs = this.clock.nowMs()
    const newAccounts = await Promise.all(
      locals.map(async ({ local, role = 'individual' }) => ({
        agency,
        address: `${local}@${label}.${province}`,
        name: `Cán bộ ${local}`,
        kind: 'person' as const,
        role,
        state: 'issued' as const,
        quotaBytes: 1_000_000_000,
        passwordHash: await cheapPasswords.hash(temporaryOf(local)),
        createdAtMs: nowMs,
        mailboxes: defaultMailboxes,
      })),
    )
    const entries = locals.flatMap(({ secondChannel }, newAccount) => [
      put(lifecycleKind, { newAccount }, issuedLifecycle(nowMs), 0),
      ...(secondChannel === undefined ? [] : [put(personKind, { newAccount }, { ...personOf(agency, newAccounts[newAccount]!), contact: { email: secondChannel, phone: null } }, 0)]),
    ])
    return (await this.store.registry.commit({ newAccounts, entries })).accounts
  }

  /** The night of the day, at 00:01. */
  async runNight(day: Day): Promise<Awaited<ReturnType<LifecycleNight['runIfDue']>>> {
    this.clock.set(day, 1 / 60)
    return this.night.runIfDue(new AbortController().signal)
  }

  async account(local: string, label = 'skhcn'): Promise<Account> {
    const found = await this.store.accounts.byAddress(`${local}@${label}.${province}`)
    assert.ok(found, local)
    return found
  }

  async audit(after = 0): Promise<readonly StoredRecord[]> {
    const all: StoredRecord[] = []
    for (let seq = after; ; seq = all.at(-1)!.seq) {
      const page = await this.store.records.read({ kind: 'audit', after: seq, limit: 1_000 })
      all.push(...page)
      if (page.length < 1_000) return all
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.system[Symbol.asyncDispose]()
  }
}

function personOf(agency: string, { address, name }: { readonly address: string; readonly name: string }): Person {
  const [family, middle, given] = [name.split(' ').slice(0, 1), [], name.split(' ').slice(1)]
  return {
    agency,
    kind: 'person',
    address,
    name: { full: name, family, middle, given },
    origin: null,
    unit: null,
    post: null,
    contact: { email: null, phone: null },
    hidden: false,
    quotaClass: 'staff',
    quotaBytes: null,
    maxAttachmentBytes: null,
    rule: '4.2a',
    import: null,
    listed: true,
  }
}

export const temporaryOf = (local: string): string => `Tam-Thoi#${local}-2026`

export function actor(role: Actor['role'], given: Partial<Actor> = {}): Actor {
  return { name: role, role, account: null, agency: null, via: 'console', order: null, remoteIp: null, ...given }
}

export function paper(number: string, date: Day, bytes: Uint8Array = Buffer.from(`%PDF ${number}`)): { readonly document: OfficialDocument; readonly bytes: Uint8Array } {
  return { bytes, document: { number, date, file: { name: 'cong-van.pdf', sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length } } }
}

/** On a fresh embedded store, in memory where the machine has such a folder. `wrap` stands between the rig and its store. */
export async function openLifecycleRig(day: Day, hour = 9.5, wrap: (store: Store) => Store = (store) => store): Promise<LifecycleRig> {
  const directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'congvu-lifecycle-'))
  await using opening = new AsyncDisposableStack()
  opening.defer(() => rm(directory, { recursive: true, force: true }))
  const clock = new SetClock(day, hour)
  const { store, blobs } = opening.use(await openEmbedded(directory, clock))
  const rig = new LifecycleRig({ clock, store: wrap(store), blobs })
  const { system } = rig
  opening.use(system)
  const kept = opening.move()
  return Object.assign(rig, { [Symbol.asyncDispose]: () => kept.disposeAsync() })
}
