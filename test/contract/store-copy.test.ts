/**
 * Moving house (core/ports/store-copy.ts, C1 to C5) between the kinds of stores: everything arrives as it was, whatever kills the
 * move in between, and the new house is lived in as the old one was.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { MongoClient } from 'mongodb'
import { keepContent } from '../../src/core/delivery/content.ts'
import { isMailError, type MailErrorCode } from '../../src/core/errors.ts'
import { noFlags } from '../../src/core/mailbox/flags.ts'
import type { Account } from '../../src/core/account/account.ts'
import type { Part, WritableStore } from '../../src/core/ports/store-copy.ts'
import { inventory } from '../fixtures/upgrade/inventory.ts'
import { filledTransactions, makeFilled } from '../support/filled-store.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { makePlace, move, moveUntilKilled, openHouse, openPlace, removePlace, type HousePlace } from '../support/moving-house.ts'
import { countersAreSums } from '../support/store-fixture.ts'
import { TurnedClock, type OpenStore } from '../support/store-place.ts'

const ways = [
  ['sqlite', 'sqlite'],
  ['sqlite', 'mongo'],
  ['mongo', 'sqlite'],
] as const satisfies readonly (readonly [HousePlace['kind'], HousePlace['kind']])[]

const domain = 'congvu.test'
const small = { rows: 3, bytes: 1_000_000 }

for (const [from, to] of ways) {
  const skip = from === 'mongo' || to === 'mongo' ? (mongoUnreachable ?? false) : false
  describe(`moving house from ${from} to ${to}`, { skip }, () => {
    const clock = new TurnedClock()
    const places: HousePlace[] = []
    let source: HousePlace
    let transactions: readonly string[]

    before(async () => {
      source = await filled()
      transactions = await filledTransactions()
    })
    after(async () => {
      for (const one of places) await removePlace(one)
    })

    async function place(kind: HousePlace['kind']): Promise<HousePlace> {
      const made = await makePlace(kind)
      places.push(made)
      return made
    }

    const filled = (): Promise<HousePlace> => makeFilled(from, clock, (made) => places.push(made))

    /** All that a server finds there, without what each kind of store names in its own way. */
    async function found(at: HousePlace) {
      await using opened = await openPlace(at, clock)
      const { outbox, ...rest } = await inventory(opened, transactions)
      for (const { id } of rest.accounts) await countersAreSums(opened.store, id)
      return { ...rest, outbox: outbox.map((row) => ({ ...row, id: '' })), registry: await registryOf(opened) }
    }

    it('brings everything over as it was', async () => {
      const target = await place(to)
      const report = await move(source, target, { clock })
      assert.deepEqual(await found(target), await found(source))
      assert.equal(report.already, false)
      const { accounts = 0, messages = 0, outbox = 0, held = 0, recipients = 0, registry = 0, tombstones = 0 } = report.rows
      assert.ok(accounts >= 7 && messages >= 40 && outbox >= 6 && held === 1 && recipients === 1 && registry === 2 && tombstones >= 3, JSON.stringify(report.rows))
      assert.equal(Object.keys(report.hashes).length, 11)
      assert.ok(report.bodies > 30 && report.bodyBytes > 50_000)
      assert.deepEqual(await move(source, target, { clock }), { ...report, already: true }, 'a second run tells that it has been done')
    })

    it('goes on after any death, and what arrives is the same', { timeout: 300_000 }, async (t) => {
      const target = await place(to)
      let kills = 0
      for (let killAfter = 4; ; killAfter = 3 + ((killAfter * 7) % 23)) {
        const { killed, told } = await moveUntilKilled(source, target, small, killAfter)
        if (!killed) break
        kills++
        // It may have finished at the moment of its death.
        if (!told.at(-1)!.startsWith('check-bodies')) await assert.rejects(openPlace(target, clock), refusal('unavailable'), 'no server opens what is half filled')
        assert.ok(kills < 60, 'it gets on')
      }
      t.diagnostic(`killed ${kills} times`)
      assert.ok(kills >= 5, `killed ${kills} times`)
      assert.deepEqual(await found(target), await found(source))
    })

    it('is lived in as the old house was: threads, new numbers, UIDs and outgoing rows go on', async () => {
      const target = await place(to)
      await move(source, target, { clock })
      await using opened = await openPlace(target, clock)
      const { store } = opened
      const chi = (await store.accounts.byAddress(`chi@xaiaka.${domain}`))!
      const inbox = (await store.mailboxes.byRole(chi.id, 'inbox'))!
      const asked = await store.messages.append(chi.id, inbox.id, [await reply(opened, '<thu.35@so.congvu.test>', 'Re: Mời họp giao ban số 35')])
      assert.equal(asked[0]!.uid, inbox.uidNext)
      assert.equal(asked[0]!.modseq, chi.modseq + 1)
      const all = (await Array.fromAsync(store.messages.read(chi.id, inbox.id, 'all', { forms: false, text: false }))).flat()
      const answered = all.filter(({ threadId, uid }) => uid < inbox.uidNext && threadId === all.at(-1)!.threadId)
      assert.equal(answered.length, 6, 'the answer joins the thread of the six that it answers')
      const [newest] = await store.outbox.list({ states: ['queued', 'handed', 'deferred', 'delivered', 'bounced', 'cancelled', 'held'], limit: 1 })
      const made = await newAccount(opened, chi)
      assert.ok(!(await store.accounts.list({ limit: 100 })).some(({ id, address }) => id === made.id && address !== made.address))
      const committed = await store.deliveries.commit({
        transaction: 'sau-khi-chuyen',
        receivedAtMs: clock.nowMs(),
        content: await keepContent(opened.blobs, Buffer.from('Subject: di\r\n\r\nthu di\r\n')),
        recipients: [],
        outbox: [{ sender: chi.address, recipient: 'ai@ngoai.example', dueAtMs: 0, prefix: Buffer.alloc(0), account: chi.id }],
        facts: {},
      })
      assert.ok(committed.kind === 'committed')
      const [last] = await store.outbox.list({ limit: 1 })
      assert.equal(last!.id, committed.outbox[0], 'the newest comes first')
      assert.notEqual(last!.id, newest!.id)
      assert.ok((await store.outbox.get(newest!.id)) !== null, 'moved rows are found by their ids')
    })

    it('copies the rows again, and not the bodies, when the source was used between two runs', async () => {
      const [own, target] = [await filled(), await place(to)]
      const stopAt = new Error('enough')
      await assert.rejects(move(own, target, { clock, size: small, onProgress: ({ part }) => { if (part === 'tombstones') throw stopAt } }), stopAt)
      {
        await using opened = await openPlace(own, clock)
        const chi = (await opened.store.accounts.byAddress(`chi@xaiaka.${domain}`))!
        const inbox = (await opened.store.mailboxes.byRole(chi.id, 'inbox'))!
        await opened.store.messages.expunge(chi.id, inbox.id, Uint32Array.of(1), false)
      }
      const resumed = new Set<string>()
      let noted = 0
      const counting = (store: WritableStore): WritableStore => replaced(store, { noteBodies: async (bodies) => { noted += bodies.length; await store.noteBodies(bodies) } })
      await move(own, target, { clock, target: counting, onProgress: (progress) => resumed.add(progress.resumed) })
      assert.deepEqual([...resumed], ['again'])
      assert.ok(noted < 5, `${noted} bodies were copied again`)
      assert.deepEqual(await found(target), await found(own))
    })

    it('finds what differs: a row that was left out, one that was changed, a body that is another', async () => {
      for (const part of ['accounts', 'messages', 'outbox', 'records'] as const) {
        const target = await place(to)
        const losing = (store: WritableStore): WritableStore =>
          replaced(store, { write: (written, rows, state) => store.write(written, (written as Part) === part ? rows.slice(1) : rows, state) })
        await assert.rejects(move(source, target, { clock, target: losing }), refusal('conflict', 'copy-differs'), part)
        await assert.rejects(openPlace(target, clock), refusal('unavailable'), 'no server opens it')
        await move(source, target, { clock })
        assert.deepEqual(await found(target), await found(source), 'the next run copies it anew')
      }
      const changing = (store: WritableStore): WritableStore =>
        replaced(store, { write: (written, rows, state) => store.write(written, written === 'messages' ? rows.map((row) => ({ ...row, flags: 1 })) : rows, state) })
      await assert.rejects(move(source, await place(to), { clock, target: changing }), refusal('conflict', 'copy-differs'))
      const mixing = (store: WritableStore): WritableStore => replaced(store, { noteBodies: (bodies) => store.noteBodies(bodies.map((body) => ({ ...body, sha256: '0'.repeat(64) }))) })
      await assert.rejects(move(source, await place(to), { clock, target: mixing }), refusal('conflict', 'copy-differs'))
    })

    it('takes slices of 200 rows at most, and ends one with some bytes', async () => {
      const sizes: number[] = []
      const measuring = (store: WritableStore): WritableStore => replaced(store, { write: async (part, rows, state) => { sizes.push(rows.length); await store.write(part, rows, state) } })
      await move(source, await place(to), { clock, target: measuring })
      assert.ok(Math.max(...sizes) <= 200)
      sizes.length = 0
      await move(source, await place(to), { clock, target: measuring, size: { rows: 200, bytes: 1 } })
      assert.deepEqual([...new Set(sizes)], [1])
    })

    it('refuses a target that holds anything else or comes from elsewhere, and a store that is in use', async () => {
      const [target, other, half] = [await place(to), await place(from), await place(to)]
      for (const one of [target, other]) {
        await using opened = await openPlace(one, clock)
        await opened.store.agencies.create({ label: 'khac', name: 'Khác', domains: [], createdAtMs: 0 })
      }
      await assert.rejects(move(source, target, { clock }), refusal('conflict', 'target-not-empty'))
      await assert.rejects(move(other, half, { clock, onProgress: () => assert.fail('stop') }), { message: 'stop' })
      await assert.rejects(move(source, half, { clock }), refusal('conflict', 'other-source'))
      await assert.rejects(move(half, await place(from), { clock }), refusal('unavailable'), 'half a house cannot be moved on')
      await using opened = await openPlace(source, clock)
      await assert.rejects(openHouse(source, clock), refusal('unavailable', 'running'))
      await opened.store.ready()
    })

    // The embedded store has none.
    if (from !== to) {
      it('lives through a change of the primary', { timeout: 120_000 }, async (t) => {
        const url = await sharedMongoUrl(3)
        if ((process.env['CONGVU_TEST_MONGO_URL'] ?? '') !== '') return t.skip('the named set may be another\'s, too')
        const inSet = (): HousePlace => {
          const made: HousePlace = { kind: 'mongo', url, database: freshDatabase() }
          places.push(made)
          return made
        }
        const [own, target] = from === 'mongo' ? [inSet(), await place(to)] : [source, inSet()]
        if (from === 'mongo') await move(await makeFilled('sqlite', clock, (made) => places.push(made)), own, { clock })
        let downs = 0
        const stepping = (store: WritableStore): WritableStore =>
          replaced(store, {
            write: async (part, rows, state) => {
              if (part === 'messages' && downs++ === 0) await stepDown(url)
              await store.write(part, rows, state)
            },
          })
        await move(own, target, { clock, size: small, target: stepping })
        assert.ok(downs > 1)
        assert.deepEqual(await found(target), await found(own))
      })
    }

    it('keeps a server out while it works', async () => {
      await using opened = await openHouse(source, clock)
      await assert.rejects(openPlace(source, clock), refusal('unavailable'))
      assert.ok((await opened.store.identity()).length > 0)
    })
  })
}

