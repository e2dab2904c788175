/** Runs inputs against a target, one after the other. What a crash needs to be repeated is its number: inputs are made by number. */
import { Rng } from './rng.ts'
import type { OpenTarget, Target } from './target.ts'

export interface Crash {
  readonly target: string
  readonly index: number
  readonly error: unknown
  readonly input: Buffer
}

export interface Tally {
  readonly target: string
  readonly inputs: number
  readonly bytes: number
  readonly milliseconds: number
  readonly slowest: { readonly index: number; readonly milliseconds: number; readonly bytes: number }
  /** The largest resident memory of the process that was seen. */
  readonly maxResidentBytes: number
  readonly crashes: readonly Crash[]
}

export interface Run {
  readonly target: Target
  readonly seed: number
  readonly from: number
  readonly count: number
  /** Told before each input, so that a watcher knows where one hangs. */
  readonly onInput?: (index: number) => void
}

/** More of one target are the same one. */
const maxCrashes = 20
const memoryEvery = 500

export async function runInputs({ target, seed, from, count, onInput }: Run): Promise<Tally> {
  const open = await target.open()
  const crashes: Crash[] = []
  const slowest = { index: from, milliseconds: 0, bytes: 0 }
  let bytes = 0
  let maxResidentBytes = 0
  const started = performance.now()
  try {
    for (let index = from; index < from + count && crashes.length < maxCrashes; index++) {
      onInput?.(index)
      const rng = Rng.of(seed, target.name, index)
      const input = open.make(rng)
      bytes += input.length
      const before = performance.now()
      const error = await fire(open, input, rng)
      const milliseconds = performance.now() - before
      if (error !== null) crashes.push({ target: target.name, index, error, input })
      if (milliseconds > slowest.milliseconds) Object.assign(slowest, { index, milliseconds, bytes: input.length })
      if (index % memoryEvery === 0) maxResidentBytes = Math.max(maxResidentBytes, process.memoryUsage.rss())
    }
  } finally {
    await open[Symbol.asyncDispose]?.()
  }
  return { target: target.name, inputs: count, bytes, milliseconds: performance.now() - started, slowest, maxResidentBytes, crashes }
}

async function fire(open: OpenTarget, input: Buffer, rng: Rng): Promise<unknown> {
  try {
    await open.run(input, rng)
    return null
  } catch (error) {
    return error ?? new Error('threw nothing')
  }
}

/** The input under this number, for looking into a crash or a hang. */
export async function inputOf(target: Target, seed: number, index: number): Promise<Buffer> {
  const open = await target.open()
  try {
    return open.make(Rng.of(seed, target.name, index))
  } finally {
    await open[Symbol.asyncDispose]?.()
  }
}
