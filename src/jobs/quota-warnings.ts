/** Mailboxes that fill up are warned (Điều 7.3d), soon after the crossing; once a day mailboxes follow the size of their class (7.3a). */
import type { QuotaWatch } from '../core/account/quota-watch.ts'
import type { Job } from './scheduler.ts'

const minuteMs = 60_000

export function quotaJobs(watch: QuotaWatch): readonly Job[] {
  const counted = (count: number): { readonly count: number } | null => (count === 0 ? null : { count })
  return [
    { name: 'quota-warnings', alone: true, everyMs: 10 * minuteMs, firstAfterMs: 3 * minuteMs, run: async (signal) => counted(await watch.warn(signal)) },
    { name: 'quota-classes', alone: true, everyMs: 24 * 60 * minuteMs, firstAfterMs: 20 * minuteMs, run: async (signal) => counted(await watch.followClasses(signal)) },
  ]
}
