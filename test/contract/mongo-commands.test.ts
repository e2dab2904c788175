/**
 * How many commands each operation costs on MongoDB, counted by the driver's command monitoring, with the bytes of their BSON;
 * and that no count grows with what the operation holds or with the accounts that there are.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BSON, MongoClient } from 'mongodb'
import type { Document } from 'mongodb'
import type { SentCommand } from '../../src/adapters/mongo/connection.ts'
import { deliveryTo, drained, fill, letter, letters, makeOwner } from '../support/mongo-mail.ts'
import type { Owner } from '../support/mongo-mail.ts'
import { dropDatabase, openMongo } from '../support/mongo-place.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { systemClock } from '../support/store-crash-parent.ts'
import type { OpenStore } from '../support/store-place.ts'

const flag = { mode: 'add', flags: { bits: 1, keywords: [] } } as const
const keyword = { mode: 'add', flags: { bits: 0, keywords: ['viec'] } } as const
const forms = { forms: true, text: false }

interface Measured {
  readonly name: string
  readonly commands: readonly string[]
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** What the operations of a mailbox may cost at most. */
const limits: Readonly<Record<string, number>> = {
  'deliver 1': 3,
  'deliver 100 that arrive together': 4,
  'deliver 1 to 100 accounts': 4,
  'deliver an answer': 4,
  'deliver 1 with 10 outbox rows': 4,
  'append 1': 3,
  'append 100': 3,
  'view of 10,000 (SELECT)': 2,
  'read 10,000 forms (FETCH)': 12,
  'flags on 1,000': 4,
  'keyword on 1,000': 4,
  'copy 1,000': 5,
  'move 1,000': 5,
  'expunge 1,000': 5,
  'changes after a delivery (IDLE)': 2,
  'changes after an expunge (IDLE)': 2,
  'changes when nothing happened': 1,
  'states of 1,000 accounts': 1,
  'account by address (login)': 1,
  'mailboxes of an account (LIST)': 1,
  'claim 50 outbox rows': 3,
  'settle 50 outbox rows': 2,
  'append 20 records': 2,
  'body put': 1,
  '100 bodies put together': 2,
  'body read': 1,
}

describe('province (MongoDB): commands', { skip: mongoUnreachable ?? false }, () => {
  test('an operation costs as many commands whatever it holds and however many accounts there are', async (t) => {
    const url = await sharedMongoUrl()
    const database = freshDatabase()
    const meter = new Meter()
    try {
      await using open = await openMongo({ url, database, clock: systemClock, onCommand: (sent) => meter.note(sent) })
      const tables: Measured[][] = []
      for (const accounts of [1_000, 30_000]) {
        await makeAccounts(url, database, accounts)
        const measured = await measure(open, meter)
        tables.push(measured)
        t.diagnostic(`with ${accounts} accounts\tcommands\tsent\treceived`)
        for (const one of measured) t.diagnostic([one.name.padEnd(34), told(one.commands).padEnd(60), one.sentBytes, one.receivedBytes].join('\t'))
        for (const { name, commands } of measured) assert.ok(commands.length <= limits[name]!, `${name}: ${told(commands)}`)
      }
      const counts = tables.map((table) => table.map(({ name, commands }) => [name, commands.length]))
      assert.deepEqual(counts[1], counts[0])
      assert.deepEqual(tables[0]!.map(({ name }) => name), Object.keys(limits))
    } finally {
      await dropDatabase(url, database)
    }
  })
})

function told(commands: readonly string[]): string {
  return `${commands.length} (${[...Map.groupBy(commands, (name) => name)].map(([name, all]) => (all.length > 1 ? `${all.length} ${name}` : name)).join(', ')})`
}

class Meter {
  #commands: string[] = []
  #sent = 0
  #received = 0

  note({ name, command, reply }: SentCommand): void {
    // A node tells once a second that it lives.
    if (command['findAndModify'] === 'writers') return
    this.#commands.push(name)
    this.#sent += BSON.calculateObjectSize(command)
    this.#received += BSON.calculateObjectSize(reply)
  }

