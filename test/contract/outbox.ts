/** OutboxStore (design §2: the outbox in the store is the truth about outgoing mail). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OutboxSettlement } from '../../src/core/ports/store.ts'
import type { NewOutboxRow, OutboxId } from '../../src/core/submission/outbox-row.ts'
import type { MakePlace } from '../support/store-place.ts'
import { committed, Fixture, isRefused } from '../support/store-fixture.ts'

export function outboxContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: outbox`, () => {
    const fixture = new Fixture(makePlace)
    const leaseMs = 60_000

    async function rows(...given: readonly Partial<NewOutboxRow>[]): Promise<OutboxId[]> {
      const made: OutboxId[] = []
      for (const row of given) {
        made.push(...committed(await fixture.store.deliveries.commit(await fixture.delivery([], { outbox: [fixture.outboxRow(row)] }))).outbox)
      }
      return made
    }

    const claim = async (limit = 100, node = 'nut-1'): Promise<OutboxId[]> => {
      const nowMs = fixture.clock.nowMs()
      return (await fixture.store.outbox.claim({ node, nowMs, leaseUntilMs: nowMs + leaseMs, limit })).map((row) => row.id)
    }
    const settlement = (id: OutboxId, state: OutboxSettlement['state'], untilMs: number | null = null): OutboxSettlement => ({
      id,
      state,
      reply: `${state} 1.2.3`,
      atMs: fixture.clock.nowMs(),
      untilMs,
    })
    const settle = (id: OutboxId, state: OutboxSettlement['state'], untilMs: number | null = null) => fixture.store.outbox.settle([settlement(id, state, untilMs)])

    /** Leaves nothing due for the next test. */
    async function drain(): Promise<void> {
      for (const row of await fixture.store.outbox.list({ limit: 1_000 })) await fixture.store.outbox.cancel(row.id)
    }

    test('claim takes rows that are due, oldest first, at most `limit`, and hands them to the node for the lease', async () => {
      await drain()
      const now = fixture.clock.nowMs()
      const [late, early, future, middle] = await rows({ dueAtMs: now - 10 }, { dueAtMs: now - 1_000 }, { dueAtMs: now + 1 }, { dueAtMs: now - 500 })
      const first = await fixture.store.outbox.claim({ node: 'nut-1', nowMs: now, leaseUntilMs: now + leaseMs, limit: 2 })
      assert.deepEqual(first.map((row) => row.id), [early, middle])
      for (const row of first) {
        assert.deepEqual([row.state, row.node, row.leaseUntilMs], ['handed', 'nut-1', now + leaseMs])
        const kept = await fixture.store.outbox.get(row.id)
        assert.deepEqual({ ...kept, prefix: null }, { ...row, prefix: null })
      }
      assert.deepEqual(await claim(), [late])
      assert.deepEqual(await claim(), [])
      fixture.clock.turn(1)
      assert.deepEqual(await claim(), [future])
    })

    test('a row whose lease ended comes due again, one whose lease goes on does not', async () => {
      await drain()
      const [handed, deferred] = await rows({}, {})
      assert.deepEqual((await claim()).sort(), [handed, deferred].sort())
      await settle(deferred!, 'deferred', fixture.clock.nowMs() + 10 * leaseMs)
      assert.equal((await fixture.store.outbox.get(deferred!))?.state, 'deferred')
      fixture.clock.turn(leaseMs + 1)
      assert.deepEqual(await claim(100, 'nut-2'), [handed])
      assert.equal((await fixture.store.outbox.get(handed!))?.node, 'nut-2')
      fixture.clock.turn(10 * leaseMs)
      assert.deepEqual((await claim()).sort(), [handed, deferred].sort())
    })

    test('no row is ever in two hands at once', async () => {
      await drain()
      const made = await rows(...Array.from({ length: 40 }, () => ({})))
      const hands = await Promise.all(Array.from({ length: 10 }, (_, i) => claim(7, `nut-${i}`)))
      const claimed = hands.flat()
      assert.equal(new Set(claimed).size, claimed.length)
      assert.deepEqual([...claimed, ...(await claim())].sort(), [...made].sort())
    })

    test('a settled row never changes again; unknown and settled rows are passed over without hindering the others', async () => {
      await drain()
      const [delivered, bounced, cancelled, open] = await rows({}, {}, {}, {})
      await claim()
      await fixture.store.outbox.cancel(cancelled!)
      await fixture.store.outbox.settle([settlement(delivered!, 'delivered'), settlement(bounced!, 'bounced')])
      const before = await Promise.all([delivered!, bounced!, cancelled!].map((id) => fixture.store.outbox.get(id)))
      assert.deepEqual(before.map((row) => row!.state), ['delivered', 'bounced', 'cancelled'])
      assert.deepEqual([before[0]!.lastReply, before[0]!.lastTryAtMs], ['delivered 1.2.3', fixture.clock.nowMs()])
      fixture.clock.turn(100)
      await fixture.store.outbox.settle([
        settlement('khong-co', 'delivered'),
        settlement(delivered!, 'queued', fixture.clock.nowMs()),
        settlement(bounced!, 'deferred', fixture.clock.nowMs() + 5),
        settlement(cancelled!, 'delivered'),
        settlement(open!, 'delivered'),
      ])
      assert.deepEqual(await Promise.all([delivered!, bounced!, cancelled!].map((id) => fixture.store.outbox.get(id))), before)
      assert.equal((await fixture.store.outbox.get(open!))?.state, 'delivered')
      for (const id of [delivered!, bounced!, cancelled!]) {
        await assert.rejects(fixture.store.outbox.retry(id, fixture.clock.nowMs()), isRefused('conflict'))
        await assert.rejects(fixture.store.outbox.cancel(id), isRefused('conflict'))
      }
      fixture.clock.turn(100 * leaseMs)
      assert.deepEqual(await claim(), [])
    })

    test('a row that is queued again is due when it was told, and remembers the last reply', async () => {
      await drain()
      const [id] = await rows({})
      await claim()
      const due = fixture.clock.nowMs() + 3 * leaseMs
      await settle(id!, 'queued', due)
      const row = await fixture.store.outbox.get(id!)
      assert.deepEqual([row?.state, row?.dueAtMs, row?.lastReply, row?.node], ['queued', due, 'queued 1.2.3', null])
      assert.ok(row!.attempts >= 1)
      fixture.clock.turn(2 * leaseMs)
      assert.deepEqual(await claim(), [])
      fixture.clock.turn(leaseMs)
      assert.deepEqual(await claim(), [id])
    })

    test('release makes what a node held due at once, and only that', async () => {
      await drain()
      const [one, two] = await rows({}, {})
      const first = await claim(1, 'nut-a')
      await claim(1, 'nut-b')
      await settle(first[0]!, 'deferred', fixture.clock.nowMs() + 100 * leaseMs)
      assert.equal(await fixture.store.outbox.release('nut-a', fixture.clock.nowMs()), 1)
      assert.equal(await fixture.store.outbox.release('nut-c', fixture.clock.nowMs()), 0)
      assert.deepEqual(await claim(), first)
      assert.ok([one, two].includes(first[0]))
    })

    test('release for a run of a node gives back what its other runs held, and nothing of that run or of other nodes', async () => {
      await drain()
      const held: OutboxId[][] = []
      const holders = ['nut-a', 'nut-a#1', 'nut-a#2', 'nut-ab#1', 'nut-a.b', 'nut-b#2']
      await rows(...holders.map(() => ({})))
      for (const holder of holders) held.push(await claim(1, holder))
      assert.equal(await fixture.store.outbox.release('nut-a#2', fixture.clock.nowMs()), 2)
      assert.equal(await fixture.store.outbox.release('nut-a#2', fixture.clock.nowMs()), 0)
      assert.deepEqual((await claim()).sort(), [...held[0]!, ...held[1]!].sort())
      assert.equal(await fixture.store.outbox.release('nut-a', fixture.clock.nowMs()), 1)
      assert.deepEqual(await claim(), held[2])
    })

    test('retry makes a waiting row due now; retry and cancel refuse an unknown one', async () => {
      await drain()
      const [id, other] = await rows({ dueAtMs: fixture.clock.nowMs() + 1_000_000 }, { dueAtMs: fixture.clock.nowMs() + 1_000_000 })
      assert.deepEqual(await claim(), [])
      await fixture.store.outbox.retry(id!, fixture.clock.nowMs())
      assert.deepEqual(await claim(), [id])
      await fixture.store.outbox.cancel(other!)
      fixture.clock.turn(2_000_000)
      assert.ok(!(await claim()).includes(other!))
      await assert.rejects(fixture.store.outbox.retry('khong-co', fixture.clock.nowMs()), isRefused('outbox-row-unknown'))
      await assert.rejects(fixture.store.outbox.cancel('khong-co'), isRefused('outbox-row-unknown'))
      assert.equal(await fixture.store.outbox.get('khong-co'), null)
    })

    test('list gives newest first, unsettled ones unless other states are asked for, of one account, page by page', async () => {
      await drain()
      const account = (await fixture.account()).id
      const made = await rows({ account }, {}, { account }, { account })
      assert.deepEqual((await fixture.store.outbox.list({ limit: 10 })).map((row) => row.id), [...made].reverse())
      assert.deepEqual((await fixture.store.outbox.list({ account, limit: 10 })).map((row) => row.id), [made[3], made[2], made[0]])
      const page = await fixture.store.outbox.list({ account, limit: 2 })
      assert.deepEqual((await fixture.store.outbox.list({ account, limit: 2, after: page[1]!.id })).map((row) => row.id), [made[0]])
      await settle(made[2]!, 'delivered')
      assert.deepEqual((await fixture.store.outbox.list({ account, limit: 10 })).map((row) => row.id), [made[3], made[0]])
      assert.deepEqual((await fixture.store.outbox.list({ account, states: ['delivered'], limit: 10 })).map((row) => row.id), [made[2]])
      assert.deepEqual((await fixture.store.outbox.list({ account, states: ['delivered', 'queued'], limit: 10 })).map((row) => row.id), [made[3], made[2], made[0]])
    })

    test('nextDueAtMs is when the next row comes due: the earliest of due times and ends of leases', async () => {
      await drain()
      assert.equal(await fixture.store.outbox.nextDueAtMs(), null)
      const now = fixture.clock.nowMs()
      await rows({ dueAtMs: now + 5 * leaseMs })
      assert.equal(await fixture.store.outbox.nextDueAtMs(), now + 5 * leaseMs)
      const [soon] = await rows({ dueAtMs: now })
      assert.equal(await fixture.store.outbox.nextDueAtMs(), now)
      await claim()
      assert.equal(await fixture.store.outbox.nextDueAtMs(), now + leaseMs)
      await settle(soon!, 'delivered')
      assert.equal(await fixture.store.outbox.nextDueAtMs(), now + 5 * leaseMs)
    })

    test('forget removes settled rows that were last tried before, and no others', async () => {
      await drain()
      const [old, young, open] = await rows({}, {}, {})
      await claim()
      await settle(old!, 'delivered')
      await settle(open!, 'deferred', fixture.clock.nowMs() + leaseMs)
      fixture.clock.turn(1_000)
      await settle(young!, 'bounced')
      assert.ok((await fixture.store.outbox.forget(fixture.clock.nowMs())) >= 1)
      assert.equal(await fixture.store.outbox.get(old!), null)
      assert.equal((await fixture.store.outbox.get(young!))?.state, 'bounced')
      assert.equal((await fixture.store.outbox.get(open!))?.state, 'deferred')
    })

    test('rows, leases and settlements are there after the store was closed and opened again', async () => {
      await drain()
      const [handed, settled] = await rows({}, {})
      await claim()
      await settle(settled!, 'bounced')
      const before = [await fixture.store.outbox.get(handed!), await fixture.store.outbox.get(settled!)]
      await fixture.reopen()
      assert.deepEqual([await fixture.store.outbox.get(handed!), await fixture.store.outbox.get(settled!)], before)
      assert.deepEqual(await claim(), [])
    })
  })
}
