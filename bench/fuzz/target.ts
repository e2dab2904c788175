/** One parser under fire. */
import type { Rng } from './rng.ts'

export interface Target {
  readonly name: string
  readonly what: string
  /** Of 1,000 inputs, how many are this target's. */
  readonly share: number
  open(): Promise<OpenTarget> | OpenTarget
}

export interface OpenTarget extends Partial<AsyncDisposable> {
  make(rng: Rng): Buffer
  /** Throws when the parser does what it must not; `rng` goes on where `make` left it. */
  run(input: Buffer, rng: Rng): Promise<void> | void
}
