/** Counters (core/ports/world.ts). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { until, type SharedNode, type SharedNodes } from './shared-nodes.ts'

const longMs = 600_000

export function countersContract(name: string, make: () => Promise<SharedNodes>): void {
  describe(`${name}: counters`, () => {
    let shared: SharedNodes
    let one: SharedNode
    let other: SharedNode

    before(async () => {
      shared = await make()
      one = await shared.open('one')
      other = await shared.open('other')
    })
    after(() => shared[Symbol.asyncDispose]())

    test('add up over all nodes, by any amount, and answer the sum', async () => {
      assert.equal(await one.counters.get('a'), 0)
      assert.equal(await one.counters.add('a', 1, longMs), 1)
      assert.equal(await other.counters.add('a', 10, longMs), 11)
      assert.equal(await one.counters.add('a', 0, longMs), 11)
      assert.equal(await other.counters.get('a'), 11)
      assert.equal(await one.counters.get('b'), 0)
    })

    test('lose no addition of many at once', async () => {
      const sums = await Promise.all(Array.from({ length: 500 }, (_, i) => (i % 2 === 0 ? one : other).counters.add('busy', 1, longMs)))
      assert.deepEqual(new Set(sums), new Set(Array.from({ length: 500 }, (_, i) => i + 1)))
    })

    test('are forgotten a while after their first addition, whatever is added later, and begin anew', async () => {
      await one.counters.add('short', 5, 60)
      // Would it begin its time anew with each addition, it would never end.
      await until(
        () => one.counters.add('short', 1, 60),
        (sum) => sum === 1,
      )
      await until(
        () => other.counters.get('short'),
        (sum) => sum === 0,
      )
    })

    test('are cleared for all', async () => {
      await one.counters.add('c', 3, longMs)
      await other.counters.clear('c')
      assert.equal(await one.counters.get('c'), 0)
      await one.counters.clear('never was')
      assert.equal(await one.counters.add('c', 2, longMs), 2)
    })

    test('have names of any kind', async () => {
      for (const key of ['', ' ', 'cán bộ Nguyễn', '*', '{a}b', 'x'.repeat(2_000), '\n\0']) {
        assert.equal(await one.counters.add(key, 2, longMs), 2)
        assert.equal(await other.counters.get(key), 2)
      }
    })
  })
}
