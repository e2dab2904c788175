/** Several threads over all jobs; a job whose input hangs, or ends its thread, is reported with that input and goes on behind it. */
import { Worker } from 'node:worker_threads'
import type { Job, TallyMessage, WorkerInput } from './worker.ts'

export type Told = TallyMessage | { readonly lost: Lost }

export interface Lost {
  readonly target: string
  readonly index: number
  readonly why: string
}

export interface CrewOptions {
  readonly threads: number
  readonly hangMs: number
  readonly maxHeapMiB: number
}

export async function* workAll(jobs: readonly Job[], options: CrewOptions): AsyncGenerator<Told> {
  const open = [...jobs]
  const running = new Map<number, Promise<{ readonly id: number; readonly told: Told; readonly rest: Job | null }>>()
  let lastId = 0
  for (;;) {
    while (running.size < options.threads && open.length > 0) {
      const id = ++lastId
      running.set(id, runJob(open.shift()!, options).then((result) => ({ id, ...result })))
    }
    if (running.size === 0) return
    const { id, told, rest } = await Promise.race(running.values())
    running.delete(id)
    if (rest !== null) open.push(rest)
    yield told
  }
}

/** `rest`: what is left of a job behind an input that ended it. */
async function runJob(job: Job, { hangMs, maxHeapMiB }: CrewOptions): Promise<{ readonly told: Told; readonly rest: Job | null }> {
  const present = new SharedArrayBuffer(4)
  const view = new Int32Array(present)
  view[0] = job.from
  const workerData: WorkerInput = { ...job, present }
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData, resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB } })
  const { promise, resolve } = Promise.withResolvers<TallyMessage | string>()
  worker.once('message', resolve)
  worker.once('error', (error) => resolve(error instanceof Error ? String(error.stack) : String(error)))
  worker.once('exit', (code) => resolve(`the thread ended with ${code}`))
  const watch = watchFor(view, hangMs, () => resolve(`no end after ${hangMs / 1000} s`))
  const result = await promise
  clearInterval(watch)
  await worker.terminate()
  if (typeof result !== 'string') return { told: result, rest: null }
  const index = Atomics.load(view, 0)
  const left = job.from + job.count - index - 1
  return { told: { lost: { target: job.target, index, why: result } }, rest: left > 0 ? { ...job, from: index + 1, count: left } : null }
}

function watchFor(view: Int32Array, hangMs: number, hung: () => void): NodeJS.Timeout {
  let seen = -1
  let since = performance.now()
  return setInterval(() => {
    const now = Atomics.load(view, 0)
    if (now !== seen) {
      seen = now
      since = performance.now()
    } else if (performance.now() - since > hangMs) hung()
  }, 500)
}
