import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLocalBus } from '../../../../src/adapters/local/bus.ts'
import { systemClock } from '../../../../src/adapters/local/clock.ts'
import { createLocalCounters } from '../../../../src/adapters/local/counters.ts'
import { createKeyedDigest } from '../../../../src/adapters/local/keyed-digest.ts'
import { createSystemRandom } from '../../../../src/adapters/local/random.ts'
import { HandClock } from '../../core/account/fakes.ts'

describe('clock', () => {
  it('sleeps, or not when told to stop', async () => {
    const stop = new AbortController()
    assert.equal(await systemClock.sleep(1), true)
    const sleeping = systemClock.sleep(2 ** 40, stop.signal)
    stop.abort()
    assert.equal(await sleeping, false)
    assert.equal(await systemClock.sleep(2 ** 40, stop.signal), false)
  })
})

describe('ids', () => {
  it('are 26 characters that grow, within a millisecond and when the clock steps back', () => {
    const random = createSystemRandom()
    const times = [1_000, 1_000, 1_000, 999, 0, 1_001, ...Array<number>(5_000).fill(1_001), 2 ** 48 - 1, 2 ** 48]
    const ids = times.map((ms) => random.id(ms))
    for (const id of ids) assert.match(id, /^[0-9abcdefghjkmnpqrstvwxyz]{26}$/)
    assert.deepEqual(ids, [...ids].sort())
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(ids[0]?.slice(0, 10), '00000000z8')
  })
  it('of two instances differ', () => {
    assert.notEqual(createSystemRandom().id(5), createSystemRandom().id(5))
  })
  it('bytes are as many as asked for', () => {
    assert.equal(createSystemRandom().bytes(33).length, 33)
  })
})

describe('bell', () => {
  it('rings for the listeners of the account, later and together', async () => {
    const heard: string[] = []
    const bus = createLocalBus({ onError: assert.ifError })
    const stop = bus.listen('a', ({ modseq }) => void heard.push(`1:${modseq}`))
    bus.listen('a', ({ modseq }) => void heard.push(`2:${modseq}`))
    bus.listen('b', () => void heard.push('b'))
    bus.ring({ account: 'a', modseq: 5 })
    bus.ring({ account: 'a', modseq: 4 })
    bus.ring({ account: 'nobody', modseq: 1 })
    assert.deepEqual(heard, [])
    await Promise.resolve()
    assert.deepEqual(heard, ['1:5', '2:5'])
    stop()
    stop()
    bus.ring({ account: 'a', modseq: 6 })
    await Promise.resolve()
    assert.deepEqual(heard, ['1:5', '2:5', '2:6'])
  })

  it('a listener that throws keeps nobody from hearing; one that rings again is heard', async () => {
    const errors: unknown[] = []
    const heard: number[] = []
    const bus = createLocalBus({ onError: (error) => void errors.push(error) })
    bus.listen('a', () => {
      throw new TypeError('bug')
    })
    bus.listen('a', ({ modseq }) => {
      heard.push(modseq)
      if (modseq < 3) bus.ring({ account: 'a', modseq: modseq + 1 })
    })
    bus.ring({ account: 'a', modseq: 1 })
    await new Promise(setImmediate)
    assert.deepEqual(heard, [1, 2, 3])
    assert.equal(errors.length, 3)
  })
})

describe('counters', () => {
  it('add up, and forget themselves after the window of the first addition', async () => {
    const clock = new HandClock()
    const counters = createLocalCounters(clock)
    assert.equal(await counters.add('a', 1, 1000), 1)
    await clock.turn(600)
    assert.equal(await counters.add('a', 2, 1000), 3)
    assert.equal(await counters.get('a'), 3)
    await clock.turn(400)
    assert.equal(await counters.get('a'), 0)
    assert.equal(await counters.add('a', 1, 1000), 1)
    await counters.clear('a')
    assert.equal(await counters.get('a'), 0)
  })
  it('end also when the clock steps far back', async () => {
    const clock = new HandClock()
    const counters = createLocalCounters(clock)
    await counters.add('a', 1, 1000)
    clock.now -= 1_000_000
    assert.equal(await counters.get('a'), 0)
  })
  it('are bounded: the oldest go first', async () => {
    const counters = createLocalCounters(new HandClock(), 3)
    for (const key of ['a', 'b', 'c', 'd']) await counters.add(key, 1, 1000)
    assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd'].map((key) => counters.get(key))), [0, 1, 1, 1])
  })
})

describe('keyed digest', () => {
  it('is the same for the same text in one process, and another with another key', () => {
    const digest = createKeyedDigest()
    assert.equal(digest.of('mật khẩu'), digest.of('mật khẩu'))
    assert.notEqual(digest.of('a'), digest.of('b'))
    assert.notEqual(digest.of('a'), createKeyedDigest().of('a'))
    assert.equal(Buffer.from(digest.of('a'), 'base64').length, 32)
  })
})
