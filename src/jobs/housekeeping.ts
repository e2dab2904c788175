/**
 * The jobs of delivery: held deliveries completed, bodies swept, records of transactions and tombstones dropped in their time. Held
 * deliveries are completed by every node: mail does not wait for a lock, and each account is filed once whoever does it.
 */
import type { HeldDeliveries } from '../core/delivery/held.ts'
import type { Housekeeping } from '../core/delivery/housekeeping.ts'
import type { Job } from './scheduler.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** After a start: first the mail that is waiting, then the broom. */
const settleInMs = 10 * minuteMs

export function housekeepingJobs({ held, housekeeping }: { readonly held: HeldDeliveries; readonly housekeeping: Housekeeping }): readonly Job[] {
  return [
    { name: 'held-deliveries', everyMs: minuteMs, firstAfterMs: 0, run: async () => counted(await held.sweep()) },
    { name: 'body-sweep', alone: true, everyMs: 6 * hourMs, firstAfterMs: settleInMs, run: async () => ({ ...(await housekeeping.sweepBodies()) }) },
    { name: 'forget-deliveries', alone: true, everyMs: 24 * hourMs, firstAfterMs: settleInMs, run: async () => counted(await housekeeping.forgetDeliveries()) },
    { name: 'forget-outbox', alone: true, everyMs: 24 * hourMs, firstAfterMs: settleInMs, run: async () => counted(await housekeeping.forgetOutbox()) },
    { name: 'prune-tombstones', alone: true, everyMs: 24 * hourMs, firstAfterMs: settleInMs, run: async () => counted(await housekeeping.pruneTombstones()) },
  ]
}

/** Nothing done is not worth a line in the log. */
function counted(count: number): { readonly count: number } | null {
  return count === 0 ? null : { count }
}
