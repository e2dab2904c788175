/**
 * What the clock drives: each job at its own pace, never twice at the same time, until it is told to stop. A job that fails is
 * logged and tried again at its next turn; it stops nobody else.
 */

export interface JobClock {
  nowMs(): number
  /** False when the signal aborted it. */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean>
}

export interface JobLog {
  error(detail: object, message: string): void
  info(detail: object, message: string): void
}

export interface Job {
  readonly name: string
  /** From the end of one run to the start of the next. */
  readonly everyMs: number
  /** Before the first run; default: everyMs. */
  readonly firstAfterMs?: number
  /** The answer, when there is one, goes into the log. */
  run(signal: AbortSignal): Promise<object | null>
}

export interface Scheduler extends AsyncDisposable {
  readonly names: readonly string[]
}

/** What a stop waits for jobs at work. All of them may be cut off at any point, and go on at their next turn. */
const stopWithinMs = 2_000

export function startScheduler(jobs: readonly Job[], { clock, log }: { readonly clock: JobClock; readonly log: JobLog }): Scheduler {
  const stop = new AbortController()
  const drive = async (job: Job): Promise<void> => {
    for (let waitMs = job.firstAfterMs ?? job.everyMs; await clock.sleep(waitMs, stop.signal); waitMs = job.everyMs) {
      try {
        const done = await job.run(stop.signal)
        if (done !== null) log.info({ job: job.name, ...done }, 'job done')
      } catch (error) {
        log.error({ job: job.name, err: error }, 'job failed')
      }
    }
  }
  const running = jobs.map(drive)
  return {
    names: jobs.map(({ name }) => name),
    async [Symbol.asyncDispose]() {
      stop.abort()
      const ended = new AbortController()
      const all = Promise.all(running).finally(() => ended.abort())
      await Promise.race([all, clock.sleep(stopWithinMs, ended.signal)])
    },
  }
}
