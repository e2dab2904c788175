/** Group commit on MongoDB (design §5.7): how groups are formed, and what happens when somebody else writes the same accounts. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MongoClient } from 'mongodb'
import type { SentCommand } from '../../src/adapters/mongo/connection.ts'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { Store } from '../../src/core/ports/store.ts'
import { deliveryTo, letters, makeOwner } from '../support/mongo-mail.ts'
import type { MongoPlaceOptions } from '../support/mongo-place.ts'
import { dropDatabase, openMongo } from '../support/mongo-place.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { systemClock } from '../support/store-crash-parent.ts'
import { committed, countersAreSums, isRefused, uids } from '../support/store-fixture.ts'

interface Place {
  readonly url: string
  readonly database: string
  open(options?: Partial<MongoPlaceOptions>): Promise<Store & AsyncDisposable>
}

async function inPlace(work: (place: Place, stack: AsyncDisposableStack) => Promise<void>): Promise<void> {
  const [url, database] = [await sharedMongoUrl(), freshDatabase()]
  try {
    await using stack = new AsyncDisposableStack()
    const open: Place['open'] = async (options = {}) => stack.use(await openMongo({ url, database, clock: systemClock, ...options })).store
    await work({ url, database, open }, stack)
  } finally {
    await dropDatabase(url, database)
  }
}

describe('province (MongoDB): group commit', { skip: mongoUnreachable ?? false }, () => {
  test('writes that arrive together share a few transactions', async () => {
    await inPlace(async ({ open }) => {
      const sent: SentCommand[] = []
      const store = await open({ onCommand: (one) => sent.push(one) })
      const owners = await Promise.all([makeOwner(store), makeOwner(store), makeOwner(store)])
      sent.length = 0
      const outcomes = await Promise.all(Array.from({ length: 300 }, (_, i) => store.deliveries.commit(deliveryTo([owners[i % 3]!.account]))))
      for (const outcome of outcomes) committed(outcome)
      const commits = sent.filter(({ name }) => name === 'commitTransaction').length
      assert.ok(commits <= 3, `${commits} commits`)
      for (const { account, inbox } of owners) assert.equal((await store.mailboxes.get(account, inbox))?.messages, 100)
    })
  })

  test('what is refused or undone in a group leaves nothing behind and does not hurt its neighbours', async () => {
    await inPlace(async ({ open }) => {
      const store = await open()
      const { account, inbox } = await makeOwner(store)
      const full = await makeOwner(store)
      await store.accounts.change(full.account, { quotaBytes: 10 })
      const delivery = deliveryTo([account])
      const results = await Promise.allSettled([
        store.messages.append(account, inbox, letters(2)),
        store.messages.append(full.account, full.inbox, letters(1)),
        store.deliveries.commit(delivery),
        store.deliveries.commit(deliveryTo([account, full.account])),
        store.deliveries.commit(delivery),
        store.messages.append(account, 'b999', letters(1)),
        store.messages.append(account, inbox, letters(1)),
      ])
      const told = results.map((result) => (result.status === 'rejected' ? (result.reason as { code: string }).code : 'kind' in result.value ? result.value.kind : result.value.length))
      assert.deepEqual(told, [2, 'quota-exceeded', 'committed', 'refused', 'duplicate', 'mailbox-unknown', 1])
      await countersAreSums(store, account)
      await countersAreSums(store, full.account)
      assert.equal((await store.mailboxes.get(account, inbox))?.messages, 4)
    })
  })

  test('a change of messages sees what arrived before it in the same moment', async () => {
    await inPlace(async ({ open }) => {
      const store = await open()
      const { account, inbox } = await makeOwner(store)
      const [, stored, , expunged] = await Promise.all([
        store.messages.append(account, inbox, letters(3)),
        store.messages.changeFlags(account, inbox, 'all', { mode: 'add', flags: flagsOf(['\\Deleted']) }),
        store.messages.append(account, inbox, letters(1)),
        store.messages.expunge(account, inbox, 'all', true),
      ])
      assert.deepEqual(stored.changed.map(({ uid }) => uid), [1, 2, 3])
      assert.deepEqual([...expunged.uids], [1, 2, 3])
      await countersAreSums(store, account)
    })
  })

  test('a node refuses on what is there now, not on what it remembers', async () => {
    await inPlace(async ({ open }) => {
      const [one, two] = [await open({ node: 'nut-1' }), await open({ node: 'nut-2' })]
      const { account, inbox } = await makeOwner(one)
      await one.messages.append(account, inbox, letters(2))
      const used = (await one.accounts.get(account))!.usedBytes
      await one.accounts.change(account, { quotaBytes: used })
      await assert.rejects(one.messages.append(account, inbox, letters(1)), isRefused('quota-exceeded'))
      await two.messages.expunge(account, inbox, uids(1), false)
      await one.messages.append(account, inbox, letters(1))
      const [made] = await two.mailboxes.create(account, [{ name: 'Mới', role: null }])
      await one.messages.move(account, inbox, uids(2), made!.id)
      await two.mailboxes.remove(account, made!.id)
      await assert.rejects(one.messages.append(account, made!.id, letters(1)), isRefused('mailbox-unknown'))
      const nothing = await one.messages.changeFlags(account, inbox, uids(77), { mode: 'add', flags: flagsOf(['x']) })
      assert.equal(nothing.modseq, (await two.accounts.get(account))!.modseq)
      for (const store of [one, two]) await countersAreSums(store, account)
    })
  })

  test('two nodes that write one account at once both get through', async () => {
    await inPlace(async ({ open }) => {
      const stores = [await open({ node: 'nut-1' }), await open({ node: 'nut-2' })]
      const { account, inbox } = await makeOwner(stores[0]!)
      const client = async (store: Store): Promise<number[]> => {
        const told: number[] = []
        for (let i = 0; i < 15; i++) told.push(committed(await store.deliveries.commit(deliveryTo([account]))).filed[0]!.uid)
        return told
      }
      const told = (await Promise.all([...stores, ...stores, ...stores].map(client))).flat()
      assert.deepEqual(told.toSorted((a, b) => a - b), Array.from({ length: 90 }, (_, i) => i + 1))
      assert.equal((await stores[1]!.mailboxes.get(account, inbox))?.messages, 90)
      await countersAreSums(stores[0]!, account)
    })
  })

  test('an account that another transaction holds waits aside, and the others go on', async () => {
    await inPlace(async ({ url, database, open }, stack) => {
      const store = await open()
      const [held, free] = [await makeOwner(store), await makeOwner(store)]
      const client = new MongoClient(url)
      stack.defer(() => client.close())
      const session = client.startSession()
      session.startTransaction()
      await client.db(database).collection<{ _id: number }>('states').updateOne({ _id: 1 }, { $inc: { rev: 1 } }, { session })
      let waits = true
      const waiting = store.deliveries.commit(deliveryTo([held.account])).finally(() => (waits = false))
      for (let i = 0; i < 20; i++) {
        const both = await Promise.all([store.deliveries.commit(deliveryTo([free.account])), store.messages.append(free.account, free.inbox, letters(1))])
        committed(both[0])
      }
      assert.ok(waits, 'it has not happened')
      await session.abortTransaction()
      await session.endSession()
      committed(await waiting)
      assert.equal((await store.mailboxes.get(free.account, free.inbox))?.messages, 40)
    })
  })

  test('a group whose commit fails is refused as unavailable and has changed nothing, and the next goes through', async () => {
    await inPlace(async ({ open }) => {
      const store = await open({ faultPoint: 'commit-io-error:1' })
      const { account, inbox } = await makeOwner(store)
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => store.messages.append(account, inbox, letters(1))))
      for (const result of results) assert.ok(result.status === 'rejected' && isRefused('unavailable')(result.reason))
      assert.equal((await store.mailboxes.get(account, inbox))?.messages, 0)
      assert.equal((await store.messages.append(account, inbox, letters(1)))[0]?.uid, 1)
      await countersAreSums(store, account)
    })
  })

  test('a store that is closed has answered all that it was asked, and refuses the rest', async () => {
    await inPlace(async ({ url, database }) => {
      const { store, ...open } = await openMongo({ url, database, clock: systemClock })
      const { account } = await makeOwner(store)
      const asked = Array.from({ length: 50 }, () => store.deliveries.commit(deliveryTo([account])))
      const closed = open[Symbol.asyncDispose]()
      for (const outcome of await Promise.all(asked)) committed(outcome)
      await closed
      await assert.rejects(store.deliveries.commit(deliveryTo([account])), isRefused('unavailable'))
      await assert.rejects(store.accounts.get(account), isRefused('unavailable'))
    })
  })
})
