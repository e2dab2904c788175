/**
 * Slows the guessing of passwords down without locking anybody out.
 *
 *  - Attempts of one source on one account go one at a time. After `freeFailures` failures each further one waits before
 *    it is looked at: 1 s, 2 s, 4 s … up to 30 s. A success of that source on that account ends this at once.
 *  - A source that failed on many different accounts (one password tried on everybody) is slowed on those accounts from
 *    which it never signed in; colleagues behind the same address translation do not notice.
 *  - Another source of the same account is never slowed by either.
 *  - What waits is bounded per account and source, per source and in all; beyond that: `authentication-throttled`.
 *
 * The wait comes before the password is looked at, for a right one too: an answer that came sooner would tell which
 * guess was right.
 */
import { MailError } from '../errors.ts'
import type { Clock, Counters } from '../ports/world.ts'
import { createRecent } from './recent.ts'

export interface ThrottleLimits {
  readonly freeFailures: number
  /** Different accounts that one source may fail on before it is slowed. */
  readonly freeAccountsPerSource: number
  readonly firstDelayMs: number
  readonly maxDelayMs: number
  /** Failures are forgotten this long after the first. */
  readonly windowMs: number
  readonly maxSlowPerPair: number
  readonly maxSlowPerSource: number
  readonly maxSlow: number
  /** Attempts of all kinds that may be under way at once. */
  readonly maxPending: number
}

export const defaultThrottleLimits: ThrottleLimits = {
  freeFailures: 5,
  freeAccountsPerSource: 20,
  firstDelayMs: 1_000,
  maxDelayMs: 30_000,
  windowMs: 15 * 60_000,
  maxSlowPerPair: 4,
  maxSlowPerSource: 20,
  maxSlow: 1_000,
  maxPending: 10_000,
}

/** Pairs of account and source that have signed in and are known. */
const maxKnownPairs = 50_000

export interface Throttle {
  /**
   * Runs `check` when it is this attempt's turn, and tells whether it had to wait for that; null means that the password was
   * wrong. Refuses `authentication-throttled`, and `unavailable` when the server stops meanwhile.
   */
  run<T>(who: { readonly account: string; readonly remoteIp: string }, check: (waited: boolean) => Promise<T | null>): Promise<T | null>
}

interface Lane {
  tail: Promise<void>
  waiting: number
  slow: boolean
}

export interface ThrottlePorts {
  readonly clock: Clock
  readonly counters: Counters
  /** Aborted when the server stops: nobody waits on. */
  readonly stopping?: AbortSignal
}

export function createThrottle(ports: ThrottlePorts, limits: ThrottleLimits = defaultThrottleLimits): Throttle {
  return new GuessThrottle(ports, limits)
}

class GuessThrottle implements Throttle {
  readonly #ports: ThrottlePorts
  readonly #limits: ThrottleLimits
  readonly #known = createRecent(maxKnownPairs)
  readonly #lanes = new Map<string, Lane>()
  readonly #slowBySource = new Map<string, number>()
  #pending = 0
  #slow = 0

  constructor(ports: ThrottlePorts, limits: ThrottleLimits) {
    this.#ports = ports
    this.#limits = limits
  }

  async run<T>(who: { readonly account: string; readonly remoteIp: string }, check: (waited: boolean) => Promise<T | null>): Promise<T | null> {
    if (this.#pending >= this.#limits.maxPending) throw throttled(this.#limits.maxDelayMs)
    const source = sourceOf(who.remoteIp)
    const pair = `${who.account} ${source}`
    this.#pending++
    try {
      const slowed = !this.#known.has(pair) && (await this.#slowSource(source))
      return await this.#inLane(pair, async (lane, queued) => {
        const paused = await this.#slowPair(pair, lane)
        const result = await check(slowed || queued || paused)
        if (result === null) await this.#failed(pair, source)
        else await this.#succeeded(pair)
        return result
      })
    } finally {
      this.#pending--
    }
  }

  /** One attempt of a pair at a time, in the order in which they came. */
  async #inLane<T>(pair: string, work: (lane: Lane, queued: boolean) => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(pair) ?? { tail: Promise.resolve(), waiting: 0, slow: false }
    if (lane.slow && lane.waiting > this.#limits.maxSlowPerPair) throw throttled(this.#limits.maxDelayMs)
    this.#lanes.set(pair, lane)
    const before = lane.tail
    const queued = lane.waiting > 0
    const turn = Promise.withResolvers<void>()
    lane.tail = turn.promise
    lane.waiting++
    try {
      await before
      return await work(lane, queued)
    } finally {
      lane.waiting--
      if (lane.waiting === 0) this.#lanes.delete(pair)
      turn.resolve()
    }
  }

  /** Whether it had to wait. */
  async #slowPair(pair: string, lane: Lane): Promise<boolean> {
    const beyond = (await this.#ports.counters.get(pairKey(pair))) - this.#limits.freeFailures
    lane.slow = beyond >= 0
    if (!lane.slow) return false
    if (lane.waiting > this.#limits.maxSlowPerPair) throw throttled(this.#delayMs(beyond))
    await this.#pause(this.#delayMs(beyond))
    return true
  }

  /** Whether it had to wait. */
  async #slowSource(source: string): Promise<boolean> {
    const beyond = (await this.#ports.counters.get(sourceKey(source))) - this.#limits.freeAccountsPerSource
    if (beyond < 0) return false
    const waiting = this.#slowBySource.get(source) ?? 0
    if (waiting >= this.#limits.maxSlowPerSource) throw throttled(this.#delayMs(beyond))
    this.#slowBySource.set(source, waiting + 1)
    try {
      await this.#pause(this.#delayMs(beyond))
      return true
    } finally {
      const left = (this.#slowBySource.get(source) ?? 1) - 1
      if (left > 0) this.#slowBySource.set(source, left)
      else this.#slowBySource.delete(source)
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#slow >= this.#limits.maxSlow) throw throttled(ms)
    this.#slow++
    try {
      if (!(await this.#ports.clock.sleep(ms, this.#ports.stopping))) throw new MailError('unavailable', 'the server is stopping')
    } finally {
      this.#slow--
    }
  }

  #delayMs(beyond: number): number {
    return Math.min(this.#limits.maxDelayMs, this.#limits.firstDelayMs * 2 ** Math.min(beyond, 30))
  }

  async #failed(pair: string, source: string): Promise<void> {
    const { counters } = this.#ports
    const failures = await counters.add(pairKey(pair), 1, this.#limits.windowMs)
    // A phone that keeps trying an old password counts as one account, however often it tries.
    if (failures === 1 && !this.#known.has(pair)) await counters.add(sourceKey(source), 1, this.#limits.windowMs)
  }

  async #succeeded(pair: string): Promise<void> {
    this.#known.add(pair)
    await this.#ports.counters.clear(pairKey(pair))
  }
}

function pairKey(pair: string): string {
  return `sign-in failures ${pair}`
}

function sourceKey(source: string): string {
  return `sign-in sprayed ${source}`
}

function throttled(retryAfterMs: number): MailError {
  return new MailError('authentication-throttled', 'too many attempts', { retryAfterMs })
}

/** What counts as one source: an IPv4 address, or the /64 of an IPv6 one, which is one subscriber's. */
export function sourceOf(remoteIp: string): string {
  const ip = remoteIp.toLowerCase().replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(ip)?.[1]
  if (mapped !== undefined) return mapped
  if (!ip.includes(':')) return ip
  const [head = '', tail] = ip.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length)
  const groups = [...front, ...Array.from({ length: gap }, () => '0'), ...back]
  return `${groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`
}
