/** DeliveryStore.hold, fileHeld, finishHeld, held: a message to very many accounts (design §2). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MakePlace } from '../support/store-place.ts'
import { committed, Fixture } from '../support/store-fixture.ts'

export function heldDeliveriesContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: held deliveries`, () => {
    const fixture = new Fixture(makePlace)

    async function accounts(count: number): Promise<string[]> {
      const agency = (await fixture.agency()).id
      return Promise.all(Array.from({ length: count }, async () => (await fixture.account({ agency })).id))
    }

    test('hold keeps the whole delivery and files its outbox rows at once, but no recipient', async () => {
      const [account] = await accounts(1)
      const delivery = await fixture.delivery([account!], { outbox: [fixture.outboxRow({ account: account! })] })
      assert.deepEqual(await fixture.store.deliveries.hold(delivery), { kind: 'held' })
      assert.equal((await fixture.inbox(account!)).messages, 0)
      assert.equal((await fixture.store.outbox.list({ account: account!, limit: 5 })).length, 1)
      assert.ok((await fixture.store.deliveries.held()).includes(delivery.transaction))
      assert.deepEqual((await fixture.store.deliveries.facts(delivery.transaction))?.facts, delivery.facts)
      await fixture.store.deliveries.fileHeld(delivery.transaction, 5)
      await fixture.store.deliveries.finishHeld(delivery.transaction)
    })

    test('slices file every recipient exactly once, in whatever sizes, also over a restart', async () => {
      const all = await accounts(25)
      const delivery = await fixture.delivery(all)
      await fixture.store.deliveries.hold(delivery)
      const told: string[] = []
      let remaining = all.length
      for (const limit of [1, 7, 3, 10, 10, 10]) {
        const slice = await fixture.store.deliveries.fileHeld(delivery.transaction, limit)
        assert.ok(slice)
        assert.equal(slice.filed.length, Math.min(limit, remaining))
        remaining -= slice.filed.length
        assert.equal(slice.remaining, remaining)
        assert.deepEqual(slice.refused, [])
        told.push(...slice.filed.map((one) => one.account))
        for (const one of slice.filed) assert.equal((await fixture.store.messages.byId(one.account, [one.id], { forms: true, text: false }))[0]?.uid, one.uid)
        if (limit === 3) await fixture.reopen()
      }
      assert.equal(remaining, 0)
      assert.deepEqual(told.sort(), [...all].sort())
      for (const account of all) assert.equal((await fixture.inbox(account)).messages, 1)
      await fixture.store.deliveries.finishHeld(delivery.transaction)
      assert.equal(await fixture.store.deliveries.fileHeld(delivery.transaction, 1), null)
      assert.ok(!(await fixture.store.deliveries.held()).includes(delivery.transaction))
    })

    test('holding is idempotent with itself and with commit, before and after it is finished', async () => {
      const [one] = await accounts(1)
      const delivery = await fixture.delivery([one!], { outbox: [fixture.outboxRow({ account: one! })] })
      await fixture.store.deliveries.hold(delivery)
      assert.deepEqual(await fixture.store.deliveries.hold(delivery), { kind: 'duplicate' })
      assert.deepEqual(await fixture.store.deliveries.commit(delivery), { kind: 'duplicate' })
      await fixture.store.deliveries.fileHeld(delivery.transaction, 5)
      await fixture.store.deliveries.finishHeld(delivery.transaction)
      assert.deepEqual(await fixture.store.deliveries.hold(delivery), { kind: 'duplicate' })
      assert.equal((await fixture.inbox(one!)).messages, 1)
      assert.equal((await fixture.store.outbox.list({ account: one!, limit: 5 })).length, 1)
      const other = await fixture.delivery([one!])
      committed(await fixture.store.deliveries.commit(other))
      assert.deepEqual(await fixture.store.deliveries.hold(other), { kind: 'duplicate' })
    })

    test('recipients that cannot be filed are passed over and told in every later slice', async () => {
      const [one, two] = await accounts(2)
      const full = (await fixture.account({ quotaBytes: 10 })).id
      const delivery = await fixture.delivery([full, one!, 'khong-co', two!])
      await fixture.store.deliveries.hold(delivery)
      const next = () => fixture.store.deliveries.fileHeld(delivery.transaction, 2)
      const slices = [await next(), await next(), await next()]
      assert.deepEqual(slices.flatMap((slice) => slice!.filed.map((filed) => filed.account)), [one, two])
      const last = slices.at(-1)!
      assert.equal(last.remaining, 0)
      assert.deepEqual([...last.refused].sort((a, b) => (a.code < b.code ? -1 : 1)), [
        { account: 'khong-co', code: 'account-unknown' },
        { account: full, code: 'quota-exceeded' },
      ])
      await fixture.countersAreSums(one!)
      await fixture.countersAreSums(full)
      await fixture.store.deliveries.finishHeld(delivery.transaction)
    })

    test('a bounce ends the held delivery it is about in its own commit', async () => {
      const [sender] = await accounts(1)
      const delivery = await fixture.delivery(['khong-co'])
      await fixture.store.deliveries.hold(delivery)
      await fixture.store.deliveries.fileHeld(delivery.transaction, 5)
      const bounce = await fixture.delivery([sender!], { finishes: delivery.transaction })
      committed(await fixture.store.deliveries.commit(bounce))
      assert.ok(!(await fixture.store.deliveries.held()).includes(delivery.transaction))
      assert.equal(await fixture.store.deliveries.fileHeld(delivery.transaction, 5), null)
      assert.equal((await fixture.inbox(sender!)).messages, 1)
    })

    test('two sweepers at one moment file no recipient twice', async () => {
      const all = await accounts(30)
      const delivery = await fixture.delivery(all)
      await fixture.store.deliveries.hold(delivery)
      const slices = await Promise.all(Array.from({ length: 8 }, () => fixture.store.deliveries.fileHeld(delivery.transaction, 4)))
      const filed = slices.flatMap((slice) => slice!.filed.map((one) => one.account))
      assert.deepEqual(filed.sort(), [...all].sort())
      for (const account of all) assert.equal((await fixture.inbox(account)).messages, 1)
      await fixture.store.deliveries.finishHeld(delivery.transaction)
    })

    test('held ones are told oldest first, are not forgotten, and an unknown one is null', async () => {
      const [account] = await accounts(1)
      const deliveries = []
      for (let i = 0; i < 3; i++) {
        deliveries.push(await fixture.delivery([account!]))
        await fixture.store.deliveries.hold(deliveries[i]!)
        fixture.clock.turn(1_000)
      }
      const transactions = deliveries.map((delivery) => delivery.transaction)
      assert.deepEqual(await fixture.store.deliveries.held(), transactions)
      await fixture.store.deliveries.forget(fixture.clock.nowMs() + 1_000)
      assert.deepEqual(await fixture.store.deliveries.held(), transactions)
      assert.deepEqual(await fixture.store.deliveries.hold(deliveries[0]!), { kind: 'duplicate' })
      assert.equal(await fixture.store.deliveries.fileHeld('khong-co', 5), null)
      assert.equal((await fixture.store.deliveries.fileHeld(transactions[2]!, 5))?.filed.length, 1)
    })
  })
}
