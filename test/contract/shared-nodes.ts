/**
 * What the nodes share beside the store, as the contract tests of bus, counters and locks see it: several nodes side by side, of
 * an adapter that they do not know. An adapter for one process has one node only, however many are asked for.
 */
import { randomUUID } from 'node:crypto'
import { createLocalBus } from '../../src/adapters/local/bus.ts'
import { systemClock } from '../../src/adapters/local/clock.ts'
import { createLocalCounters } from '../../src/adapters/local/counters.ts'
import { createLocalLocks } from '../../src/adapters/local/locks.ts'
import { createLocalNodes } from '../../src/adapters/local/nodes.ts'
import { openRedis, type RedisOptions } from '../../src/adapters/redis/redis.ts'
import { createBells } from '../../src/core/bells.ts'
import type { Locks, Nodes } from '../../src/core/ports/nodes.ts'
import type { Bus, Counters } from '../../src/core/ports/world.ts'
import { redisServer, withoutRedis } from '../support/redis-server.ts'

export interface SharedNode extends AsyncDisposable {
  readonly name: string
  readonly bus: Bus
  readonly counters: Counters
  readonly locks: Locks
  readonly nodes: Nodes
}

export interface SharedNodes extends AsyncDisposable {
  /** Ready to be used. The adapter for one process gives the same one again. */
  open(name: string): Promise<SharedNode>
}

export interface SharedUnderTest {
  readonly name: string
  readonly unreachable: string | false
  readonly make: () => Promise<SharedNodes>
}

async function oneProcess(): Promise<SharedNodes> {
  const node: SharedNode = {
    name: 'one',
    bus: createLocalBus({ onError: fail }),
    counters: createLocalCounters(systemClock),
    locks: createLocalLocks(systemClock),
    nodes: createLocalNodes({ name: 'one', instance: 'one', startedAtMs: 0 }),
    [Symbol.asyncDispose]: async () => undefined,
  }
  return { open: async () => node, [Symbol.asyncDispose]: async () => undefined }
}

async function overRedis(): Promise<SharedNodes> {
  const server = await redisServer()
  const open: AsyncDisposable[] = []
  return {
    async open(name) {
      const node = await openRedisNode(server.url, name)
      open.push(node)
      return node
    },
    async [Symbol.asyncDispose]() {
      for (const node of open) await node[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

export async function openRedisNode(url: string, name: string, options: Partial<RedisOptions> = {}): Promise<SharedNode & { readonly isUp: () => boolean }> {
  const up = Promise.withResolvers<void>()
  const bells = options.bells ?? createBells({ onError: fail })
  const redis = openRedis({
    url,
    self: { name, instance: randomUUID(), startedAtMs: Date.now() },
    clock: systemClock,
    ownCounters: createLocalCounters(systemClock),
    ...options,
    bells,
    events: { onError: fail, ...options.events, onUp: () => { up.resolve(); options.events?.onUp?.() } },
  })
  await up.promise
  const { bus, counters, locks, nodes } = redis
  return { name, bus, counters, locks, nodes, isUp: () => redis.isUp, [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose]() }
}

function fail(error: unknown): void {
  throw error
}

export const sharedUnderTest: readonly SharedUnderTest[] = [
  { name: 'one process', unreachable: false, make: oneProcess },
  { name: 'Redis', unreachable: withoutRedis, make: overRedis },
]

const withinMs = 15_000

/** Asks again until it holds; fails with the last answer. */
export async function until<T>(ask: () => T | Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  const endMs = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms; last: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
