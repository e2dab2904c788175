/**
 * P8 on MongoDB: the way to the database is cut again and again, and shut for a while. What was answered is there, what was
 * refused is tried again by the sender, and each message is there once in the end.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { isMailError } from '../../src/core/errors.ts'
import type { Delivery, Store } from '../../src/core/ports/store.ts'
import { deliveryTo, makeOwner } from '../support/mongo-mail.ts'
import { dropDatabase, openMongo } from '../support/mongo-place.ts'
import { doorTo } from '../support/mongo-proxy.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { systemClock } from '../support/store-crash-parent.ts'
import { countersAreSums, isRefused } from '../support/store-fixture.ts'

const named = process.env['CONGVU_TEST_MONGO_URL'] !== undefined ? 'the named set may be beyond the reach of a door of this test' : null

describe('province (MongoDB): outage', { skip: mongoUnreachable ?? named ?? false }, () => {
  test('connections are cut under load: each delivery is there once, however often its sender had to try', async (t) => {
    const [url, database] = [await sharedMongoUrl(), freshDatabase()]
    await using door = await doorTo(url)
    try {
      await using open = await openMongo({ url: door.url, database, clock: systemClock })
      const { store } = open
      const owners = [await makeOwner(store), await makeOwner(store)]
      const counts = { cuts: 0, deliveries: 0, refusals: 0 }
      const sender = async (): Promise<void> => {
        while (counts.cuts < 60) {
          const delivery = deliveryTo(owners.map(({ account }) => account))
          while (!(await tried(store, delivery))) counts.refusals++
          counts.deliveries++
        }
      }
      const sent = Promise.all(Array.from({ length: 8 }, sender))
      while (counts.cuts < 60) {
        await pause(Math.random() * 40)
        door.cut()
        counts.cuts++
      }
      await sent
      t.diagnostic(JSON.stringify(counts))
      for (const { account, inbox } of owners) {
        assert.equal((await store.messages.view(account, inbox))?.uids.length, counts.deliveries)
        await countersAreSums(store, account)
      }
    } finally {
      await dropDatabase(url, database)
    }
  })

  test('while the database is away everything is refused as unavailable, and afterwards all goes on by itself', async () => {
    const [url, database] = [await sharedMongoUrl(), freshDatabase()]
    await using door = await doorTo(url)
    try {
      await using open = await openMongo({ url: door.url, database, clock: systemClock })
      const { store, blobs } = open
      const { account, inbox } = await makeOwner(store)
      const id = await blobs.put(Buffer.from('than'))
      door.shut()
      const away = [
        store.deliveries.commit(deliveryTo([account])),
        store.accounts.get(account),
        store.messages.view(account, inbox),
        store.records.append([{ kind: 'mail', atMs: 0, actor: 'system', action: 'x', subject: 'x', clause: null, detail: {} }]),
        store.outbox.claim({ node: 'nut-1', nowMs: 1, leaseUntilMs: 2, limit: 1 }),
        store.putSetting('a', 'b'),
        store.ready(),
        blobs.put(Buffer.from('khac')),
        blobs.read(id),
        blobs.ready(),
      ]
      for (const result of await Promise.allSettled(away)) assert.ok(result.status === 'rejected' && isRefused('unavailable')(result.reason))
      door.open()
      await store.ready()
      assert.equal((await store.deliveries.commit(deliveryTo([account]))).kind, 'committed')
      assert.equal(Buffer.from(await blobs.read(id)).toString(), 'than')
      await countersAreSums(store, account)
    } finally {
      await dropDatabase(url, database)
    }
  })

  test('a store that cannot be reached at the start, or is no replica set, is refused', async () => {
    await assert.rejects(openMongo({ url: 'mongodb://127.0.0.1:1/?directConnection=true', database: 'x', clock: systemClock }), isRefused('unavailable'))
  })
})

/** Whether it is there now. */
async function tried(store: Store, delivery: Delivery): Promise<boolean> {
  try {
    const { kind } = await store.deliveries.commit(delivery)
    assert.notEqual(kind, 'refused')
    return true
  } catch (error) {
    if (isMailError(error, 'unavailable')) return false
    throw error
  }
}