  async of(name: string, work: () => Promise<unknown>): Promise<Measured> {
    this.#commands = []
    this.#sent = this.#received = 0
    await work()
    return { name, commands: [...this.#commands], sentBytes: this.#sent, receivedBytes: this.#received }
  }
}

/** As many account documents as asked for, copies of one that the store has made. */
async function makeAccounts(url: string, database: string, count: number): Promise<void> {
  const client = new MongoClient(url)
  const states = client.db(database).collection<Document>('states')
  const [pattern] = await states.find({ address: { $exists: true } }, { projection: { _id: 0 } }).limit(1).toArray()
  const there = await states.countDocuments({ address: { $exists: true } })
  const copies = Array.from({ length: count - there }, (_, i) => {
    const address = `nhieu${there + i}@xa.example`
    return { ...pattern, _id: 1_000_000 + there + i, address, localPart: address.split('@')[0], addresses: [address] }
  })
  await states.insertMany(copies as Document[])
  await client.close()
}

async function measure(open: OpenStore, meter: Meter): Promise<Measured[]> {
  const owner = await makeOwner(open.store)
  const others: Owner[] = []
  for (let i = 0; i < 100; i++) others.push(await makeOwner(open.store))
  await fill(open.store, owner, 10_000)
  return [...(await measureFiling(open, meter, owner, others)), ...(await measureMailbox(open, meter, owner)), ...(await measureRest(open, meter, owner, others))]
}

async function measureFiling({ store }: OpenStore, meter: Meter, owner: Owner, others: readonly Owner[]): Promise<Measured[]> {
  const accounts = others.map(({ account }) => account)
  const question = letter()
  await store.messages.append(owner.account, owner.inbox, [question])
  const row = { sender: '', recipient: 'a@ngoai.example', dueAtMs: 0, prefix: Buffer.alloc(0), account: null }
  const outbox = Array.from({ length: 10 }, () => row)
  return [
    await meter.of('deliver 1', () => store.deliveries.commit(deliveryTo([owner.account]))),
    await meter.of('deliver 100 that arrive together', () => Promise.all(accounts.map((account) => store.deliveries.commit(deliveryTo([account]))))),
    await meter.of('deliver 1 to 100 accounts', () => store.deliveries.commit(deliveryTo(accounts))),
    await meter.of('deliver an answer', () => store.deliveries.commit(deliveryTo([owner.account], { content: letter([question.content.messageId!]).content }))),
    await meter.of('deliver 1 with 10 outbox rows', () => store.deliveries.commit(deliveryTo([owner.account], { outbox }))),
    await meter.of('append 1', () => store.messages.append(owner.account, owner.inbox, letters(1))),
    await meter.of('append 100', () => store.messages.append(owner.account, owner.inbox, letters(100))),
  ]
}

async function measureMailbox({ store }: OpenStore, meter: Meter, { account, inbox, trash }: Owner): Promise<Measured[]> {
  const thousand = Uint32Array.from({ length: 1_000 }, (_, i) => 2 * i + 1)
  const all = Uint32Array.from({ length: 10_000 }, (_, i) => i + 1)
  const before = (await store.accounts.get(account))!.modseq
  const measured = [
    await meter.of('view of 10,000 (SELECT)', () => store.messages.view(account, inbox)),
    await meter.of('read 10,000 forms (FETCH)', () => drained(store.messages.read(account, inbox, all, forms))),
    await meter.of('flags on 1,000', () => store.messages.changeFlags(account, inbox, thousand, flag)),
    await meter.of('keyword on 1,000', () => store.messages.changeFlags(account, inbox, thousand, keyword)),
    await meter.of('copy 1,000', () => store.messages.copy(account, inbox, thousand, trash)),
    await meter.of('move 1,000', () => store.messages.move(account, inbox, thousand, trash)),
    await meter.of('expunge 1,000', () => store.messages.expunge(account, trash, thousand, false)),
  ]
  assert.ok((await store.accounts.get(account))!.modseq >= before + 5, 'all of it has happened')
  return measured
}

async function measureRest({ store, blobs }: OpenStore, meter: Meter, { account, inbox }: Owner, others: readonly Owner[]): Promise<Measured[]> {
  const present = async (): Promise<number> => (await store.accounts.get(account))!.modseq
  const beforeDelivery = await present()
  await store.deliveries.commit(deliveryTo([account]))
  const afterDelivery = await meter.of('changes after a delivery (IDLE)', () => store.changes.since(account, beforeDelivery))
  const beforeExpunge = await present()
  await store.messages.expunge(account, inbox, Uint32Array.of(2), false)
  const now = await present()
  const accounts = Array.from({ length: 10 }, () => others.map((other) => other.account)).flat()
  const row = { sender: '', recipient: 'a@ngoai.example', dueAtMs: 0, prefix: Buffer.alloc(0), account: null }
  const nowMs = systemClock.nowMs()
  await store.deliveries.commit(deliveryTo([], { outbox: Array.from({ length: 60 }, () => row) }))
  const { address } = (await store.accounts.get(account))!
  const claim = { node: 'nut-1', nowMs, leaseUntilMs: nowMs + 60_000, limit: 50 }
  const rows = await store.outbox.list({ limit: 50 })
  const settlements = rows.map(({ id }) => ({ id, state: 'delivered', reply: '250', atMs: nowMs, untilMs: null }) as const)
  const record = { kind: 'mail', atMs: nowMs, actor: 'system', action: 'mail.delivered', subject: 'x', clause: null, detail: {} } as const
  const body = (n: number): Buffer => Buffer.from(`Thư ${n} ${nowMs} ${account}`.repeat(100))
  await store.records.append([record])
  const id = await blobs.put(body(0))
  return [
    afterDelivery,
    await meter.of('changes after an expunge (IDLE)', () => store.changes.since(account, beforeExpunge)),
    await meter.of('changes when nothing happened', () => store.changes.since(account, now)),
    await meter.of('states of 1,000 accounts', () => store.changes.states(accounts)),
    await meter.of('account by address (login)', () => store.accounts.byAddress(address)),
    await meter.of('mailboxes of an account (LIST)', () => store.mailboxes.list(account)),
    await meter.of('claim 50 outbox rows', () => store.outbox.claim(claim)),
    await meter.of('settle 50 outbox rows', () => store.outbox.settle(settlements)),
    await meter.of('append 20 records', () => store.records.append(Array.from({ length: 20 }, () => record))),
    await meter.of('body put', () => blobs.put(body(1))),
    await meter.of('100 bodies put together', () => Promise.all(Array.from({ length: 100 }, (_, n) => blobs.put(body(n + 2))))),
    await meter.of('body read', () => blobs.read(id)),
  ]
}
