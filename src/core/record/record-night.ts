/** What the clock does with records: closes the days that are over, a little after midnight, and purges what has had its time. */
import { dayOfInstant, startOfDayMs, type Day } from '../account/lifecycle/civil-day.ts'
import type { AdministrationContext } from '../administration/context.ts'
import { closeDays } from './day-root.ts'
import { purgeRecords } from './purge-records.ts'

export interface RecordNight {
  /** Null: nothing was to be done. */
  run(signal: AbortSignal): Promise<{ readonly closedDays: number; readonly purged: number } | null>
}

/** Records are gathered before they are written, on every node. */
const afterMidnightMs = 10 * 60_000

export function createRecordNight(context: AdministrationContext): RecordNight {
  /** This process has done this day's. */
  let done: Day | null = null
  return {
    async run(signal) {
      const nowMs = context.clock.nowMs()
      const day = dayOfInstant(nowMs)
      if (done === day || nowMs < startOfDayMs(day) + afterMidnightMs) return null
      const closedDays = await closeDays(context, signal)
      const purged = await purgeRecords(context, signal)
      done = day
      return closedDays + purged === 0 ? null : { closedDays, purged }
    },
  }
}
