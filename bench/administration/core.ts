/**
 * The process that is measured: core with its administration on the store that the settings name, as compose.ts puts it together,
 * but with a clock that is turned to the nights and without mail's own listeners and jobs. It does what {@link Steps} says, one
 * step after the other, and ends with the channel to its parent.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { createArgon2Passwords } from '../../src/adapters/argon2/passwords.ts'
import { createLocalBus } from '../../src/adapters/local/bus.ts'
import { systemClock } from '../../src/adapters/local/clock.ts'
import { createLocalCounters } from '../../src/adapters/local/counters.ts'
import { createKeyedDigest } from '../../src/adapters/local/keyed-digest.ts'
import { createSystemRandom } from '../../src/adapters/local/random.ts'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { ensureCertificate } from '../../src/adapters/tls/certificate.ts'
import { administrationOf, listenAdministration } from '../../src/compose-administration.ts'
import { openProvinceBodies } from '../../src/compose-bodies.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { createLifecycleNight, afterMidnightMs, type LifecycleNight } from '../../src/core/account/lifecycle-night.ts'
import { lifecycleKind, type LifecycleRecord } from '../../src/core/account/lifecycle-record.ts'
import { dayAfter, dayOfInstant, startOfDayMs, type Day } from '../../src/core/account/lifecycle/civil-day.ts'
import { callerAccount, type AccessContext } from '../../src/core/administration/access.ts'
import type { Actor } from '../../src/core/administration/actor.ts'
import type { Administration } from '../../src/core/administration/administration.ts'
import { entriesOf, put } from '../../src/core/administration/entries.ts'
import { scopes } from '../../src/core/administration/scopes.ts'
import { createMail, type MailSystem, type Ports } from '../../src/core/create-mail.ts'
import { verifyRecords } from '../../src/core/record/verify-records.ts'
import { createLog } from '../../src/lib/log.ts'
import { mailSettingsOf, placesOf, regulationOf, type Places } from '../../src/settings.ts'
import { mailDomain } from '../target.ts'
import { agencyRows } from './people.ts'
import type { Answered, Ask, Night, Steps } from './steps.ts'

const hostname = `mx.${mailDomain}`
/** A Monday without holidays near, after the regulation came into force. */
const begins = Temporal.Instant.from('2026-07-06T08:00+07:00').epochMilliseconds
const dayMs = 86_400_000
const password = 'Do-Luong#2026-nhanh'
const fault = (error: unknown): void => console.error(error)
const operator: Actor = { name: 'operator', role: 'operator', account: null, agency: null, via: 'command-line', order: '1/QĐ-SKHCN', remoteIp: null }

interface Core {
  readonly config: Config
  readonly places: Places
  readonly system: MailSystem
  readonly administration: Administration
  readonly context: AccessContext
  readonly night: LifecycleNight
  turnTo(instantMs: number): void
}

async function openCore(open: AsyncDisposableStack): Promise<Core> {
  const config = loadConfig({ env: process.env })
  const places = placesOf(config, process.cwd())
  for (const folder of [places.data, places.segments]) await mkdir(folder, { recursive: true, mode: 0o700 })
  let aheadMs = begins - Date.now()
  const clock = { ...systemClock, nowMs: () => Date.now() + aheadMs }
  const ports: Ports = {
    ...(await openStores(config, places, clock, open)),
    clock,
    bus: createLocalBus({ onError: fault }),
    random: createSystemRandom(),
    counters: createLocalCounters(clock),
    passwords: createArgon2Passwords(),
    digest: createKeyedDigest(),
    outbound: { hand: async () => ({ accepted: [], refused: [] }) },
  }
  const system = open.use(createMail(ports, { ...mailSettingsOf(config, hostname), sizes: regulationOf(config) }, { onFault: fault, onTrained: () => undefined }))
  const { administration, context } = await administrationOf({ config, places, hostname, ports, system })
  const night = createLifecycleNight(context, { flushActivity: () => system.activity.flush(), onFault: fault })
  return { config, places, system, administration, context, night, turnTo: (instantMs) => void (aheadMs = instantMs - Date.now()) }
}

async function openStores(config: Config, places: Places, clock: Ports['clock'], open: AsyncDisposableStack): Promise<Pick<Ports, 'store' | 'blobs'>> {
  if (config.store.kind === 'embedded') {
    return { store: open.use(await openSqliteStore({ directory: places.store, clock })), blobs: open.use(await openSegments({ directory: places.segments, clock })) }
  }
  const { mongo_url: url, database } = config.store
  const { openMongoStore } = await import('../../src/adapters/mongo/store.ts')
  return { store: open.use(await openMongoStore({ url, database, clock, node: 'bench' })), blobs: open.use(await openProvinceBodies(config, url, clock)) }
}

