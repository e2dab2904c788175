/** Once a month is over its statistics are taken and kept (R-10.8s); a start that missed it makes up for it. */
import type { ReportAdministration } from '../core/report/report-administration.ts'
import type { Job } from './scheduler.ts'

const minuteMs = 60_000

export function reportJobs(reports: Pick<ReportAdministration, 'takeDue'>): readonly Job[] {
  return [
    {
      name: 'reports',
      alone: true,
      everyMs: 60 * minuteMs,
      firstAfterMs: 5 * minuteMs,
      async run(signal) {
        const taken = await reports.takeDue(signal)
        return taken.length === 0 ? null : { taken }
      },
    },
  ]
}
