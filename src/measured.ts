/** Mail, counted for /metrics: deliveries by outcome and time, reports, scanners that were silent. */
import { MailError } from './core/errors.ts'
import type { Mail } from './core/mail.ts'
import type { Metrics } from './lib/metrics.ts'

export function measured(mail: Mail, metrics: Metrics): Mail {
  return {
    ...mail,
    delivery: {
      ...mail.delivery,
      async deliver(message) {
        const end = metrics.deliverySeconds.startTimer()
        for (const service of message.facts?.unanswered ?? []) metrics.unanswered.inc({ service })
        try {
          const result = await mail.delivery.deliver(message)
          metrics.delivered.inc({ outcome: result.duplicate ? 'duplicate' : 'accepted' })
          return result
        } catch (error) {
          metrics.delivered.inc({ outcome: error instanceof MailError ? error.code : 'fault' })
          throw error
        } finally {
          end()
        }
      },
      async putOff(message) {
        for (const service of message.unanswered) metrics.unanswered.inc({ service })
        metrics.delivered.inc({ outcome: 'put-off' })
        await mail.delivery.putOff(message)
      },
    },
    outbox: {
      ...mail.outbox,
      async report(report) {
        metrics.outboxReports.inc({ outcome: report.outcome }, report.rows.length)
        await mail.outbox.report(report)
      },
    },
  }
}
