/** A write as the group commit takes it: what it touches, and how it is planned on drafts of the accounts. */
import type { Step } from './step.ts'

export interface Operation<R> {
  /** Numbers of the accounts it touches; they need not exist. */
  readonly accounts: readonly number[]
  /** It looks at messages of its accounts as they are in the database: in a group, nothing of those accounts goes before it. */
  readonly selects?: boolean
  /** It finds out itself which accounts it touches: a group of its own. */
  readonly solo?: boolean
  /** Two operations with a key in common are never in one group. */
  readonly keys?: readonly string[]
  /** Thread keys (threads.ts) whose threads must be known. */
  readonly threadKeys?: readonly number[]
  /** About what it weighs, for the bound of a group. */
  readonly bytes?: number
  /** May run several times; only what the last one has told the step counts. A refusal or {@link Undone} leaves nothing. */
  readonly plan: (step: Step) => R | Promise<R>
}

/** Thrown by an operation that must leave nothing behind but has an answer all the same. */
export class Undone<R> extends Error {
  readonly outcome: R

  constructor(outcome: R) {
    super('undone')
    this.outcome = outcome
  }
}
