/** Locks and living nodes (core/ports/nodes.ts, N1-N4). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Lock } from '../../src/core/ports/nodes.ts'
import { until, type SharedNode, type SharedNodes } from './shared-nodes.ts'

export function locksContract(name: string, make: () => Promise<SharedNodes>): void {
  describe(`${name}: locks`, () => {
    let shared: SharedNodes
    let one: SharedNode
    let other: SharedNode

    before(async () => {
      shared = await make()
      one = await shared.open('one')
      other = await shared.open('other')
    })
    after(() => shared[Symbol.asyncDispose]())

    test('one at a time holds a lock; given back, it can be taken again (N1)', async () => {
      const first = await one.locks.take('broom')
      assert.ok(first)
      assert.equal(await one.locks.take('broom'), null)
      assert.equal(await other.locks.take('broom'), null)
      const another = await other.locks.take('another')
      assert.ok(another)
      await first.release()
      const second = await other.locks.take('broom')
      assert.ok(second)
      // Giving back twice takes nothing from the next holder.
      await first.release()
      assert.equal(await one.locks.take('broom'), null)
      assert.equal(second.lost.aborted, false)
      await second.release()
      await another.release()
    })

    test('of many that ask at once one gets it', async () => {
      for (let round = 0; round < 20; round++) {
        const asked = await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? one : other).locks.take('crowd')))
        const got = asked.filter((lock) => lock !== null)
        assert.equal(got.length, 1)
        await got[0]!.release()
      }
    })

    test('tokens strictly grow, whoever holds it (N2)', async () => {
      let last = 0
      for (let round = 0; round < 50; round++) {
        const lock = (await (round % 2 === 0 ? one : other).locks.take('tokens'))!
        assert.ok(Number.isSafeInteger(lock.token))
        assert.ok(lock.token > last, `${lock.token} after ${last}`)
        last = lock.token
        await lock.release()
      }
    })

    test('while it rests nobody is given it, then anybody (N4)', async () => {
      const lock = (await one.locks.take('resting'))!
      await lock.release(1_000)
      assert.equal(await one.locks.take('resting'), null)
      assert.equal(await other.locks.take('resting'), null)
      const next: Lock | null = await until(
        () => other.locks.take('resting'),
        (taken) => taken !== null,
      )
      assert.ok(next!.token > lock.token)
      await next!.release()
    })

    test('every node that was opened lives', async () => {
      const names = await until(
        async () => (await one.nodes.living()).map((node) => node.name),
        (living) => living.includes(one.name) && living.includes(other.name),
      )
      assert.deepEqual(names, names.toSorted())
    })
  })
}
