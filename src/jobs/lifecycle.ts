/**
 * The night of the lifecycle (Điều 5.4, 6.2, 6.3b): once a day in Vietnam over all nodes, soon after 00:00, or at the first look after
 * a start that missed it. Which nights are done stands in the store; the look itself costs one read.
 */
import type { LifecycleNight } from '../core/account/lifecycle-night.ts'
import type { Job } from './scheduler.ts'

const minuteMs = 60_000

export function lifecycleJobs(night: Pick<LifecycleNight, 'runIfDue' | 'tellLeftovers'>): readonly Job[] {
  return [
    {
      name: 'lifecycle',
      alone: true,
      everyMs: minuteMs,
      firstAfterMs: minuteMs,
      run: (signal) => night.runIfDue(signal),
    },
    {
      // Of acts whose process died before it told them.
      name: 'lifecycle-notices',
      alone: true,
      everyMs: 30 * minuteMs,
      async run(signal) {
        const told = await night.tellLeftovers(signal)
        return told === 0 ? null : { told }
      },
    },
  ]
}
