/**
 * What the clock drives: each job at its own pace, never twice at the same time, until it is told to stop. A job that fails is
 * logged and tried again at its next turn; it stops nobody else.
 *
 * A job that is `alone` runs on one node of several, and on whichever it was, not again before its time: it takes a lock, which
 * rests afterwards. While locks are not to be had it waits; all such jobs put in order what may wait for days.
 */
import { isMailError } from '../core/errors.ts'

export interface JobClock {
  nowMs(): number
  /** False when the signal aborted it. */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean>
}

export interface JobLog {
  error(detail: object, message: string): void
  warn(detail: object, message: string): void
  info(detail: object, message: string): void
}

export interface Job {
  readonly name: string
  /** From the end of one run to the start of the next. */
  readonly everyMs: number
  /** Before the first run; default: everyMs. */
  readonly firstAfterMs?: number
  /** Once over all nodes. */
  readonly alone?: boolean
  /** The answer, when there is one, goes into the log. */
  run(signal: AbortSignal): Promise<object | null>
}

/** Port `Locks`. */
export interface JobLocks {
  take(name: string): Promise<{ readonly token: number; readonly lost: AbortSignal; release(restMs?: number): Promise<void> } | null>
}

export interface SchedulerParts {
  readonly clock: JobClock
  readonly log: JobLog
  /** Absent: there is one node. */
  readonly locks?: JobLocks
}

export interface Scheduler extends AsyncDisposable {
  readonly names: readonly string[]
}

/** A store that is away is no fault of the job, which is done at its next turn. */
export function tellFailure(log: Pick<JobLog, 'error' | 'warn'>, told: object, error: unknown): void {
  if (isMailError(error, 'unavailable')) log.warn({ ...told, reason: error.message }, 'job waits: the store is away')
  else log.error({ ...told, err: error }, 'job failed')
}

/** What a stop waits for jobs at work. All of them may be cut off at any point, and go on at their next turn. */
const stopWithinMs = 2_000
/** How soon a node looks again whether a job has become its own: its holder may have died. */
const lookAgainMs = 5 * 60_000
/** A job's next turn is that of the lock, so it comes a little early rather than a turn late. */
const restShare = 0.95

export function startScheduler(jobs: readonly Job[], { clock, log, locks }: SchedulerParts): Scheduler {
  const stop = new AbortController()
  const run = async (job: Job, signal: AbortSignal, told: object = {}): Promise<boolean> => {
    try {
      const done = await job.run(signal)
      if (done !== null) log.info({ job: job.name, ...told, ...done }, 'job done')
      return true
    } catch (error) {
      tellFailure(log, { job: job.name, ...told }, error)
      return false
    }
  }
  /** Returns how long to wait for the next look. */
  const runAlone = async (job: Job, from: JobLocks): Promise<number> => {
    const soonMs = Math.min(job.everyMs, lookAgainMs)
    // Refused while nobody knows who holds it.
    const lock = await from.take(`job ${job.name}`).catch((error: unknown) => {
      log.info({ job: job.name, err: error }, 'job waits: its lock is not to be had')
      return null
    })
    if (lock === null) return soonMs
    const done = await run(job, AbortSignal.any([stop.signal, lock.lost]), { token: lock.token })
    // After a failure another node may do better.
    await lock.release(done && !stop.signal.aborted ? job.everyMs * restShare : 0)
    return done ? job.everyMs : soonMs
  }
  const drive = async (job: Job): Promise<void> => {
    let waitMs = job.firstAfterMs ?? job.everyMs
    while (await clock.sleep(waitMs, stop.signal)) {
      waitMs = job.everyMs
      if (job.alone === true && locks !== undefined) waitMs = await runAlone(job, locks)
      else await run(job, stop.signal)
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