async function registryOf({ store, blobs }: OpenStore) {
  const [request] = await store.registry.list({ kind: 'request', limit: 10 })
  const { file, files, ...rest } = request!.value as { file: string; files: { body: string }[] }
  assert.deepEqual(files, [{ body: file }], 'the body is named in the value as it is called there')
  assert.deepEqual(await store.bodiesInUse([file]), new Set([file]))
  const people = await store.registry.find({ kind: 'person', from: 'name/', to: 'name0', limit: 10 })
  return { rest, version: request!.version, file: Buffer.from(await blobs.read(file)).toString(), people }
}

async function reply({ blobs }: OpenStore, to: string, subject: string) {
  const bytes = Buffer.from(`From: <chi@xaiaka.${domain}>\r\nSubject: =?UTF-8?B?${Buffer.from(subject).toString('base64')}?=\r\nMessage-ID: <tra-loi@xaiaka>\r\nIn-Reply-To: ${to}\r\n\r\nĐã rõ.\r\n`)
  return { content: await keepContent(blobs, bytes), prefix: Buffer.alloc(0), flags: noFlags, receivedAtMs: 0 }
}

function newAccount({ store }: OpenStore, { agency }: Account): Promise<Account> {
  return store.accounts.create({
    agency, address: `moi@xaiaka.${domain}`, name: 'Mới', kind: 'person', role: 'individual', state: 'active', quotaBytes: 1, passwordHash: null, createdAtMs: 0,
    mailboxes: [{ name: 'INBOX', role: 'inbox', subscribed: true }],
  })
}

/** The primary gives up being it, and another member is elected. */
async function stepDown(url: string): Promise<void> {
  const client = new MongoClient(url)
  try {
    await client.db('admin').command({ replSetStepDown: 10, secondaryCatchUpPeriodSecs: 5 })
  } finally {
    await client.close()
  }
}

/** The store with some of its methods replaced. */
function replaced(store: WritableStore, by: Partial<WritableStore>): WritableStore {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(by, name) ?? Reflect.get(target, name, target)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}

function refusal(code: MailErrorCode, reason?: string): (error: unknown) => boolean {
  return (error) => isMailError(error, code) && (reason === undefined || error.detail['reason'] === reason)
}
