/**
 * Named points at which a test lets the process die or a commit fail (`name[:n]`: at the n-th passage, 1 by default):
 * `before-commit`, `after-commit`, `before-reply`, `after-reply` of a group of writes, `before-sync` and `after-sync` of a
 * group of bodies kill the process with SIGKILL as it stands there; `commit-io-error` makes that commit fail as if the
 * connection had been lost before it.
 */

export type FaultPoint = 'before-commit' | 'after-commit' | 'before-reply' | 'after-reply' | 'before-sync' | 'after-sync' | 'commit-io-error'

export interface FaultPoints {
  /** Kills the process when this is the point and the passage. */
  pass(point: Exclude<FaultPoint, 'commit-io-error'>): void
  /** Whether this commit is the one that must fail. */
  failsCommit(): boolean
}

export const noFaults: FaultPoints = { pass: () => undefined, failsCommit: () => false }

/** `fault` comes from an option or the environment of a test; a point that is not passed here does nothing. */
export function faultPoints(fault: string | undefined): FaultPoints {
  if (fault === undefined || fault === '') return noFaults
  const [name, passage = '1'] = fault.split(':')
  let left = Number(passage)
  const reached = (point: FaultPoint): boolean => point === name && --left === 0
  return {
    pass: (point) => {
      if (reached(point)) process.kill(process.pid, 'SIGKILL')
    },
    failsCommit: () => reached('commit-io-error'),
  }
}
