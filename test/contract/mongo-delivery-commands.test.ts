/**
 * A batch of deliveries costs at most four commands beside the bodies, whatever it holds: one or a hundred, to accounts that the
 * node knows or does not know, answers, outgoing rows, settlements, refusals; and the count grows neither with the accounts
 * that there are nor with the mailboxes of an account nor with the nodes.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Document } from 'mongodb'
import type { NewOutboxRow } from '../../src/core/submission/outbox-row.ts'
import { Meter, told } from '../support/mongo-meter.ts'
import { deliveryTo, letter, makeAccounts, makeOwner } from '../support/mongo-mail.ts'
import type { Owner } from '../support/mongo-mail.ts'
import { dropDatabase, openMongo } from '../support/mongo-place.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { systemClock } from '../support/store-crash-parent.ts'
import type { OpenStore } from '../support/store-place.ts'

const maxCommands = 4
const manyMailboxes = 200

interface Nodes {
  /** The one whose commands are counted. */
  readonly near: OpenStore
  /** What it makes the other does not know. */
  readonly far: OpenStore
  readonly meter: Meter
}

interface Batch {
  readonly name: string
  /** How many messages must have been filed. */
  readonly filed: number
  /** Prepares. */
  readonly make: (nodes: Nodes) => Promise<Prepared>
}

interface Prepared {
  /** What is measured; answers how many messages were filed. */
  readonly work: () => Promise<number>
  /** What must hold afterwards. */
  readonly check?: () => Promise<void>
}

const row: Omit<NewOutboxRow, 'recipient'> = { sender: '', dueAtMs: Number.MAX_SAFE_INTEGER, prefix: Buffer.alloc(200), account: null }
const outbox = Array.from({ length: 10 }, (_, i) => ({ ...row, recipient: `a${i}@ngoai.example` }))
const answer = { content: letter(['<goc@xa.example>']).content }

const batches: readonly Batch[] = [
  { name: '1 to a known account', filed: 1, make: async ({ near }) => commitAll(near, (await owners(near, 1)).map((one) => deliveryTo([one.account]))) },
  { name: '1 to an account that is not known', filed: 1, make: async ({ near, far }) => commitAll(near, (await owners(far, 1)).map((one) => deliveryTo([one.account]))) },
  { name: '100 to known accounts', filed: 100, make: async ({ near }) => commitAll(near, (await owners(near, 100)).map((one) => deliveryTo([one.account]))) },
  { name: '100 to accounts that are not known', filed: 100, make: async ({ near, far }) => commitAll(near, (await owners(far, 100)).map((one) => deliveryTo([one.account]))) },
  { name: '100 to one account', filed: 100, make: async ({ near }) => oneAccount(near, await owners(near, 1)) },
  { name: '100 answers, half of the accounts not known', filed: 100, make: async ({ near, far }) => commitAll(near, (await mixed(near, far)).map((one) => deliveryTo([one.account], answer))) },
  { name: '100 answers with 1,000 outbox rows, half of the accounts not known', filed: 100, make: async ({ near, far }) => commitAll(near, (await mixed(near, far)).map((one) => deliveryTo([one.account], { ...answer, outbox }))) },
  { name: '1 answer to 100 accounts and 10 outside, half of them not known', filed: 100, make: async ({ near, far }) => commitAll(near, [deliveryTo((await mixed(near, far)).map((one) => one.account), { ...answer, outbox })]) },
  { name: 'all of these at once, half of them refused', filed: 50, make: everything },
]

