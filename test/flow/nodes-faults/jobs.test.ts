/** A job of which one node's turn is enough, on two nodes with one Redis: one node at a time, each turn once, also after Redis lost all. */
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import { systemClock } from '../../../src/adapters/local/clock.ts'
import { createLocalCounters } from '../../../src/adapters/local/counters.ts'
import { openRedis } from '../../../src/adapters/redis/redis.ts'
import { createBells } from '../../../src/core/bells.ts'
import { startScheduler, type Job } from '../../../src/jobs/scheduler.ts'
import { redisServer, withoutRedis } from '../../support/redis-server.ts'

const turns = 12
const everyMs = 100
/** Of it a turn takes so much. */
const worksMs = 30
/** A lock rests for 0.95 of the pace after the work, by Redis's clock. */
const leastApartMs = 0.9 * everyMs

test('a job that is alone takes its turns once over two nodes', { skip: withoutRedis, timeout: 60_000 }, async (t) => {
  await using server = await redisServer()
  const runs: { readonly node: string; readonly startMs: number; readonly endMs: number }[] = []
  const problems: string[] = []
  const onError = (error: unknown): void => void problems.push(String(error))
  const done = new EventEmitter()
  let atWork = 0
  await using nodes = new AsyncDisposableStack()
  for (const node of ['core-1', 'core-2']) {
    const bells = createBells({ onError })
    const up = Promise.withResolvers<void>()
    const redis = nodes.use(
      openRedis({
        url: server.url,
        self: { name: node, instance: node, startedAtMs: 0 },
        clock: systemClock,
        bells,
        ownCounters: createLocalCounters(systemClock),
        events: { onUp: up.resolve, onError },
      }),
    )
    await up.promise
    const job: Job = {
      name: 'choi',
      alone: true,
      everyMs,
      async run() {
        const startMs = performance.now()
        // A memory of locks that is lost may give one twice (core/ports/nodes.ts, N1).
        if (++atWork > 1 && runs.length < turns) problems.push(`${node} is not alone`)
        await systemClock.sleep(worksMs)
        atWork--
        runs.push({ node, startMs, endMs: performance.now() })
        done.emit('run')
        return null
      },
    }
    const told = (detail: object): void => void problems.push(JSON.stringify(detail))
    const log = { info: () => undefined, warn: told, error: told }
    nodes.use(startScheduler([job], { clock: systemClock, log, locks: redis.locks }))
  }
  while (runs.length < turns) await once(done, 'run')
  await server.command('FLUSHALL')
  while (runs.length < 2 * turns) await once(done, 'run')
  const apartMs = runs.slice(1, turns).map(({ startMs }, i) => startMs - runs[i]!.endMs)
  t.diagnostic(`${runs.length} turns, ${['core-1', 'core-2'].map((node) => `${node} ${runs.filter((run) => run.node === node).length}`).join(', ')}; apart at least ${Math.round(Math.min(...apartMs))} ms`)
  assert.deepEqual(problems, [])
  for (const apart of apartMs) assert.ok(apart >= leastApartMs, `${apart} ms apart`)
})
