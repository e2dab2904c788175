/**
 * Named points at which a test lets the process die or a commit fail (`name[:n[:action]]`: at the n-th passage, 1 by default):
 * `before-commit`, `after-commit`, `before-reply`, `after-reply` kill the process with SIGKILL as it stands there, or fill its
 * disk (lib/fault-action.ts);
 * `commit-io-error` makes that COMMIT fail as an error of the disk would.
 */

import { actAtFault } from '../../lib/fault-action.ts'

export type FaultPoint = 'before-commit' | 'after-commit' | 'before-reply' | 'after-reply' | 'commit-io-error'

export interface FaultPoints {
  /** Acts (kills the process) when this is the point and the passage. */
  pass(point: Exclude<FaultPoint, 'commit-io-error'>): void
  /** Whether this COMMIT is the one that must fail. */
  failsCommit(): boolean
}

export const noFaults: FaultPoints = { pass: () => undefined, failsCommit: () => false }

/** `fault` comes from an option or the environment of a test; other adapters' points are not ours and do nothing here. */
export function faultPoints(fault: string | undefined): FaultPoints {
  if (fault === undefined || fault === '') return noFaults
  const [name, passage = '1', action] = fault.split(':')
  let left = Number(passage)
  const reached = (point: FaultPoint): boolean => point === name && --left === 0
  return {
    pass: (point) => {
      if (reached(point)) actAtFault(action)
    },
    failsCommit: () => reached('commit-io-error'),
  }
}
