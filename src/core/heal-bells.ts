/**
 * Makes lost bells good (design §5.4): asks the store for the modseq of every account that has listeners here, in one query, and
 * rings for those that are further than their listeners have heard. Now and then in any case; at once after the bus came back;
 * and often while it is away, which is how sessions go on without it.
 */
import type { Bells } from './bells.ts'
import type { AccountId } from './mailbox/mailbox.ts'
import { isMailError } from './errors.ts'
import type { ChangeStore } from './ports/store.ts'
import type { Clock } from './ports/world.ts'

export interface BellHealing extends AsyncDisposable {
  /** Asks for these accounts soon, together with others that come until then; for all of them now when none are named. */
  soon(accounts?: readonly AccountId[]): void
}

export interface BellHealingParts {
  readonly bells: Bells
  readonly changes: Pick<ChangeStore, 'states'>
  readonly clock: Clock
  /** Whether other processes' bells can be heard now. */
  readonly hears: () => boolean
  /** Gets what the store throws beside its refusals, which is a bug. */
  readonly onError: (error: unknown) => void
}

export interface BellHealingPace {
  readonly hearingMs: number
  readonly deafMs: number
  /** How long accounts gather that somebody has just begun to listen for. */
  readonly gatherMs: number
}

export const defaultBellHealingPace: BellHealingPace = { hearingMs: 60_000, deafMs: 3_000, gatherMs: 500 }

export function healBells(parts: BellHealingParts, pace: BellHealingPace = defaultBellHealingPace): BellHealing {
  const { bells, changes, clock, hears, onError } = parts
  const stop = new AbortController()
  const gathered = new Set<AccountId>()
  let woken: AbortController | null = null
  let all = false

  const heal = async (accounts: readonly AccountId[]): Promise<void> => {
    if (accounts.length === 0) return
    try {
      for (const [account, modseq] of await changes.states(accounts)) if (!bells.hasHeard({ account, modseq })) bells.tell({ account, modseq })
    } catch (error) {
      // The store is away: the next round asks again.
      if (!isMailError(error)) onError(error)
    }
  }

  const rest = async (ms: number): Promise<void> => {
    woken = new AbortController()
    await clock.sleep(ms, AbortSignal.any([woken.signal, stop.signal]))
    woken = null
  }

  let roundEndedMs = clock.nowMs()
  /** Until the next round over all; a clock that was set back does not make it longer. */
  const leftMs = (): number => {
    const pauseMs = hears() ? pace.hearingMs : pace.deafMs
    const sinceMs = clock.nowMs() - roundEndedMs
    return all || sinceMs < 0 ? 0 : Math.max(0, pauseMs - sinceMs)
  }

  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      if (gathered.size === 0) await rest(leftMs())
      // Also when it is woken for some: those that come in the next moment go with them.
      if (gathered.size > 0 && leftMs() > 0) await rest(Math.min(pace.gatherMs, leftMs()))
      if (stop.signal.aborted) return
      const isForAll = leftMs() === 0
      const asked = isForAll ? bells.accounts() : [...gathered].filter((account) => bells.isListened(account))
      gathered.clear()
      if (isForAll) all = false
      await heal(asked)
      if (isForAll) roundEndedMs = clock.nowMs()
    }
  }

  const running = loop()
  return {
    soon(accounts) {
      if (accounts === undefined) {
        all = true
        woken?.abort()
        return
      }
      const first = gathered.size === 0
      for (const account of accounts) gathered.add(account)
      // Those that come while it gathers do not make it wait longer.
      if (first) woken?.abort()
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}
