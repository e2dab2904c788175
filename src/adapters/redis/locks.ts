/**
 * Locks between nodes, with fencing tokens (port `Locks`). A lock is a key that holds its token and ends with its lease; the holder
 * keeps it up until it gives it back. While Redis is away no lock is given, and who holds one loses it with its lease.
 *
 * A Redis that lost its data lost the locks too: the first that keeps its lock up, or takes it, has it then. Tokens are times of
 * Redis's clock in microseconds, or one more than the last, so that they grow all the same.
 */
import type { Lock, Locks } from '../../core/ports/nodes.ts'
import type { Clock } from '../../core/ports/world.ts'
import { isMailError } from '../../core/errors.ts'
import type { Connection } from './connection.ts'

export interface RedisLocksParts {
  readonly connection: Connection
  readonly prefix: string
  readonly clock: Clock
  readonly onError: (error: unknown) => void
  readonly leaseMs?: number
}

export interface RedisLocks extends Locks, AsyncDisposable {}

const defaultLeaseMs = 30_000

/** Keys: lock, last token. Arguments: lease. Answers the token, or nothing. */
const takeScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local now = redis.call('TIME')
local token = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, tonumber(now[1]) * 1000000 + tonumber(now[2]))
token = string.format('%.0f', token)
redis.call('SET', KEYS[2], token)
redis.call('SET', KEYS[1], token, 'PX', ARGV[1])
return token`

/** Keys: lock. Arguments: token, lease. One that nobody holds any more is taken again, under the token it was taken with. */
const keepScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

/** Keys: lock. Arguments: token, rest or 0. */
const releaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[1], 'rests', 'PX', ARGV[2]) else redis.call('DEL', KEYS[1]) end
return 1`

export function createRedisLocks(parts: RedisLocksParts): RedisLocks {
  const held = new Set<HeldLock>()
  const { connection, prefix } = parts
  const leaseMs = parts.leaseMs ?? defaultLeaseMs
  return {
    async take(name) {
      const key = `${prefix}:lock:${name}`
      const askedAtMs = performance.now()
      const token = await connection.run((client) => client.eval(takeScript, { keys: [key, `${prefix}:lock-token:${name}`], arguments: [String(leaseMs)] }))
      if (token === null) return null
      const lock = new HeldLock({ ...parts, leaseMs, key }, String(token), askedAtMs, (ended) => held.delete(ended))
      held.add(lock)
      return lock
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...held].map((lock) => lock.release()))
    },
  }
}

class HeldLock implements Lock {
  readonly token: number
  readonly #parts: RedisLocksParts & { readonly leaseMs: number; readonly key: string }
  readonly #text: string
  readonly #lost = new AbortController()
  readonly #released = new AbortController()
  readonly #onEnd: (lock: HeldLock) => void
  readonly #keeping: Promise<void>
  /** Until then nobody else is given it, by this machine's steady clock. */
  #sureUntilMs: number

  constructor(parts: RedisLocksParts & { readonly leaseMs: number; readonly key: string }, token: string, askedAtMs: number, onEnd: (lock: HeldLock) => void) {
    this.#parts = parts
    this.#text = token
    this.token = Number(token)
    this.#onEnd = onEnd
    this.#sureUntilMs = askedAtMs + parts.leaseMs
    this.#keeping = this.#keep()
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  async release(restMs = 0): Promise<void> {
    if (this.#released.signal.aborted) return
    this.#released.abort()
    await this.#keeping
    this.#onEnd(this)
    if (this.#lost.signal.aborted) return
    const { connection, key } = this.#parts
    const rest = String(Math.max(0, Math.ceil(restMs)))
    await connection.run((client) => client.eval(releaseScript, { keys: [key], arguments: [this.#text, rest] })).catch((error: unknown) => this.#unlessAway(error))
  }

  async #keep(): Promise<void> {
    const { clock, leaseMs } = this.#parts
    // Three tries in a lease; the last sixth of it is for those who look at `lost` to stop.
    while (await clock.sleep(leaseMs / 4, this.#released.signal)) {
      const askedAtMs = performance.now()
      const kept = await this.#askKept()
      if (kept === true) this.#sureUntilMs = askedAtMs + leaseMs
      if (kept === false || performance.now() > this.#sureUntilMs - leaseMs / 6) {
        this.#lost.abort()
        this.#onEnd(this)
        return
      }
    }
  }

  /** Null when it could not be asked. */
  async #askKept(): Promise<boolean | null> {
    const { connection, key, leaseMs } = this.#parts
    try {
      return (await connection.run((client) => client.eval(keepScript, { keys: [key], arguments: [this.#text, String(leaseMs)] }))) === 1
    } catch (error) {
      this.#unlessAway(error)
      return null
    }
  }

  #unlessAway(error: unknown): void {
    if (!isMailError(error, 'unavailable')) this.#parts.onError(error)
  }
}
