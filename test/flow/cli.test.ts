/** The command line against a running core: real store, real passwords, the private socket, and the program itself. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdir, readFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { createArgon2Passwords, defaultArgon2Settings } from '../../src/adapters/argon2/passwords.ts'
import { createLocalBus } from '../../src/adapters/local/bus.ts'
import { systemClock } from '../../src/adapters/local/clock.ts'
import { createLocalCounters } from '../../src/adapters/local/counters.ts'
import { createKeyedDigest } from '../../src/adapters/local/keyed-digest.ts'
import { createSystemRandom } from '../../src/adapters/local/random.ts'
import { createSecrets } from '../../src/adapters/local/secrets.ts'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { createSheets } from '../../src/adapters/sheets/sheets.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { runCli } from '../../src/cli/cli.ts'
import { loadRegulation } from '../../src/config/regulation.ts'
import { noActivity } from '../../src/core/account/activity-keeper.ts'
import { createAccounts } from '../../src/core/account/accounts.ts'
import type { AccountsPorts, AccountsSettings } from '../../src/core/account/account-ports.ts'
import { createSignIn } from '../../src/core/account/authenticate.ts'
import { createCredentials } from '../../src/core/account/credentials.ts'
import { createDelegations } from '../../src/core/account/delegation.ts'
import { ensureFirstAdministrator, type FirstAdministrator } from '../../src/core/account/first-administrator.ts'
import { createLifecycleAdministration } from '../../src/core/account/lifecycle-administration.ts'
import { createLifecyclePreview } from '../../src/core/account/lifecycle-preview.ts'
import { createAuthorise } from '../../src/core/administration/actor.ts'
import type { Administration } from '../../src/core/administration/administration.ts'
import { createCalendarAdministration, createTermsReader } from '../../src/core/administration/calendar.ts'
import type { AdministrationContext } from '../../src/core/administration/context.ts'
import { createAgencies } from '../../src/core/agency/agencies.ts'
import { isMailError } from '../../src/core/errors.ts'
import type { Mail, SignedIn } from '../../src/core/mail.ts'
import type { Store } from '../../src/core/ports/store.ts'
import { createAudit } from '../../src/core/record/audit.ts'
import { createRecordQueue } from '../../src/core/record/record-queue.ts'
import type { StoredRecord } from '../../src/core/record/record.ts'
import { createRequestAdministration, type RequestAdministration } from '../../src/core/request/request-administration.ts'
import { actor, paper } from '../support/lifecycle-rig.ts'
import { listenControl } from '../../src/protocols/control/server.ts'

const settings: AccountsSettings = { provinceDomain: 'gialai.gov.vn', allowActiveAccounts: true, defaultQuotaBytes: 1_000_000, passwordHistory: { individuals: 5, administrators: 10 } }
const secret = 'Sang-Xuan#2027'
const program = resolve(import.meta.dirname, '../../bin/congvu.mjs')

interface Running extends AsyncDisposable {
  readonly store: Store
  readonly mail: Pick<Mail, 'accounts' | 'signIn'>
  readonly requests: RequestAdministration
  readonly first: FirstAdministrator | null
  readonly logged: unknown[]
}

/** Accounts, agencies and the private socket over the embedded store in `data`. */
async function start(data: string): Promise<Running> {
  const open = new AsyncDisposableStack()
  const store = open.use(await openSqliteStore({ directory: join(data, 'store'), clock: systemClock }))
  const counters = createLocalCounters(systemClock)
  const passwords = createArgon2Passwords({ ...defaultArgon2Settings, memoryKiB: 1024 })
  const ports = { accounts: store.accounts, registry: store.registry, agencies: store.agencies, clock: systemClock, counters, passwords }
  const credentials = createCredentials({ ...ports, digest: createKeyedDigest() }, { loginDomain: settings.provinceDomain })
  const audit = createAudit({ records: store.records, clock: systemClock })
  const bus = createLocalBus({ onError: assert.ifError })
  const accountPorts: AccountsPorts = { ...ports, audit, credentials, random: createSystemRandom(), bus }
  const logged: unknown[] = []
  const records = open.use(createRecordQueue({ records: store.records, clock: systemClock, onError: (error) => void logged.push(error) }))
  const mail = {
    accounts: createAccounts(accountPorts, settings),
    agencies: createAgencies(accountPorts, settings),
    signIn: createSignIn({ ...ports, credentials, records, activity: noActivity, delegations: createDelegations({ store, clock: systemClock }) }),
  }
  const blobs = open.use(await openSegments({ directory: join(data, 'segments'), clock: systemClock }))
  const context: AdministrationContext = {
    ...ports,
    store,
    blobs,
    credentials,
    bus,
    random: createSystemRandom(),
    secrets: createSecrets('a key for tests that is long enough to be one'),
    sheets: createSheets(),
    settings: { provinceDomain: settings.provinceDomain, webUrl: 'https://mail.gialai.gov.vn', regulation: loadRegulation() },
    authorise: createAuthorise({ append: (more) => store.records.append(more), nowMs: () => systemClock.nowMs() }),
    terms: createTermsReader(store),
    notify: async () => 'committed',
  }
  const requests = createRequestAdministration(context)
  const administration = {
    lifecycle: { ...createLifecycleAdministration(context), ...createLifecyclePreview(context) },
    requests,
    calendar: createCalendarAdministration(context, async () => 0),
  } as unknown as Administration
  const first = await ensureFirstAdministrator({ ...accountPorts, settings: store }, settings)
  const log = { warn: (fields: unknown) => void logged.push(fields), error: (fields: unknown) => void logged.push(fields) }
  open.use(await listenControl({ path: join(data, 'run', 'control.sock'), mail: mail as unknown as Mail, administration, actor: 'operator', log }))
  return { store, mail, requests, first, logged, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

let data: string
let running: Running
before(async () => {
  data = await mkdtemp(join(tmpdir(), 'congvu-cli-flow-'))
  running = await start(data)
})
after(async () => {
  await running[Symbol.asyncDispose]()
  await rm(data, { recursive: true })
})

interface Outcome {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

async function congvu(argv: readonly string[], typed = ''): Promise<Outcome> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const answer = Promise.all([text(stdout), text(stderr)])
  const io = { socketPath: join(data, 'run', 'control.sock'), stdin: Readable.from(typed === '' ? [] : [Buffer.from(typed)]), stdout, stderr, env: {} }
  const exitCode = await runCli(argv, io)
  stdout.end()
  stderr.end()
  const [out, err] = await answer
  return { exitCode, stdout: out, stderr: err }
}

/** `bin/congvu.mjs` as a process of its own. */
async function programmed(argv: readonly string[], typed = '', environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const env = { PATH: process.env['PATH'], CONGVU_SERVER__DATA_DIRECTORY: data, ...environment }
  const child = spawn(program, argv, { env, cwd: data })
  child.stdin.end(typed)
  const exit = new Promise<number | null>((settle) => child.on('close', settle))
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { exitCode, stdout, stderr }
}

function signIn(user: string, password: string): Promise<SignedIn> {
  return running.mail.signIn.authenticate({ user, password, protocol: 'imap', remoteIp: '192.0.2.1', secure: true })
}

const code = (refused: Promise<unknown>): Promise<string> => refused.then(() => 'done', (error: unknown) => (isMailError(error) ? error.code : 'bug'))

async function records(kind: StoredRecord['kind']): Promise<readonly StoredRecord[]> {
  return running.store.records.read({ kind, limit: 1_000 })
}

describe('congvu, step by step', () => {
  it('the first administrator changes the printed password, and nobody is made twice', async () => {
    const first = running.first
    assert.equal(first?.address, 'quantri@gialai.gov.vn')
    const temporary = first?.temporaryPassword ?? ''
    assert.equal(await code(signIn('quantri', temporary)), 'password-change-required')
    const changed = await congvu(['account', 'change-password', 'quantri@gialai.gov.vn'], `${temporary}\n${secret}\n`)
    assert.deepEqual(changed, { exitCode: 0, stdout: '', stderr: '' })
    assert.equal((await signIn('quantri', secret)).role, 'super-administrator')
    await running[Symbol.asyncDispose]()
    running = await start(data)
    assert.equal(running.first, null)
    assert.equal((await signIn('quantri', secret)).address, 'quantri@gialai.gov.vn')
  })

  it('agencies', async () => {
    assert.deepEqual(await congvu(['agency', 'create', 'skhcn', '--name', 'Sở Khoa học và Công nghệ']), {
      exitCode: 0,
      stdout: 'skhcn.gialai.gov.vn\tskhcn\tSở Khoa học và Công nghệ\n',
      stderr: '',
    })
    const again = await congvu(['agency', 'create', 'skhcn', '--name', 'Sở khác'])
    assert.deepEqual([again.exitCode, again.stdout], [1, ''])
    assert.match(again.stderr, /^Tên miền .*đã được dùng.*\nThe agency .*already in use/)
    const listed = JSON.parse((await congvu(['agency', 'list', '--json'])).stdout) as { label: string }[]
    assert.deepEqual(listed.map(({ label }) => label), ['', 'skhcn'])
  })

  it('a person gets a temporary password and changes it', async () => {
    const made = await congvu(['account', 'create', 'Lan@skhcn.gialai.gov.vn', '--name', 'Hoàng Thị Lan'])
    const [address, temporary = ''] = made.stdout.trim().split('\t')
    assert.deepEqual([made.exitCode, address], [0, 'lan@skhcn.gialai.gov.vn'])
    assert.equal(await code(signIn('lan@skhcn.gialai.gov.vn', temporary)), 'password-change-required')
    assert.equal((await congvu(['account', 'change-password', 'lan@skhcn.gialai.gov.vn'], `${temporary}\n${secret}\n`)).exitCode, 0)
    assert.equal((await signIn('lan', secret)).name, 'Hoàng Thị Lan')
    const weak = await congvu(['account', 'change-password', 'lan@skhcn.gialai.gov.vn', '--json'], `${secret}\nshort\n`)
    assert.deepEqual([weak.exitCode, JSON.parse(weak.stderr).error.code, JSON.parse(weak.stderr).error.detail.faults], [1, 'password-invalid', 'length upper digit special'])
  })

  it('a test mailbox of any domain, active at once', async () => {
    const made = await congvu(['account', 'create', 'u0@bench.test', '--password-stdin', '--active', '--free-form', '--json'], 'pw\n')
    assert.deepEqual([made.exitCode, JSON.parse(made.stdout).account.state, JSON.parse(made.stdout).temporaryPassword], [0, 'active', null])
    assert.equal((await signIn('u0@bench.test', 'pw')).address, 'u0@bench.test')
  })

  it('of ten that create one address at the same moment, one gets it', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => congvu(['account', 'create', 'hungnv@skhcn.gialai.gov.vn', '--json'])))
    assert.deepEqual(all.map(({ exitCode }) => exitCode).sort(), [0, ...Array<number>(9).fill(1)])
    for (const { exitCode, stderr } of all) if (exitCode === 1) assert.equal(JSON.parse(stderr).error.code, 'address-taken')
    const found = await congvu(['account', 'list', '--agency', 'skhcn'])
    assert.equal(found.stdout, 'hungnv@skhcn.gialai.gov.vn\tissued\tindividual\t0\thungnv\nlan@skhcn.gialai.gov.vn\tactive\tindividual\t0\tHoàng Thị Lan\n')
    const created = (await records('audit')).filter(({ action, subject }) => action === 'account.create' && subject === 'hungnv@skhcn.gialai.gov.vn')
    assert.equal(created.length, 1)
  })

  it('a lock ends sessions and remembered sign-ins at once', async () => {
    const session = await signIn('lan', secret)
    assert.equal(await running.mail.signIn.stillValid(session), true)
    const lock = ['account', 'lock', 'lan@skhcn.gialai.gov.vn', '--clause']
    const refusedLock = async (...more: readonly string[]): Promise<string> => JSON.parse((await congvu([...lock, ...more, '--json'])).stderr).error.detail.reason
    assert.deepEqual([await refusedLock('6.2b'), await refusedLock('6.2c'), await refusedLock('6.2a'), await refusedLock('manual')], ['ground-missing', 'case-missing', 'role', 'reason-missing'])
    assert.equal((await congvu([...lock, '6.2b', '--ground', 'hijacked'])).stdout, 'lan@skhcn.gialai.gov.vn\tlocked\n')
    assert.equal(await running.mail.signIn.stillValid(session), false)
    assert.equal(await code(signIn('lan', secret)), 'account-locked')
  })

  it('a lock ends by the written request of the agency and the order of the department (6.3), and in no other way', async () => {
    const lan = (await running.store.accounts.byAddress('lan@skhcn.gialai.gov.vn'))!
    const unlock = ['account', 'unlock', lan.address]
    const reason = async (argv: readonly string[]): Promise<string> => JSON.parse((await congvu([...argv, '--json'])).stderr).error.detail.reason
    assert.equal(await reason(unlock), 'document-missing')
    assert.equal(await reason(['account', 'password', lan.address]), 'locked')
    const officer = actor('agency-administrator', { name: 'aa', agency: lan.agency })
    const today = Temporal.Now.plainDateISO('Asia/Ho_Chi_Minh').toString()
    const { id } = await running.requests.file(officer, { kind: 'restore', ...paper('15/SKHCN-VP', today), rows: [{ address: lan.address, leave: null }] })
    assert.equal(await reason(unlock), 'order-missing')
    const listed = JSON.parse((await congvu(['request', 'list', '--open', '--json'])).stdout) as { id: string; open: number }[]
    assert.deepEqual(listed.map((one) => [one.id, one.open]), [[id, 1]])
    const [address, state, temporary = ''] = (await congvu([...unlock, '--order', '7/SKHCN'])).stdout.trim().split('\t')
    assert.deepEqual([address, state], [lan.address, 'must-change'])
    assert.equal(await code(signIn('lan', temporary)), 'password-change-required')
    assert.match((await congvu(['request', 'show', id])).stdout, /^state\tclosed$[^]*^account\tlan@skhcn.gialai.gov.vn\tgranted\t/m)
    const decided = (await records('audit')).find(({ action }) => action === 'restoration.carry-out')
    assert.deepEqual([decided!.clause, decided!.actor, (decided!.detail as { order?: string }).order], ['Điều 6.3b', 'operator', '7/SKHCN'])
  })

  it('what the clock will do, the calendar, and the role of an account', async () => {
    const show = JSON.parse((await congvu(['lifecycle', 'show', 'lan@skhcn.gialai.gov.vn', '--json'])).stdout)
    assert.deepEqual([show.state, show.coming[0].act, show.coming.find((one: { act: string }) => one.act === 'lock').clause], ['must-change', 'warn', 'Điều 6.2d'])
    const lockOn = show.coming.find((one: { act: string }) => one.act === 'lock').on
    assert.match((await congvu(['lifecycle', 'preview', '--on', lockOn])).stdout, new RegExp(`^lan@skhcn.gialai.gov.vn\tlock\tĐiều 6.2d\t${lockOn}`, 'm'))
    assert.equal((await congvu(['calendar', 'term', '2026-11-30', '3'])).stdout, '2027-03-01\t2027-03-02\tdự kiến\n')
    assert.equal((await congvu(['calendar', 'due', '2026-08-28', '3'])).stdout, '2026-09-07\n')
    assert.equal(JSON.parse((await congvu(['calendar', 'notice', '2026-06-08', '--json'])).stdout).latestNotice, '2026-06-02')
    for (const argv of [['calendar', 'term', '2026-02-30', '3'], ['calendar', 'due', '30/11/2026', '3'], ['lifecycle', 'preview', '--on', '2020-01-01']]) assert.equal((await congvu(argv)).exitCode, 1)
    assert.equal(JSON.parse((await congvu(['request', 'list', '--json', '--as', 'u0@bench.test'])).stderr).error.detail.reason, 'role')
  })

  it('a new password of one that is restored', async () => {
    const reset = await congvu(['account', 'password', 'lan@skhcn.gialai.gov.vn', '--password-stdin', '--active'], 'Mua-He%2028xanh\n')
    assert.deepEqual(reset, { exitCode: 0, stdout: '', stderr: '' })
    assert.equal((await signIn('lan', 'Mua-He%2028xanh')).address, 'lan@skhcn.gialai.gov.vn')
  })

  it('an alias signs in too', async () => {
    assert.equal((await congvu(['account', 'alias', 'lan@skhcn.gialai.gov.vn', 'hoalan@skhcn.gialai.gov.vn'])).exitCode, 0)
    assert.equal((await signIn('hoalan@skhcn.gialai.gov.vn', 'Mua-He%2028xanh')).address, 'lan@skhcn.gialai.gov.vn')
  })

  it('the records form a chain, and no password is on the disk or in a log', async () => {
    const audit = await records('audit')
    assert.ok(audit.length >= 10)
    assert.ok(audit.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash)))
    await running[Symbol.asyncDispose]()
    for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const bytes = await readFile(join(entry.parentPath, entry.name))
      for (const password of [secret, 'Mua-He%2028xanh', 'short']) assert.equal(bytes.includes(password), false, entry.name)
    }
    assert.deepEqual(running.logged, [])
    running = await start(data)
    assert.ok((await records('sign-in')).some(({ action }) => action === 'sign-in.refused'))
  })
})

