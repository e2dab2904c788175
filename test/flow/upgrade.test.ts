/**
 * Data folders of earlier commits (test/fixtures/upgrade), opened by today's program: everything that they held is there,
 * under the same numbers, and work goes on. A new fixture is two files (scripts/make-upgrade-fixture.ts), no line here.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pino } from 'pino'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { compose, type App } from '../../src/compose.ts'
import { loadConfig } from '../../src/config/load.ts'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { AccountId, Mailbox } from '../../src/core/mailbox/mailbox.ts'
import { digest } from '../../src/message/digest.ts'
import { openForms, parserVersion } from '../../src/message/imap-form.ts'
import { domain, password } from '../fixtures/upgrade/fill.ts'
import { inventory, type Inventory, type OpenData } from '../fixtures/upgrade/inventory.ts'
import { countersAreSums } from '../support/store-fixture.ts'

interface Fixture {
  readonly commit: string
  readonly schema: number
  readonly madeAtMs: number
  readonly transactions: readonly string[]
  readonly phrase: string
  readonly holds: Inventory
}

const folder = join(import.meta.dirname, '../fixtures/upgrade')
const names = globSync('*.tar.gz', { cwd: folder }).map((file) => basename(file, '.tar.gz'))

it('there are fixtures', () => assert.ok(names.length > 0))

for (const name of names) {
  describe(`the data folder ${name}`, () => {
    let data: string
    let fixture: Fixture
    const clock = { nowMs: () => fixture.madeAtMs + 60_000, sleep: (ms: number, signal?: AbortSignal) => (ms === 0 ? Promise.resolve(true) : aborted(signal)) }

    before(async () => {
      fixture = JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as Fixture
      data = await mkdtemp(join(tmpdir(), 'congvu-upgrade-'))
      const { status, stderr } = spawnSync('tar', ['-xzf', join(folder, `${name}.tar.gz`), '-C', data])
      assert.equal(status, 0, stderr.toString())
    })
    after(() => rm(data, { recursive: true, force: true }))

    it('holds what it held, each number as it was', async () => {
      await using opened = await open(data, clock)
      const found = await inventory(opened, fixture.transactions)
      // Field by field, so that a failure names what is lost.
      for (const [what, held] of Object.entries(fixture.holds)) assert.deepEqual(plain(found[what as keyof Inventory]), held, what)
      assert.ok(found.records.every(({ chained, gapless }) => chained && gapless), 'the records are an unbroken chain')
    })

    it('keeps the promises of the contract: counters are sums, stored forms are those of their bodies', async () => {
      await using opened = await open(data, clock)
      for (const { id, mailboxes } of fixture.holds.accounts) {
        await countersAreSums(opened.store, id)
        for (const mailbox of mailboxes) await formsFit(opened, mailbox)
      }
    })

    it('goes on: signing in, searching, delivering, moving, expunging, filing what was held', async () => {
      await using app = await start(data, clock)
      const an = account(fixture, `an@so.${domain}`)
      const signIn = (user: string) => app.mail.signIn.authenticate({ user, password, protocol: 'imap', remoteIp: '10.1.2.3', secure: true })
      assert.equal((await signIn(an.address)).account, an.id)
      await assert.rejects(signIn(`em@so.${domain}`), { code: 'account-locked' })
      await finds(app, an, fixture.phrase)
      await delivers(app, an)
      await movesAndExpunges(app, an)
      await hears(app, account(fixture, `em@so.${domain}`))
    })

    it('holds, after that, what was written, and the old beside it', async () => {
      await using opened = await open(data, clock)
      const found = await inventory(opened, fixture.transactions)
      assert.deepEqual(found.held, [], 'the held delivery was completed')
      assert.ok(found.records.every(({ chained, gapless }) => chained && gapless))
      for (const before of fixture.holds.accounts) {
        await countersAreSums(opened.store, before.id)
        const now = found.accounts.find(({ id }) => id === before.id)!
        assert.ok(now.modseq >= before.modseq, 'modseq never goes back')
        for (const mailbox of before.mailboxes) {
          const same = now.mailboxes.find(({ id }) => id === mailbox.id)!
          assert.equal(same.uidValidity, mailbox.uidValidity)
          assert.ok(same.uidNext >= mailbox.uidNext && same.highestModseq >= mailbox.highestModseq)
        }
      }
      const filed = (address: string) => account({ holds: found }, address).mailboxes.find(({ role }) => role === 'inbox')!.held.length
      const heldBefore = (address: string) => account(fixture, address).mailboxes.find(({ role }) => role === 'inbox')!.held.length
      assert.equal(filed(`em@so.${domain}`), heldBefore(`em@so.${domain}`) + 1, 'who had not got it has it now')
      assert.equal(filed(`chi@xaiaka.${domain}`), heldBefore(`chi@xaiaka.${domain}`), 'who had it has it once')
    })
  })
}

type HeldAccount = Inventory['accounts'][number]

function account({ holds }: { readonly holds: Inventory }, address: string): HeldAccount {
  return holds.accounts.find((one) => one.address === address)!
}

/** As JSON has it, which the fixture went through. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

/** The clock stands still: whoever sleeps is woken by the end. */
function aborted(signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve(false)
    signal?.addEventListener('abort', () => resolve(false), { once: true })
  })
}

