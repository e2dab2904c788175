/** The jobs of the full-text indexes: kept up when idle, and their daily upkeep. */
import type { TextIndex } from '../core/mailbox/text-index.ts'
import type { Job } from './scheduler.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const settleInMs = 30 * minuteMs

export function fullTextJobs(textIndex: Pick<TextIndex, 'keepUp' | 'upkeep'>): readonly Job[] {
  return [
    {
      name: 'full-text-keep-up',
      everyMs: 5 * minuteMs,
      async run(signal) {
        await textIndex.keepUp(signal)
        return null
      },
    },
    {
      name: 'full-text-upkeep',
      everyMs: dayMs,
      firstAfterMs: settleInMs,
      async run(signal) {
        const done = await textIndex.upkeep(signal)
        return done.kept + done.removed === 0 ? null : { ...done }
      },
    },
  ]
}