function stepsOf(core: Core, open: AsyncDisposableStack): Steps {
  const { config, places, system, administration, context } = core
  return {
    async load({ file }) {
      const { agencyActs, imports } = administration
      const [, agenciesMs] = await timed(() => agencyActs.importAll(operator, agencyRows()))
      const bytes = await readFile(file)
      const order = { agency: null, fileName: 'danh-sach.csv', bytes, options: { convertLegacy: false, confirmed: true } }
      const [id, previewMs] = await timed(async () => (await imports.preview(operator, order)).import.id)
      const [{ issued, faulty }, runMs] = await timed(() => imports.run(operator, id))
      return { agenciesMs, previewMs, runMs, issued, faulty }
    },

    async open() {
      await system.ensureFirstAdministrator()
      const owner = `so@${mailDomain}`
      const { account } = await system.mail.accounts.create({ address: owner, name: 'Sở Khoa học', role: 'super-administrator', password, active: true }, 'operator')
      const caller = { account: callerAccount(account), via: 'console', remoteIp: '127.0.0.1', stage: 'full', scopes: null, id: '' } as const
      const { token } = await administration.tokens.create(caller, { name: 'bench', scopes, days: 1 })
      const certificate = await ensureCertificate({ ...config.tls, directory: places.tls, names: [hostname], nowMs: Date.now() })
      const { admin } = open.use(await listenAdministration({ config, log: createLog('silent'), certificate, administration }))
      return { port: admin!, token, accounts: await peopleIds(context) }
    },

    async quietNight() {
      // After the day on which everybody was issued: nothing is due that early.
      return nightOf(core, dayAfter(dayOfInstant(begins)))
    },

    async busyNight({ oneIn }) {
      const day = await firstLock(core)
      await stagger(context, oneIn)
      return nightOf(core, day)
    },

    async verify() {
      const [{ records, break: broken }, ms] = await timed(() => verifyRecords(context, 'audit'))
      if (broken !== null) throw new Error(`the chain is broken: ${JSON.stringify(broken)}`)
      return { ms, records }
    },
  }
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const started = performance.now()
  const answer = await work()
  return [answer, performance.now() - started]
}

async function nightOf({ night, turnTo }: Core, day: Day): Promise<Night> {
  turnTo(startOfDayMs(day) + afterMidnightMs)
  const [done, ms] = await timed(() => night.runIfDue(AbortSignal.timeout(10 * 60_000)))
  if (done === null) throw new Error(`the night of ${day} is over already`)
  const acts = Object.values(done.acts).reduce((sum, count) => sum + count, 0)
  return { ms, accounts: done.accounts, acts, notices: done.notices, failed: done.failed }
}

const accountsAtOnce = 1_000

async function* peopleByPage({ store }: AccessContext): AsyncGenerator<readonly string[]> {
  for (let after: string | undefined; ; ) {
    const page = await store.accounts.list({ limit: accountsAtOnce, ...(after === undefined ? {} : { after }) })
    yield page.filter(({ kind, state }) => kind === 'person' && state === 'issued').map(({ id }) => id)
    if (page.length < accountsAtOnce) return
    after = page.at(-1)!.address
  }
}

async function peopleIds(context: AccessContext): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const page of peopleByPage(context)) ids.push(...page)
  return ids
}

/** The day on which those who were issued first are locked, unless they change their password (Điều 6.2d). */
async function firstLock({ administration, context }: Core): Promise<Day> {
  for await (const [id] of peopleByPage(context)) {
    if (id === undefined) continue
    const { coming } = await administration.lifecycle.get(operator, id)
    const lock = coming.find(({ kind }) => kind === 'lock')
    if (lock !== undefined) return lock.on
  }
  throw new Error('nobody is going to be locked')
}

/**
 * Temporary passwords are as old as in a province that has long been running: of `oneIn` people one is due on the day of the first
 * lock, in turn to be locked and to be warned seven days before it; the others were given theirs a month later.
 */
async function stagger(context: AccessContext, oneIn: number): Promise<void> {
  const { registry } = context.store
  let at = 0
  for await (const page of peopleByPage(context)) {
    const kept = await entriesOf(registry, lifecycleKind, page)
    const entries = kept.map(({ id, value, version }) => put(lifecycleKind, id, { ...value, temporaryPassword: givenAt(at++, oneIn) }, version))
    if (entries.length > 0) await registry.commit({ entries })
  }
}

function givenAt(at: number, oneIn: number): LifecycleRecord['temporaryPassword'] {
  const laterDays = at % oneIn !== 0 ? 30 : at % (2 * oneIn) === 0 ? 0 : 7
  return { setAtMs: begins + laterDays * dayMs, by: 'reset' }
}

async function main(): Promise<void> {
  await using open = new AsyncDisposableStack()
  const steps = stepsOf(await openCore(open), open)
  const say = (answered: Answered): void => void process.send!(answered)
  const ended = new Promise<void>((resolve) => process.once('disconnect', resolve))
  process.on('message', ({ step, order }: Ask) => {
    const run = steps[step] as (given: unknown) => Promise<unknown>
    run(order).then(
      (answer) => say({ kind: 'done', answer }),
      (error: unknown) => say({ kind: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  await ended
}

await main()