async function open(data: string, clock: { nowMs(): number }): Promise<OpenData & AsyncDisposable> {
  await using opening = new AsyncDisposableStack()
  const blobs = opening.use(await openSegments({ directory: join(data, 'segments'), clock }))
  const store = opening.use(await openSqliteStore({ directory: join(data, 'store'), clock }))
  const opened = opening.move()
  return { store, blobs, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** The whole core on the folder, on free ports, without ingress. */
async function start(data: string, clock: { nowMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<boolean> }): Promise<App> {
  const ports = Object.fromEntries(['IMAP__PORT', 'IMAP__TLS_PORT', 'HTTP__PORT', 'HTTP__TLS_PORT', 'ADMIN__PORT', 'ADMIN__TLS_PORT'].map((port) => [`CONGVU_${port}`, '0']))
  const config = loadConfig({ env: { ...ports, CONGVU_PROVINCE__DOMAIN: domain, CONGVU_SERVER__DATA_DIRECTORY: data, CONGVU_SERVER__HOSTNAME: `mail.${domain}` } })
  const app = await compose(config, { log: pino({ level: 'silent' }), ports: { clock, outbound: { hand: async () => ({ accepted: [], refused: [] }) } }, ingress: false })
  assert.equal(app.firstAdministrator, null, 'it is not a first start')
  return app
}

async function formsFit({ store, blobs }: OpenData, { account: id, id: mailbox }: Pick<Mailbox, 'account' | 'id'>): Promise<void> {
  for await (const slice of store.messages.read(id, mailbox, 'all', { forms: true, text: true })) {
    for (const { forms, body } of slice) {
      const stored = openForms(forms!)
      if (stored.version === parserVersion) assert.deepEqual(Buffer.from(forms!), Buffer.from((await digest(await blobs.read(body))).forms))
    }
  }
}

async function finds(app: App, an: HeldAccount, phrase: string): Promise<void> {
  const inbox = an.mailboxes.find(({ role }) => role === 'inbox')!
  const view = await app.mail.views.select(an.id, inbox.id)
  const found = await view.search({ key: 'text', text: phrase })
  const uids = [...found].map((sequence) => view.uidAt(sequence))
  view.close()
  // All but the bounce, whose text is encoded, are about it.
  assert.ok(uids.length >= 10 && uids.every((uid) => inbox.held.some((message) => message.uid === uid)), `${uids.length} of ${inbox.messages}`)
}

/** What was held for it comes with the first run of the job, which may be over by now. */
async function hears(app: App, { id, modseq }: HeldAccount): Promise<void> {
  const rung = Promise.withResolvers<void>()
  const stop = app.mail.views.listen(id, rung.resolve)
  if ((await app.mail.messages.changesSince(id, modseq)).messages.length === 0) await rung.promise
  stop()
}

async function delivers(app: App, an: HeldAccount): Promise<void> {
  const inbox = an.mailboxes.find(({ role }) => role === 'inbox')!
  const bytes = Buffer.from('From: <moi@ngoai.example>\r\nSubject: moi\r\n\r\nsau khi nang cap\r\n')
  const message = { transaction: 'sau-nang-cap', sender: 'moi@ngoai.example', recipients: [`truongphong@so.${domain}`], bytes, account: null, facts: null, receivedAtMs: Date.UTC(2026, 8, 3) }
  assert.deepEqual(await app.mail.delivery.deliver(message), { duplicate: false, filed: 1, queued: 0 })
  assert.equal((await app.mail.delivery.deliver(message)).duplicate, true)
  const known = { ...message, transaction: 'nang-cap-1' }
  assert.equal((await app.mail.delivery.deliver(known)).duplicate, true, 'a transaction of before is still known')
  const changes = await app.mail.messages.changesSince(an.id, an.modseq)
  assert.equal(changes.tooOld, false)
  assert.deepEqual(changes.messages.map(({ mailbox, uid, modseq }) => ({ mailbox, uid, modseq })), [{ mailbox: inbox.id, uid: inbox.uidNext, modseq: an.modseq + 1 }])
}

async function movesAndExpunges({ mail }: App, an: HeldAccount): Promise<void> {
  const inbox = an.mailboxes.find(({ role }) => role === 'inbox')!
  const work = an.mailboxes.find(({ name }) => name === 'Công việc/2026/Tháng 9')!
  const [first] = inbox.held
  const moved = await mail.messages.move(an.id, inbox.id, Uint32Array.of(first!.uid), work.id)
  assert.deepEqual([moved.uidValidity, [...moved.targetUids]], [work.uidValidity, [work.uidNext]])
  assert.deepEqual((await ids(mail, an.id, work, moved.targetUids)), [first!.id], 'a move keeps the id')
  const gone = work.held.at(-1)!
  await mail.messages.changeFlags(an.id, work.id, Uint32Array.of(gone.uid), { mode: 'add', flags: flagsOf(['\\Deleted']) })
  assert.deepEqual([...(await mail.messages.expunge(an.id, work.id, Uint32Array.of(gone.uid), true)).uids], [gone.uid])
  const created = await mail.mailboxes.create(an.id, 'Sau nâng cấp/Một')
  assert.ok(an.mailboxes.every(({ id, uidValidity }) => id !== created.id && uidValidity < created.uidValidity), 'identities are new')
}

async function ids(mail: App['mail'], id: AccountId, mailbox: Pick<Mailbox, 'id'>, uids: Uint32Array): Promise<string[]> {
  return (await Array.fromAsync(mail.messages.read(id, mailbox.id, uids, { forms: false, text: false }))).flat().map((message) => message.id)
}
