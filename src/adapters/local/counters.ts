/**
 * Counters within one process (port `Counters`). Bounded: beyond `maxCounters` the oldest are forgotten, so that a flood
 * of keys costs memory for that many and no more.
 */
import type { Clock, Counters } from '../../core/ports/world.ts'

interface Counter {
  sum: number
  readonly startedAtMs: number
  readonly windowMs: number
}

const defaultMaxCounters = 200_000

export function createLocalCounters(clock: Clock, maxCounters: number = defaultMaxCounters): Counters {
  /** In the order of their first addition. */
  const counters = new Map<string, Counter>()

  const living = (key: string): Counter | null => {
    const counter = counters.get(key)
    if (counter === undefined) return null
    if (ended(counter, clock.nowMs())) {
      counters.delete(key)
      return null
    }
    return counter
  }

  const makeRoom = (): void => {
    const now = clock.nowMs()
    for (const [key, counter] of counters) {
      if (counters.size < maxCounters && !ended(counter, now)) return
      counters.delete(key)
    }
  }

  return {
    async add(key, amount, windowMs) {
      const counter = living(key)
      if (counter !== null) return (counter.sum += amount)
      makeRoom()
      counters.set(key, { sum: amount, startedAtMs: clock.nowMs(), windowMs })
      return amount
    },
    async get(key) {
      return living(key)?.sum ?? 0
    },
    async clear(key) {
      counters.delete(key)
    },
  }
}

/** Also when the clock stepped back behind the counter's start by more than its window: it would never end else. */
function ended(counter: Counter, nowMs: number): boolean {
  return Math.abs(nowMs - counter.startedAtMs) >= counter.windowMs
}
