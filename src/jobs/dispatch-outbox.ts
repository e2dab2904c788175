/**
 * Keeps outgoing mail going: hands over what is due, then sleeps until the next row comes due or somebody wakes it (a new row,
 * a retry, an ingress node that came back). Stopping loses nothing: rows that were claimed and not handed are put back, and a
 * lease ends by itself.
 */
import type { Dispatch } from '../core/submission/dispatch.ts'
import { tellFailure, type JobClock, type JobLog } from './scheduler.ts'

export interface OutboxDispatcher extends AsyncDisposable {
  /** Looks for due rows now. */
  wake(): void
}

/** Rows of a node that died come due without a bell, so we look now and then in any case. */
const longestSleepMs = 60_000
const afterFailureMs = 5_000

export interface DispatcherParts {
  readonly dispatch: Dispatch
  readonly clock: JobClock
  readonly log: JobLog
  /** Name under which rows are leased: that of the ingress which takes them, or is in turn; null while none does. */
  readonly node: string | (() => string | null)
}

export function startOutboxDispatcher({ dispatch, clock, log, node }: DispatcherParts): OutboxDispatcher {
  const stop = new AbortController()
  let woken = false
  let sleep: AbortController | null = null

  const wake = (): void => {
    woken = true
    sleep?.abort()
  }
  const rest = async (ms: number): Promise<void> => {
    sleep = new AbortController()
    // Woken while it worked: rows may have come in after it looked.
    if (!woken) await clock.sleep(ms, AbortSignal.any([sleep.signal, stop.signal]))
    sleep = null
  }
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      woken = false
      let restMs = afterFailureMs
      try {
        const { nextDueAtMs } = await dispatch.run(node, stop.signal)
        restMs = nextDueAtMs === null ? longestSleepMs : Math.min(Math.max(nextDueAtMs - clock.nowMs(), 0), longestSleepMs)
      } catch (error) {
        tellFailure(log, { job: 'outbox' }, error)
      }
      await rest(restMs)
    }
  }

  const forget = dispatch.onWake(wake)
  const running = loop()
  return {
    wake,
    async [Symbol.asyncDispose]() {
      forget()
      stop.abort()
      await running
    },
  }
}
