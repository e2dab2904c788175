/**
 * The nights of the records (Điều 7.2; ): days that are over are closed, then what has had its time is purged. Looks every
 * quarter of an hour, so that a start that missed a night makes up for it; when nothing is due that costs a few reads.
 */
import type { RecordNight } from '../core/record/record-night.ts'
import type { Job } from './scheduler.ts'

const minuteMs = 60_000

export function retentionJobs(night: RecordNight): readonly Job[] {
  return [{ name: 'records', alone: true, everyMs: 15 * minuteMs, firstAfterMs: 2 * minuteMs, run: (signal) => night.run(signal) }]
}
