/** Hours of incidents that run out (Điều 8.3d), and letters about outages that are on their way (Điều 8.2): looked at every minute. */
import type { Job } from './scheduler.ts'

const minuteMs = 60_000

export interface DeadlineWatch {
  /** Alarms that were raised. */
  incidents(signal: AbortSignal): Promise<number>
  /** Mailboxes that were told of an outage. */
  outages(signal: AbortSignal): Promise<number>
}

export function deadlineJobs(watch: DeadlineWatch): readonly Job[] {
  return [
    { name: 'incidents', alone: true, everyMs: minuteMs, run: async (signal) => told('alarms', await watch.incidents(signal)) },
    { name: 'outage-letters', alone: true, everyMs: minuteMs, run: async (signal) => told('filed', await watch.outages(signal)) },
  ]
}

const told = (name: string, count: number): object | null => (count === 0 ? null : { [name]: count })
