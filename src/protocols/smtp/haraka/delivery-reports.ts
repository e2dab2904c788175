/** Reports of what became of outgoing mail, on their way to core: in order, each until core has it. */
import type { Ask } from '../link-types.ts'
import { ingressNode } from './ingress-node.ts'
import { forgetQueued } from './queued-mail.ts'

export type Report = Ask<'report'>

const unsent: Report[] = []
let inFlight = 0
let retry: NodeJS.Timeout | null = null
/** Beyond this the oldest are forgotten: core's lease on their rows ends, and they are tried again. */
const maxUnsent = 100_000
const maxReplyLength = 2_000
const retryAfterMs = 1_000

export function queueReport(report: Report): void {
  if (report.rows.length === 0) return
  unsent.push({ ...report, reply: report.reply.slice(0, maxReplyLength) })
  if (unsent.length > maxUnsent) settled(unsent.shift()!)
  sendReports()
}

export function reportsAtWork(): number {
  return unsent.length + inFlight
}

/** All that wait; what core did not take waits for the link, or for the next report. */
export function sendReports(): void {
  const { link } = ingressNode()
  if (!link.connected) return
  for (const report of unsent.splice(0)) {
    inFlight += 1
    link.ask('report', report).then(
      () => {
        inFlight -= 1
        settled(report)
      },
      () => {
        inFlight -= 1
        unsent.push(report)
        retry ??= setTimeout(sendAgain, retryAfterMs)
      },
    )
  }
}

function sendAgain(): void {
  retry = null
  sendReports()
}

/** Not before core knows: a row that it hands over meanwhile, because its lease has ended, must not go out again. */
function settled(report: Report): void {
  if (report.nextTryAtMs === null) forgetQueued(report.rows)
}
