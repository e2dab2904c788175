/** Numbered migrations on MongoDB (design §5.13): under a lock, done again after they were broken off, never by an older program. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MongoClient } from 'mongodb'
import type { Db } from 'mongodb'
import type { OutboxDocument } from '../../src/adapters/mongo/documents.ts'
import { OutboxIds } from '../../src/adapters/mongo/ids.ts'
import { indexes } from '../../src/adapters/mongo/indexes.ts'
import { migrate, migrations } from '../../src/adapters/mongo/migrations/migrate.ts'
import type { Migration } from '../../src/adapters/mongo/migrations/migrate.ts'
import { openMongo } from '../support/mongo-place.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { systemClock } from '../support/store-crash-parent.ts'
import { isRefused } from '../support/store-fixture.ts'

const outboxRow: Omit<OutboxDocument, '_id' | 'recipient'> = {
  transaction: 'giao-1',
  sender: '',
  body: 'than',
  bodyBytes: 1,
  prefix: Buffer.alloc(0),
  state: 'queued',
  dueAtMs: 7,
  nextAtMs: 7,
  createdAtMs: 1,
  attempts: 0,
  leaseUntilMs: null,
  lastReply: null,
  lastTryAtMs: null,
}

async function inDatabase(work: (db: Db, place: { url: string; database: string }) => Promise<void>): Promise<void> {
  const place = { url: await sharedMongoUrl(), database: freshDatabase() }
  const client = new MongoClient(place.url)
  try {
    await work(client.db(place.database), place)
  } finally {
    await client.db(place.database).dropDatabase()
    await client.close()
  }
}

async function schemaOf(db: Db): Promise<unknown> {
  return (await db.collection<{ _id: string; number: number }>('schema').findOne({ _id: 'schema' }))?.number
}

describe('province (MongoDB): migrations', { skip: mongoUnreachable ?? false }, () => {
  test('the first opening makes every index, and no other is there', async () => {
    await inDatabase(async (db, place) => {
      await using open = await openMongo({ ...place, clock: systemClock })
      await open.store.ready()
      await open.blobs.put(Buffer.alloc(5_000_000))
      for (const { name } of await db.listCollections().toArray()) {
        const there = (await db.collection(name).listIndexes().toArray()).map((index) => index['name'] as string)
        assert.deepEqual(there.sort(), ['_id_', ...(indexes[name] ?? []).map((index) => index.name!)].sort(), name)
      }
      assert.equal(await schemaOf(db), migrations.length)
    })
  })

  test('schema 2 takes over the outbox rows of schema 1, also when it was broken off', async () => {
    await inDatabase(async (db, place) => {
      await migrate(db, 'nut-1', migrations.slice(0, 1))
      const ids = new OutboxIds()
      const rows = Array.from({ length: 5 }, (_, i) => ({ ...outboxRow, _id: ids.next(1), recipient: `a${i}@ngoai.example` }))
      await db.collection<OutboxDocument>('outbox').insertMany(rows)
      await db.collection<OutboxDocument>('states').insertMany(rows.slice(0, 2))
      await using open = await openMongo({ ...place, clock: systemClock })
      const listed = await open.store.outbox.list({ limit: 10 })
      assert.deepEqual(listed.map(({ id, recipient }) => [id, recipient]), rows.map(({ _id, recipient }) => [_id, recipient]).reverse())
      assert.equal(await open.store.outbox.nextDueAtMs(), 7)
      assert.equal((await db.listCollections({ name: 'outbox' }).toArray()).length, 0)
    })
  })

  test('of nodes that start together each migration is done by one', async () => {
    await inDatabase(async (db) => {
      const done: number[] = []
      const slow: Migration[] = [1, 2, 3].map((number) => ({
        number,
        up: async () => {
          done.push(number)
          await db.collection('viec').insertOne({ number })
        },
      }))
      await Promise.all(Array.from({ length: 5 }, (_, i) => migrate(db, `nut-${i}`, slow)))
      assert.deepEqual(done, [1, 2, 3])
      assert.equal(await schemaOf(db), 3)
    })
  })

  test('a migration that fails is done again by the next start, those before it are not', async () => {
    await inDatabase(async (db) => {
      const done: string[] = []
      const step = (number: number, fails: boolean): Migration => ({
        number,
        up: async () => {
          done.push(`${number}${fails ? ' fails' : ''}`)
          if (fails) throw new Error('dut')
        },
      })
      await assert.rejects(migrate(db, 'nut-1', [step(1, false), step(2, true), step(3, false)]), /dut/)
      assert.equal(await schemaOf(db), 1)
      await migrate(db, 'nut-1', [step(1, false), step(2, false), step(3, false)])
      assert.deepEqual(done, ['1', '2 fails', '2', '3'])
    })
  })

  test('a lock whose holder died is taken when its lease has ended', async () => {
    await inDatabase(async (db) => {
      const schema = db.collection<{ _id: string; holder: string; untilMs: Date }>('schema')
      await schema.insertOne({ _id: 'lock', holder: 'chet', untilMs: new Date(Date.now() + 700) })
      await migrate(db, 'nut-1', [{ number: 1, up: async () => void (await db.collection('viec').insertOne({})) }])
      assert.equal(await schemaOf(db), 1)
      assert.equal(await schema.countDocuments({ _id: 'lock' }), 0)
    })
  })

  test('a newer schema is refused', async () => {
    await inDatabase(async (db, place) => {
      await db.collection<{ _id: string; number: number }>('schema').insertOne({ _id: 'schema', number: migrations.length + 1 })
      await assert.rejects(openMongo({ ...place, clock: systemClock }), isRefused('unavailable'))
    })
  })
})