describe('the program itself', () => {
  it('answers on standard output alone', async () => {
    const { exitCode, stdout, stderr } = await programmed(['account', 'list', '--agency', 'skhcn', '--json'])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.deepEqual((JSON.parse(stdout) as { address: string }[]).map(({ address }) => address), ['hungnv@skhcn.gialai.gov.vn', 'lan@skhcn.gialai.gov.vn'])
  })
  it('takes a password from a pipe', async () => {
    const made = await programmed(['account', 'create', 'u1@bench.test', '--password-stdin', '--active', '--free-form'], 'pw\n')
    assert.deepEqual(made, { exitCode: 0, stdout: 'u1@bench.test\n', stderr: '' })
    assert.equal((await signIn('u1@bench.test', 'pw')).address, 'u1@bench.test')
  })
  const exits: readonly (readonly [argv: readonly string[], environment: Readonly<Record<string, string>>, exitCode: number])[] = [
    [['account', 'lock', 'khongco@skhcn.gialai.gov.vn'], {}, 1],
    [['account', 'nonsense'], {}, 2],
    [['agency', 'list'], { CONGVU_SERVER__DATA_DIRECTORY: '/nonexistent' }, 3],
    [['check-config'], {}, 0],
    [['check-config'], { CONGVU_PROVINCE__DOMAIN: 'not a domain' }, 1],
  ]
  for (const [argv, environment, expected] of exits) {
    it(`exit code ${expected}: ${argv.join(' ')}`, async () => {
      const { exitCode, stdout, stderr } = await programmed(argv, '', environment)
      assert.equal(exitCode, expected)
      assert.equal((expected === 0 ? stderr : stdout), '')
    })
  }
})
