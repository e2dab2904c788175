/** The bell (core/ports/world.ts, design §5.4). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Bell } from '../../src/core/change.ts'
import { until, type SharedNode, type SharedNodes } from './shared-nodes.ts'

export function busContract(name: string, make: () => Promise<SharedNodes>): void {
  describe(`${name}: bell`, () => {
    let shared: SharedNodes
    let one: SharedNode
    let other: SharedNode

    before(async () => {
      shared = await make()
      one = await shared.open('one')
      other = await shared.open('other')
    })
    after(() => shared[Symbol.asyncDispose]())

    /** Rings until it is heard: a bell that is rung the moment that somebody begins to listen may be lost. */
    const untilHeard = (heard: readonly Bell[], ring: () => void, modseq: number) =>
      until(
        () => (ring(), heard.map((bell) => bell.modseq)),
        (all) => all.includes(modseq),
      )

    test('is heard by the listeners of the account, on the node that rings and on the other', async () => {
      const heard: [Bell[], Bell[]] = [[], []]
      const stops = [one.bus.listen('a1', (bell) => heard[0].push(bell)), other.bus.listen('a1', (bell) => heard[1].push(bell))]
      await untilHeard(heard[1], () => one.bus.ring({ account: 'a1', modseq: 7 }), 7)
      await untilHeard(heard[0], () => undefined, 7)
      await untilHeard(heard[0], () => other.bus.ring({ account: 'a1', modseq: 8 }), 8)
      for (const bells of heard) assert.ok(bells.every(({ account }) => account === 'a1'))
      for (const stop of stops) stop()
    })

    test('is never heard inside the ringing, nor for another account', async () => {
      const heard: Bell[] = []
      const others: Bell[] = []
      const stops = [one.bus.listen('a2', (bell) => heard.push(bell)), one.bus.listen('a3', (bell) => others.push(bell))]
      one.bus.ring({ account: 'a2', modseq: 3 })
      assert.deepEqual(heard, [])
      await untilHeard(heard, () => undefined, 3)
      assert.deepEqual(others, [])
      for (const stop of stops) stop()
    })

    test('several at once are as good as the last one', async () => {
      const heard: Bell[] = []
      const stop = other.bus.listen('a4', (bell) => heard.push(bell))
      await untilHeard(heard, () => one.bus.ring({ account: 'a4', modseq: 1 }), 1)
      for (let modseq = 2; modseq <= 500; modseq++) one.bus.ring({ account: 'a4', modseq })
      await untilHeard(heard, () => undefined, 500)
      stop()
    })

    test('whoever stopped listening hears no more; the others do, and whoever begins again does', async () => {
      const heard: [Bell[], Bell[]] = [[], []]
      const stopFirst = other.bus.listen('a5', (bell) => heard[0].push(bell))
      const stopSecond = other.bus.listen('a5', (bell) => heard[1].push(bell))
      await untilHeard(heard[1], () => one.bus.ring({ account: 'a5', modseq: 1 }), 1)
      stopFirst()
      await untilHeard(heard[1], () => one.bus.ring({ account: 'a5', modseq: 2 }), 2)
      assert.ok(heard[0].every(({ modseq }) => modseq === 1))
      stopSecond()
      stopSecond()
      const again: Bell[] = []
      const stopThird = other.bus.listen('a5', (bell) => again.push(bell))
      await untilHeard(again, () => one.bus.ring({ account: 'a5', modseq: 3 }), 3)
      assert.ok(heard[1].every(({ modseq }) => modseq < 3))
      stopThird()
    })

    test('many accounts that come and go are all heard in the end', async () => {
      const accounts = Array.from({ length: 2_500 }, (_, i) => `many-${i}`)
      for (const account of accounts) other.bus.listen(account, () => undefined)()
      const heard = new Set<string>()
      const stops = accounts.map((account) => other.bus.listen(account, () => heard.add(account)))
      await until(
        () => {
          for (const account of accounts) if (!heard.has(account)) one.bus.ring({ account, modseq: 1 })
          return accounts.length - heard.size
        },
        (missing) => missing === 0,
      )
      for (const stop of stops) stop()
    })
  })
}
