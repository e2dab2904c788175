/**
 * Delivery to other servers: where to (routes, else Haraka's MX look-up), and what became of it. Haraka's hooks
 * are told for a queued mail of one domain; each becomes a `report` with the outbox rows of its recipients.
 *
 * Invariants: a report is sent until core has it; Haraka never writes a bounce message of its own, core does.
 */
import type { Ask } from '../../link-types.ts'
import {
  constants,
  harakaOutbound,
  harakaOutboundConfig,
  harakaOutboundTls,
  harakaResolver,
  harakaTlsSocket,
} from '../haraka.ts'
import type { HarakaAddress, HarakaPlugin, HarakaQueuedMail, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { pathAddress } from '../paths.ts'
import type { OutboundRoute } from '../settings.ts'

type Report = Ask<'report'>

/** What the hand-over writes into the notes of a queued mail: the outbox rows of each recipient. */
export interface QueuedNotes {
  readonly rows: Readonly<Record<string, readonly string[]>>
}

/**
 * Rows that Haraka's queue holds, with the time by which something must have become of them: a row that is handed over twice
 * is queued once, unless Haraka has lost it.
 */
const queuedRows = new Map<string, number>()
/** One attempt: several hosts, each with several waits of the timeout. */
const maxAttemptMs = 15 * 60_000

export function isQueued(row: string): boolean {
  return (queuedRows.get(row) ?? 0) > Date.now()
}

export function noteQueued(rows: readonly string[], nextTryAtMs: number): void {
  for (const row of rows) queuedRows.set(row, nextTryAtMs + maxAttemptMs)
}

export function forgetQueued(rows: readonly string[]): void {
  for (const row of rows) queuedRows.delete(row)
}

export function register(this: HarakaPlugin): void {
  const { dnsServers, outbound } = ingressNode().settings
  if (dnsServers !== null) harakaResolver.setServers([...dnsServers])
  // Set here because Haraka's own syntax for them refuses waits below 5 s and falls back to days.
  harakaOutboundConfig.temp_fail_intervals = [...outbound.retryAfterSeconds]
  ingressNode().link.onUp(sendReports)
  sendWithoutDelay()
  rememberFailedTls()
  this.register_hook('get_mx', 'findRoute')
  this.register_hook('delivered', 'reportDelivered')
  this.register_hook('deferred', 'reportDeferred')
  this.register_hook('bounce', 'reportBounced')
}

/** TCP_NODELAY: the closing dot is a write of its own, which would wait 40 ms for the other side's ACK. */
function sendWithoutDelay(): void {
  const connect = harakaTlsSocket.connect
  harakaTlsSocket.connect = (options) => connect({ ...options, noDelay: true })
}

const failedTlsMs = 60 * 60_000
const maxFailedTls = 10_000

/** A host that offers TLS but cannot do it gets the next attempts in plain text (RFC 7435), for an hour. */
function rememberFailedTls(): void {
  const failed = new Map<string, number>()
  harakaOutboundTls.mark_tls_nogo = (host, then) => {
    if (failed.size >= maxFailedTls) failed.clear()
    failed.set(host, Date.now())
    then()
  }
  harakaOutboundTls.check_tls_nogo = (host, clear, fail) => {
    const since = failed.get(host)
    if (since === undefined || Date.now() - since > failedTlsMs) clear()
    else fail(new Date(since).toISOString())
  }
}

/** No new attempt starts; those in work go on. */
export function stopSending(): void {
  harakaOutboundConfig.disabled = true
}

export function reportsSent(): boolean {
  // `in progress/queued/put off`
  return harakaOutbound.get_stats().startsWith('0/') && unsent.length === 0 && inFlight === 0
}

export function findRoute(next: Next, _mail: HarakaQueuedMail, domain: string): void {
  const route = routeOf(ingressNode().settings.outbound.routes, domain)
  if (route !== undefined) return next(constants.ok, { exchange: route.host, port: route.port, priority: 0 })
  // An address literal names a machine, not a domain: nobody publishes that it takes mail (RFC 5321 §4.1.3 lets us refuse).
  if (domain.startsWith('[')) return next(constants.deny, 'address literals are not delivered to')
  next()
}

export function routeOf(routes: readonly OutboundRoute[], domain: string): OutboundRoute | undefined {
  const name = domain.toLowerCase()
  return routes.find(({ pattern }) => {
    const wanted = pattern.toLowerCase()
    return wanted === '*' || wanted === name || (wanted.startsWith('*.') && name.endsWith(wanted.slice(1)))
  })
}

/** host, ip, response, delay, port, mode, accepted recipients, TLS, authenticated. */
type Delivered = [string, string, string, number, number, string, HarakaAddress[], boolean, boolean]

export function reportDelivered(next: Next, mail: HarakaQueuedMail, about: Delivered): void {
  const [host, , response, , , , accepted, tls] = about
  const rows = accepted.flatMap((recipient) => rowsOf(mail, recipient))
  queueReport({ outcome: 'delivered', rows, reply: response, status: null, host, tls, nextTryAtMs: null })
  next()
}

export function reportDeferred(
  next: Next,
  mail: HarakaQueuedMail,
  about: { delay: number; err: unknown; fail_recips?: HarakaAddress[]; mx?: { exchange?: string } },
): void {
  const nextTryAtMs = Date.now() + about.delay * 1000
  const failed = { mail, reason: about.err, replied: about.fail_recips, host: about.mx?.exchange }
  reportEach(failed, 'deferred', nextTryAtMs)
  next()
}

export function reportBounced(
  next: Next,
  mail: HarakaQueuedMail,
  about: Error & { bounced_rcpt?: HarakaAddress[]; mx?: { exchange?: string } },
): void {
  const failed = { mail, reason: about.message, replied: about.bounced_rcpt, host: about.mx?.exchange }
  reportEach(failed, 'bounced', null)
  // Anything but CONT: Haraka writes no bounce of its own.
  next(constants.ok)
}

interface Failed {
  readonly mail: HarakaQueuedMail
  readonly reason: unknown
  /** Recipients with the reply of the other server; a mail that was split off has lost them. */
  readonly replied: readonly HarakaAddress[] | undefined
  readonly host: string | undefined
}

/** One report for each different reply. */
function reportEach(failed: Failed, outcome: 'deferred' | 'bounced', nextTryAtMs: number | null): void {
  // A queue file that cannot be read has no envelope: the lease on its rows ends, and core hands them over again.
  if (failed.mail.todo === null) return
  const reports = new Map<string, { rows: string[]; reply: string; status: string | null; host: string | null }>()
  for (const recipient of failed.mail.todo.rcpt_to) {
    const address = pathAddress(recipient)
    const replied = failed.replied?.find((other) => pathAddress(other) === address) ?? recipient
    const reply = replyOf(replied) ?? String(failed.reason)
    const status = statusOf(replied, outcome)
    const host = replied.dsn_remote_mta ?? failed.host ?? null
    const key = JSON.stringify([reply, status, host])
    const report = reports.get(key) ?? { rows: [], reply, status, host }
    report.rows.push(...rowsOf(failed.mail, recipient))
    reports.set(key, report)
  }
  for (const report of reports.values()) queueReport({ ...report, outcome, tls: false, nextTryAtMs })
}

function replyOf(recipient: HarakaAddress): string | null {
  if (recipient.dsn_smtp_response !== undefined) {
    const { dsn_smtp_code: code, dsn_smtp_extc: enhanced, dsn_smtp_response: text } = recipient
    return [code, enhanced, text].filter(Boolean).join(' ')
  }
  return recipient.reason ?? null
}

/** RFC 3463; its class follows from the outcome, whatever Haraka thought of the single attempt. */
function statusOf(recipient: HarakaAddress, outcome: 'deferred' | 'bounced'): string | null {
  const status = recipient.dsn_status ?? recipient.dsn_smtp_extc
  if (typeof status !== 'string' || !/^[245]\.\d{1,3}\.\d{1,3}$/.test(status)) return null
  return `${outcome === 'deferred' ? '4' : '5'}${status.slice(1)}`
}

function rowsOf(mail: HarakaQueuedMail, recipient: HarakaAddress): readonly string[] {
  const notes = mail.todo?.notes.congvu as QueuedNotes | undefined
  return notes?.rows[pathAddress(recipient) ?? ''] ?? []
}

const unsent: Report[] = []
let inFlight = 0
/** Beyond this the oldest are forgotten: core's lease on their rows ends, and they are tried again. */
const maxUnsent = 100_000

function queueReport(report: Report): void {
  if (report.rows.length === 0) return
  if (report.nextTryAtMs === null) forgetQueued(report.rows)
  else noteQueued(report.rows, report.nextTryAtMs)
  unsent.push({ ...report, reply: report.reply.slice(0, 2_000) })
  if (unsent.length > maxUnsent) unsent.shift()
  sendReports()
}

/** In order, all that wait; what core did not take waits for the link, or for the next report. */
function sendReports(): void {
  const { link } = ingressNode()
  if (!link.connected) return
  for (const report of unsent.splice(0)) {
    inFlight += 1
    link.ask('report', report).then(
      () => {
        inFlight -= 1
      },
      () => {
        inFlight -= 1
        unsent.push(report)
        retryReports()
      },
    )
  }
}

let retry: NodeJS.Timeout | null = null

function retryReports(): void {
  retry ??= setTimeout(() => {
    retry = null
    sendReports()
  }, 1_000)
}