describe('province (MongoDB): commands of deliveries', { skip: mongoUnreachable ?? false }, () => {
  test('a batch of deliveries costs at most four commands, whatever it holds and however many accounts and nodes there are', async (t) => {
    const url = await sharedMongoUrl()
    const database = freshDatabase()
    try {
      const tables: string[][] = []
      const meter = new Meter()
      await using near = await openMongo({ url, database, clock: systemClock, node: 'nut-1', onCommand: meter.note })
      await using far = await openMongo({ url, database, clock: systemClock, node: 'nut-2' })
      for (const accounts of [1_000, 10_000, 30_000]) {
        await makeOwner(near.store)
        await makeAccounts(url, database, accounts)
        tables.push(await measure({ near, far, meter }, (line) => t.diagnostic(`${accounts} accounts: ${line}`)))
      }
      await using more = new AsyncDisposableStack()
      for (const node of ['nut-3', 'nut-4']) more.use(await openMongo({ url, database, clock: systemClock, node }))
      tables.push(await measure({ near, far, meter }, (line) => t.diagnostic(`4 nodes: ${line}`)))
      for (const table of tables) assert.deepEqual(table, tables[0])
    } finally {
      await dropDatabase(url, database)
    }
  })

  test('a message to 100 recipients is one batch with one body', async () => {
    const url = await sharedMongoUrl()
    const database = freshDatabase()
    const meter = new Meter()
    try {
      const bodies: string[] = []
      await using open = await openMongo({ url, database, clock: systemClock, onCommand: (sent) => (meter.note(sent), bodies.push(...bodiesIn(sent.command))) })
      const recipients = (await owners(open, 100)).map((one) => one.account)
      const measured = await meter.of('to 100', async () => {
        const body = await open.blobs.put(Buffer.alloc(5_000, 'thân thư'))
        const { content } = letter()
        assert.equal((await open.store.deliveries.commit(deliveryTo(recipients, { content: { ...content, body } }))).kind, 'committed')
      })
      assert.ok(measured.commands.length <= maxCommands + 1, told(measured.commands))
      assert.equal(measured.commands.filter((name) => name === 'commitTransaction').length, 1)
      assert.equal(bodies.length, 1)
    } finally {
      await dropDatabase(url, database)
    }
  })

  test('an account with many mailboxes costs what one with few costs', async () => {
    const url = await sharedMongoUrl()
    const database = freshDatabase()
    const meter = new Meter()
    try {
      await using open = await openMongo({ url, database, clock: systemClock, onCommand: meter.note })
      const [few, many] = (await owners(open, 2)) as [Owner, Owner]
      await open.store.mailboxes.create(many.account, Array.from({ length: manyMailboxes }, (_, i) => ({ name: `Hồ sơ ${i}`, role: null })))
      const costs: string[][][] = []
      for (const { account, inbox } of [few, many]) {
        const commands: string[][] = []
        const of = async (work: () => Promise<unknown>): Promise<void> => void commands.push([...(await meter.of('', work)).commands])
        await of(() => open.store.deliveries.commit(deliveryTo([account])))
        await of(() => open.store.messages.view(account, inbox))
        await of(() => open.store.mailboxes.list(account))
        await of(() => open.store.changes.since(account, 1))
        await of(() => open.store.messages.changeFlags(account, inbox, 'all', { mode: 'add', flags: { bits: 1, keywords: [] } }))
        await of(() => open.store.messages.expunge(account, inbox, 'all', false))
        costs.push(commands)
      }
      assert.deepEqual(costs[1], costs[0])
    } finally {
      await dropDatabase(url, database)
    }
  })
})

async function measure(nodes: Nodes, tell: (line: string) => void): Promise<string[]> {
  const table: string[] = []
  for (const { name, make, filed } of batches) {
    const { work, check } = await make(nodes)
    let done = 0
    const { commands } = await nodes.meter.of(name, async () => (done = await work()))
    tell(`${name}: ${told(commands)}`)
    assert.equal(done, filed, name)
    await check?.()
    assert.equal(commands.filter((one) => one === 'commitTransaction').length, 1, `${name}: ${told(commands)}`)
    assert.ok(commands.length <= maxCommands, `${name}: ${told(commands)}`)
    table.push(`${name}: ${told(commands)}`)
  }
  return table
}

async function owners({ store }: OpenStore, count: number): Promise<Owner[]> {
  return Promise.all(Array.from({ length: count }, () => makeOwner(store)))
}

/** Fifty that the near node knows and fifty that it does not. */
async function mixed(near: OpenStore, far: OpenStore): Promise<Owner[]> {
  return [...(await owners(near, 50)), ...(await owners(far, 50))]
}

type Delivery = ReturnType<typeof deliveryTo>

function commitAll({ store }: OpenStore, deliveries: readonly Delivery[]): Prepared {
  return {
    async work() {
      const outcomes = await Promise.all(deliveries.map((delivery) => store.deliveries.commit(delivery)))
      return outcomes.reduce((sum, outcome) => sum + (outcome.kind === 'committed' ? outcome.filed.length : 0), 0)
    },
  }
}

function oneAccount(near: OpenStore, [owner]: readonly Owner[]): Prepared {
  return commitAll(near, Array.from({ length: 100 }, () => deliveryTo([owner!.account])))
}

/** Every other account has no room; a bounce settles the rows of an earlier message in the same batch. */
async function everything({ near, far }: Nodes): Promise<Prepared> {
  const all = await mixed(near, far)
  for (const [i, { account }] of all.entries()) if (i % 2 === 1) await (i < 50 ? near : far).store.accounts.change(account, { quotaBytes: 1 })
  const earlier = await near.store.deliveries.commit(deliveryTo([], { outbox }))
  const rows = earlier.kind === 'committed' ? earlier.outbox : []
  const settles = rows.map((id) => ({ id, state: 'bounced', reply: '550', atMs: 1, untilMs: null }) as const)
  const deliveries = all.map(({ account }, i) => deliveryTo([account], { ...answer, outbox, ...(i === 0 && { settles }) }))
  return {
    ...commitAll(near, deliveries),
    async check() {
      for (const id of rows) assert.equal((await near.store.outbox.get(id))?.state, 'bounced')
    },
  }
}

function bodiesIn(command: Document): string[] {
  return command['update'] === 'blobs' ? (command['updates'] as Document[]).map(({ q }) => String(q['_id'])) : []
}
