/**
 * Counters that all nodes share (port `Counters`): one atomic step each, forgotten by Redis itself.
 *
 * While Redis is away, each node goes on by itself, from what it has counted: its own share of every counter is kept beside. A
 * limit is then loosened by the number of nodes at most, and nobody is refused because Redis is away.
 */
import type { Counters } from '../../core/ports/world.ts'
import { isMailError } from '../../core/errors.ts'
import type { Connection } from './connection.ts'

export interface RedisCountersParts {
  readonly connection: Connection
  readonly prefix: string
  /** This node's share. */
  readonly own: Counters
}

/** A key without an expiry cannot be: the first addition, or one after a crash in between, gives it one. */
const addScript = `
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return sum`

export function createRedisCounters({ connection, prefix, own }: RedisCountersParts): Counters {
  const keyOf = (key: string): string => `${prefix}:counter:${key}`

  const orOwn = async <T>(shared: () => Promise<T>, alone: () => Promise<T>): Promise<T> => {
    if (!connection.isUp) return alone()
    try {
      return await shared()
    } catch (error) {
      if (!isMailError(error, 'unavailable')) throw error
      return alone()
    }
  }

  return {
    async add(key, amount, windowMs) {
      const share = await own.add(key, amount, windowMs)
      return orOwn(
        async () => Number(await connection.run((client) => client.eval(addScript, { keys: [keyOf(key)], arguments: [String(amount), String(Math.max(1, Math.ceil(windowMs)))] }))),
        async () => share,
      )
    },
    get: (key) =>
      orOwn(
        async () => Number((await connection.run((client) => client.get(keyOf(key)))) ?? 0),
        () => own.get(key),
      ),
    async clear(key) {
      await own.clear(key)
      await orOwn(
        async () => void (await connection.run((client) => client.del(keyOf(key)))),
        async () => undefined,
      )
    },
  }
}
