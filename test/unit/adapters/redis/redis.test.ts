/** Redis that is killed, halted, emptied or never there: nodes go on without it, and it heals by itself (design §5.4). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../../../src/adapters/local/clock.ts'
import { createLocalCounters } from '../../../../src/adapters/local/counters.ts'
import { openRedis } from '../../../../src/adapters/redis/redis.ts'
import { createBells } from '../../../../src/core/bells.ts'
import type { Bell } from '../../../../src/core/change.ts'
import { healBells } from '../../../../src/core/heal-bells.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import { openRedisNode, until } from '../../../contract/shared-nodes.ts'
import { freePort } from '../../../support/daemon.ts'
import { redisServer, withoutRedis, type RedisServer } from '../../../support/redis-server.ts'

const connection = { answerMs: 1_000, connectMs: 1_000, pingEveryMs: 50, firstRetryMs: 10, lastRetryMs: 50 }
const heartbeat = { beatEveryMs: 50, forgottenAfterMs: 600 }
const pace = { connection, heartbeat, leaseMs: 1_200 }
const healing = { hearingMs: 3_600_000, deafMs: 20, gatherMs: 5 }
const longMs = 600_000
const unavailable = (error: unknown): boolean => isMailError(error, 'unavailable')

function fail(error: unknown): void {
  throw error
}

describe('Redis', { skip: withoutRedis }, () => {
  let server: RedisServer
  before(async () => {
    server = await redisServer()
  })
  after(() => server[Symbol.asyncDispose]())

  /** A node with a store whose accounts' modseqs a test sets, and whose questions it counts. */
  async function healedNode(name: string) {
    const states = new Map<string, number>()
    const asked: (readonly string[])[] = []
    const bells = createBells({ onError: fail })
    let isUp = (): boolean => false
    const healer = healBells(
      {
        bells,
        clock: systemClock,
        hears: () => isUp(),
        onError: fail,
        changes: {
          async states(accounts) {
            asked.push(accounts)
            return new Map(accounts.filter((account) => states.has(account)).map((account) => [account, states.get(account)!]))
          },
        },
      },
      healing,
    )
    const node = await openRedisNode(server.url, name, { bells, pace, events: { onError: fail, onMissed: (accounts) => healer.soon(accounts) } })
    isUp = node.isUp
    return {
      ...node,
      states,
      asked,
      async [Symbol.asyncDispose]() {
        await node[Symbol.asyncDispose]()
        await healer[Symbol.asyncDispose]()
      },
    }
  }

  test('a bell that was lost while Redis was away is made good, by one question for all accounts', async () => {
    await using one = await openRedisNode(server.url, 'one', { pace })
    await using two = await healedNode('two')
    const accounts = Array.from({ length: 300 }, (_, i) => `lost-${i}`)
    const heard = new Map<string, number>()
    for (const account of accounts) two.bus.listen(account, (bell) => heard.set(account, bell.modseq))
    await server.kill()
    await until(() => [one.isUp(), two.isUp()], (up) => !up.includes(true))
    for (const account of accounts) {
      two.states.set(account, 5)
      one.bus.ring({ account, modseq: 5 })
    }
    // It is still away: sessions go on by polling.
    await until(() => accounts.filter((account) => heard.get(account) === 5).length, (count) => count === accounts.length)
    assert.ok(two.asked.every((asked) => asked.length <= accounts.length))
    await server.start()
    await until(() => [one.isUp(), two.isUp()], (up) => !up.includes(false))
    // Rung while the other was not subscribed again yet, perhaps.
    two.states.set('lost-7', 6)
    one.bus.ring({ account: 'lost-7', modseq: 6 })
    await until(() => heard.get('lost-7'), (modseq) => modseq === 6)
    // The store does not know of this one: it is heard by the bell.
    await until(() => (one.bus.ring({ account: 'lost-8', modseq: 9 }), heard.get('lost-8')), (modseq) => modseq === 9)
  })

  test('who begins to listen the moment that a bell rings hears of it all the same', async () => {
    await using one = await openRedisNode(server.url, 'one', { pace })
    await using two = await healedNode('two')
    for (let round = 1; round <= 50; round++) {
      const account = `moment-${round}`
      const heard: Bell[] = []
      two.states.set(account, round)
      one.bus.ring({ account, modseq: round })
      const stop = two.bus.listen(account, (bell) => heard.push(bell))
      await until(() => heard.length, (count) => count > 0)
      assert.ok(heard.every(({ modseq }) => modseq === round))
      stop()
    }
  })

  test('a Redis that hangs is noticed, and nobody waits for it twice', async () => {
    await using node = await openRedisNode(server.url, 'one', { pace: { ...pace, connection: { ...connection, pingEveryMs: 3_600_000, answerMs: 150, connectMs: 100 } } })
    await node.counters.add('hang', 3, longMs)
    server.halt()
    try {
      // The first that asks finds out; the counter goes on from this node's share.
      assert.equal(await node.counters.add('hang', 1, longMs), 4)
      await until(() => node.isUp(), (up) => !up)
      assert.equal(await node.counters.get('hang'), 4)
      await assert.rejects(node.locks.take('hang'), unavailable)
      await assert.rejects(node.nodes.living(), unavailable)
    } finally {
      server.goOn()
    }
    await until(() => node.isUp(), (up) => up)
    await node.counters.clear('hang')
    assert.equal(await node.counters.add('hang', 1, longMs), 1)
  })

  test('counters go on while Redis is away, each node by itself, and nobody is refused', async () => {
    await using one = await openRedisNode(server.url, 'one', { pace })
    await using two = await openRedisNode(server.url, 'two', { pace })
    assert.equal(await one.counters.add('k', 2, longMs), 2)
    assert.equal(await two.counters.add('k', 3, longMs), 5)
    await server.kill()
    await until(() => [one.isUp(), two.isUp()], (up) => !up.includes(true))
    assert.equal(await one.counters.add('k', 1, longMs), 3)
    assert.equal(await two.counters.get('k'), 3)
    await one.counters.clear('k')
    assert.equal(await one.counters.get('k'), 0)
    await server.start()
    await until(() => [one.isUp(), two.isUp()], (up) => !up.includes(false))
    assert.equal(await one.counters.add('k', 1, longMs), 1, 'Redis came back empty')
    assert.equal(await two.counters.add('k', 1, longMs), 2)
  })

  test('a holder that cannot keep its lock is told in time, and another gets it with a later token', async () => {
    await using one = await openRedisNode(server.url, 'one', { pace })
    await using two = await openRedisNode(server.url, 'two', { pace })
    const lock = (await one.locks.take('broom'))!
    // Kept beyond its lease, as long as Redis is there.
    const begunMs = performance.now()
    while (performance.now() - begunMs < 2 * pace.leaseMs) assert.equal(await two.locks.take('broom'), null)
    assert.equal(lock.lost.aborted, false)
    await server.kill()
    await until(() => lock.lost.aborted, (lost) => lost)
    await server.start()
    const next = await until(() => two.locks.take('broom').catch(() => null), (taken) => taken !== null)
    assert.ok(next!.token > lock.token)
    // It has not become the first one's again.
    await lock.release()
    assert.equal(await until(() => one.locks.take('broom').then((taken) => taken === null, () => false), (isHeld) => isHeld), true)
    await next!.release()
  })

  test('in an emptied Redis the holder keeps its lock, tokens grow on, and counters and nodes are there again', async () => {
    await using one = await openRedisNode(server.url, 'one', { pace: { ...pace, leaseMs: 400 } })
    await using two = await openRedisNode(server.url, 'two', { pace })
    const lock = (await one.locks.take('broom'))!
    const resting = (await two.locks.take('other'))!
    await resting.release(longMs)
    await server.command('FLUSHALL')
    await until(async () => await server.command('GET', 'congvu:lock:broom'), (token) => token === String(lock.token))
    assert.equal(await two.locks.take('broom'), null)
    const next = (await one.locks.take('other'))!
    assert.ok(next.token > resting.token)
    await until(async () => (await one.nodes.living()).map(({ name }) => name).join(), (names) => names === 'one,two')
    assert.equal(lock.lost.aborted, false)
    await lock.release()
    await next.release()
  })

  test('a node that ends is gone at once, one that dies after a while; one of the same name is told', async () => {
    const twins: string[] = []
    await using one = await openRedisNode(server.url, 'one', { pace, events: { onError: fail, onTwin: (twin) => twins.push(twin.name) } })
    const living = async () => (await one.nodes.living()).map(({ name }) => name).join()
    {
      await using two = await openRedisNode(server.url, 'two', { pace })
      await until(living, (names) => names === 'one,two')
      assert.equal((await two.nodes.living()).length, 2)
    }
    assert.equal(await living(), 'one')
    await server.command('HSET', 'congvu:nodes', 'dead', `${Date.now()} ${JSON.stringify({ name: 'dead', startedAtMs: 1 })}`, 'nonsense', 'x', 'other', `${Date.now()} []`)
    assert.equal(await living(), 'dead,one')
    await until(living, (names) => names === 'one')
    assert.equal(twins.length, 0)
    await using _twin = await openRedisNode(server.url, 'one', { pace })
    await until(() => twins.length, (count) => count === 1)
    assert.deepEqual(twins, ['one'])
  })

  test('what is published by others is heard only when it is a bell', async () => {
    await using node = await openRedisNode(server.url, 'one', { pace })
    const heard: Bell[] = []
    node.bus.listen('strange', (bell) => heard.push(bell))
    await until(async () => await server.command('PUBLISH', 'congvu:bell:strange', 'x 1'), (receivers) => receivers === 1)
    for (const message of ['', 'x', 'x y', 'x -1', 'x 1e9', 'x 99999999999999999999', 'x 2']) await server.command('PUBLISH', 'congvu:bell:strange', message)
    await until(() => heard.at(-1)?.modseq, (modseq) => modseq === 2)
    assert.ok(heard.every(({ modseq }) => modseq === 1 || modseq === 2))
  })
})

test('a node starts without Redis, says so once, and ends', async () => {
  const away: string[] = []
  const port = await freePort()
  {
    await using redis = openRedis({
      url: `redis://someone:a-secret@127.0.0.1:${port}`,
      self: { name: 'one', instance: 'x', startedAtMs: 0 },
      clock: systemClock,
      bells: createBells({ onError: fail }),
      ownCounters: createLocalCounters(systemClock),
      pace,
      events: { onError: fail, onAway: (reason) => away.push(reason) },
    })
    assert.equal(await redis.counters.add('k', 2, longMs), 2)
    await assert.rejects(redis.locks.take('k'), unavailable)
    redis.bus.ring({ account: 'a', modseq: 1 })
    await until(() => away.length, (count) => count > 0)
  }
  assert.equal(away.length, 1)
  assert.doesNotMatch(away[0]!, /a-secret/)
})
