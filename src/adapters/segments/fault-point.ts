/**
 * Named places at which a test lets the process die: before and after the sync of a group of bodies; in a sweep, before
 * records are marked dead (their bytes are zeros by then) and before and after a compacted file takes the old one's name.
 */

import { actAtFault } from '../../lib/fault-action.ts'

export type FaultName = 'before-sync' | 'after-sync' | 'before-mark' | 'before-rename' | 'after-rename'

export type FaultPoint = (passing: FaultName) => void

/** `name[:n[:action]]`: at the n-th passage of that point the process kills itself with SIGKILL, or does what the action says. */
export function faultPointOf(setting: string | undefined): FaultPoint {
  if (setting === undefined || setting === '') return () => undefined
  const [name, count, action] = setting.split(':')
  let left = Number(count ?? 1)
  return (passing) => {
    if (passing === name && --left === 0) actAtFault(action)
  }
}
