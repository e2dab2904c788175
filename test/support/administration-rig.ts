/** The administration on a fresh embedded store, with a clock that the test turns and passwords that cost nothing. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalCounters } from '../../src/adapters/local/counters.ts'
import { createSecrets } from '../../src/adapters/local/secrets.ts'
import { createSystemRandom } from '../../src/adapters/local/random.ts'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { createSheets } from '../../src/adapters/sheets/sheets.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { loadRegulation } from '../../src/config/regulation.ts'
import { createCredentials } from '../../src/core/account/credentials.ts'
import { createTermsReader } from '../../src/core/administration/calendar.ts'
import { createAuthorise, type Actor } from '../../src/core/administration/actor.ts'
import type { AdministrationContext, SystemNotice } from '../../src/core/administration/context.ts'
import type { ActingRole } from '../../src/core/account/lifecycle/roles.ts'
import type { Agency } from '../../src/core/agency/agency.ts'
import type { Store } from '../../src/core/ports/store.ts'
import type { Bell } from '../../src/core/change.ts'
import type { Passwords } from '../../src/core/ports/world.ts'

export interface AdministrationRig extends AsyncDisposable {
  readonly context: AdministrationContext
  readonly store: Store
  readonly notices: SystemNotice[]
  readonly bells: Bell[]
  /** To this instant, e.g. `2026-05-10T08:00+07:00`. */
  turnTo(instant: string): void
  turn(ms: number): void
  agency(label: string, name?: string): Promise<Agency>
  actor(role: ActingRole, given?: Partial<Actor>): Actor
}

export const provinceDomain = 'gialai.gov.vn'

const plainPasswords: Passwords = {
  hash: async (text) => `$plain$${text}`,
  hashRandom: async (text) => `$plain$${text}`,
  verify: async (hash, text) => hash === `$plain$${text}`,
}

export async function openAdministrationRig(given: { readonly startAt?: string } = {}): Promise<AdministrationRig> {
  const directory = await mkdtemp(join(tmpdir(), 'congvu-administration-'))
  await using opening = new AsyncDisposableStack()
  opening.defer(() => rm(directory, { recursive: true, force: true }))
  let nowMs = Temporal.Instant.from(given.startAt ?? '2026-05-11T08:00+07:00').epochMilliseconds
  const clock = { nowMs: () => nowMs, sleep: async (_ms: number, signal?: AbortSignal) => signal?.aborted !== true }
  const store = opening.use(await openSqliteStore({ directory, clock, readers: 1 }))
  const blobs = opening.use(await openSegments({ directory: join(directory, 'segments'), clock }))
  const notices: SystemNotice[] = []
  const bells: Bell[] = []
  const sent = new Set<string>()
  const counters = createLocalCounters(clock)
  const regulation = loadRegulation()
  const terms = createTermsReader(store)
  const context: AdministrationContext = {
    store,
    blobs,
    clock,
    random: createSystemRandom(),
    counters,
    passwords: plainPasswords,
    credentials: createCredentials(
      { accounts: store.accounts, clock, counters, passwords: plainPasswords, digest: { of: (text) => text } },
      { loginDomain: null },
    ),
    secrets: createSecrets('a key for tests that is long enough to be one'),
    sheets: createSheets(),
    bus: { ring: (bell) => void bells.push(bell), listen: () => () => undefined },
    settings: { provinceDomain, webUrl: `https://mail.${provinceDomain}`, regulation },
    authorise: createAuthorise({ append: (records) => store.records.append(records), nowMs: () => nowMs }),
    terms,
    async notify(notice) {
      if (sent.has(notice.transaction)) return 'duplicate'
      sent.add(notice.transaction)
      notices.push(notice)
      return 'committed'
    },
  }
  const kept = opening.move()
  return {
    context,
    store,
    notices,
    bells,
    turnTo: (instant) => void (nowMs = Temporal.Instant.from(instant).epochMilliseconds),
    turn: (ms) => void (nowMs += ms),
    agency: (label, name = `Cơ quan ${label}`) => store.agencies.create({ label, name, domains: [`${label}.${provinceDomain}`], createdAtMs: nowMs }),
    actor: (role, more = {}) => ({ name: role, role, account: null, agency: null, via: 'console', order: null, remoteIp: null, ...more }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
