/** A thread that runs inputs of one target. It notes the number of each before it begins, so that a hang can be named. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { runInputs, type Crash, type Tally } from './run.ts'
import { targets } from './targets.ts'

export interface Job {
  readonly target: string
  readonly seed: number
  readonly from: number
  readonly count: number
}

export interface WorkerInput extends Job {
  /** One 32-bit number: the input that is being run. */
  readonly present: SharedArrayBuffer
}

/** As it crosses to the main thread: errors become text. */
export type TallyMessage = Omit<Tally, 'crashes'> & { readonly crashes: readonly (Omit<Crash, 'error' | 'input'> & { readonly error: string; readonly input: Uint8Array })[] }

if (!isMainThread) await work(workerData as WorkerInput)

async function work({ target: name, seed, from, count, present }: WorkerInput): Promise<void> {
  const view = new Int32Array(present)
  const target = targets.find((one) => one.name === name)!
  const tally = await runInputs({ target, seed, from, count, onInput: (index) => Atomics.store(view, 0, index) })
  const crashes = tally.crashes.map((crash) => ({ ...crash, error: textOf(crash.error) }))
  parentPort!.postMessage({ ...tally, crashes } satisfies TallyMessage)
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by ${textOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
