/**
 * Delivery to other servers: whether it is still wanted, where to (routes, else Haraka's MX look-up), and what became of it.
 * Haraka's hooks are told for a queued mail of one domain; each becomes a `report` with the outbox rows of its recipients.
 *
 * Invariants: nothing goes out that core has cancelled before the attempt began; a report is sent until core has it; Haraka
 * never writes a bounce message of its own, core does.
 */
import { queueReport, reportsAtWork, sendReports, type Report } from '../delivery-reports.ts'
import {
  constants,
  harakaOutboundConfig,
  harakaOutboundTls,
  harakaResolver,
  harakaTlsSocket,
} from '../haraka.ts'
import type { HarakaAddress, HarakaPlugin, HarakaQueuedMail, Next } from '../haraka-types.ts'
import { ingressNode } from '../ingress-node.ts'
import { defaultLastReplyTimeoutMs, takeDoubts, watchLastReplies } from '../last-reply.ts'
import { boundReplies } from '../outside-replies.ts'
import { pathAddress } from '../paths.ts'
import { allRowsOf, attemptsAtWork, beginAttempt, dropRecipients, endAttempt, forgetQueued, noteQueued, notHandedAgain, rowsOf, watchPutOff } from '../queued-mail.ts'
import type { OutboundRoute } from '../settings.ts'

/** While core cannot be asked, mail waits: nobody knows what was cancelled meanwhile. */
const askAgainSeconds = 5

export function register(this: HarakaPlugin): void {
  const { dnsServers, outbound } = ingressNode().settings
  if (dnsServers !== null) harakaResolver.setServers([...dnsServers])
  // Set here because Haraka's own syntax for them refuses waits below 5 s and falls back to days.
  harakaOutboundConfig.temp_fail_intervals = [...outbound.retryAfterSeconds]
  ingressNode().link.onUp(sendReports)
  connectWithLimits(outbound.timeoutMs)
  rememberFailedTls()
  watchPutOff()
  watchLastReplies(outbound.lastReplyTimeoutMs ?? defaultLastReplyTimeoutMs)
  this.register_hook('send_email', 'askWhetherWanted')
  this.register_hook('get_mx', 'findRoute')
  this.register_hook('delivered', 'reportDelivered')
  this.register_hook('deferred', 'reportDeferred')
  this.register_hook('bounce', 'reportBounced')
}

/** TCP_NODELAY: the closing dot is a write of its own, which would wait 40 ms for the other side's ACK. */
function connectWithLimits(timeoutMs: number): void {
  const connect = harakaTlsSocket.connect
  harakaTlsSocket.connect = (options) => {
    const socket = connect({ ...options, noDelay: true })
    boundReplies(socket, timeoutMs)
    return socket
  }
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
  return attemptsAtWork() === 0 && reportsAtWork() === 0
}

/** The hook of every attempt: recipients that core does not want any more are left out, and nothing left ends the mail. */
export async function askWhetherWanted(this: HarakaPlugin, next: Next, mail: HarakaQueuedMail): Promise<void> {
  const rows = allRowsOf(mail)
  let cancelled: readonly string[]
  beginAttempt(mail)
  try {
    cancelled = notHandedAgain((await ingressNode().link.ask('wanted', { rows })).cancelled)
  } catch (error) {
    this.logwarn(`core cannot be asked, ${rows.length} rows wait: ${String(error)}`)
    noteQueued(rows, mail, Date.now() + askAgainSeconds * 1000)
    return next(constants.delay, askAgainSeconds)
  }
  dropRecipients(mail, new Set(cancelled))
  forgetQueued(cancelled)
  if (mail.todo?.rcpt_to.length === 0) return mail.discard()
  next()
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

export function reportDelivered(this: HarakaPlugin, next: Next, mail: HarakaQueuedMail, about: Delivered): void {
  const [host, , response, , , , accepted, tls] = about
  const rows = accepted.flatMap((recipient) => rowsOf(mail, recipient))
  const doubts = doubtsOf(this, mail)
  queueReport({ outcome: 'delivered', rows, reply: response, status: null, host, tls, nextTryAtMs: null, ...(doubts.length > 0 && { inDoubt: true }) })
  next()
}

/** Of the attempt that ends here. */
function doubtsOf(plugin: HarakaPlugin, mail: HarakaQueuedMail): readonly string[] {
  endAttempt(mail)
  const hosts = takeDoubts(mail)
  if (hosts.length > 0) plugin.logwarn(`${hosts.join(', ')} had the whole message and did not answer, it may arrive twice: rows ${allRowsOf(mail).join(', ')}`)
  return hosts
}

export function reportDeferred(
  this: HarakaPlugin,
  next: Next,
  mail: HarakaQueuedMail,
  about: { delay: number; err: unknown; fail_recips?: HarakaAddress[]; mx?: { exchange?: string } },
): void {
  const nextTryAtMs = Date.now() + about.delay * 1000
  const failed = { mail, reason: about.err, replied: about.fail_recips, host: about.mx?.exchange, doubts: doubtsOf(this, mail) }
  noteQueued(allRowsOf(mail), mail, nextTryAtMs)
  reportEach(failed, 'deferred', nextTryAtMs)
  next()
}

export function reportBounced(
  this: HarakaPlugin,
  next: Next,
  mail: HarakaQueuedMail,
  about: Error & { bounced_rcpt?: HarakaAddress[]; mx?: { exchange?: string } },
): void {
  const failed = { mail, reason: about.message, replied: about.bounced_rcpt, host: about.mx?.exchange, doubts: doubtsOf(this, mail) }
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
  /** Hosts that may have taken it all the same. */
  readonly doubts: readonly string[]
}

/** One report for each different reply. */
function reportEach(failed: Failed, outcome: 'deferred' | 'bounced', nextTryAtMs: number | null): void {
  // A queue file that cannot be read has no envelope: the lease on its rows ends, and core hands them over again.
  if (failed.mail.todo === null) return
  const reports = new Map<string, Pick<Report, 'reply' | 'status' | 'host' | 'inDoubt'> & { rows: string[] }>()
  for (const recipient of failed.mail.todo.rcpt_to) {
    const told = toldOf(failed, recipient, outcome)
    const key = JSON.stringify(told)
    const report = reports.get(key) ?? { ...told, rows: [] }
    report.rows.push(...rowsOf(failed.mail, recipient))
    reports.set(key, report)
  }
  for (const report of reports.values()) queueReport({ ...report, outcome, tls: false, nextTryAtMs })
}

function toldOf(failed: Failed, recipient: HarakaAddress, outcome: 'deferred' | 'bounced'): Pick<Report, 'reply' | 'status' | 'host' | 'inDoubt'> {
  const address = pathAddress(recipient)
  const replied = failed.replied?.find((other) => pathAddress(other) === address) ?? recipient
  const reply = replyOf(replied)
  const host = replied.dsn_remote_mta ?? failed.host ?? null
  const [doubted] = failed.doubts
  if (doubted === undefined) return { reply: reply ?? String(failed.reason), status: statusOf(replied, outcome), host }
  if (reply !== null) return { reply, status: statusOf(replied, outcome), host, inDoubt: true }
  // RFC 3463 §3.5, X.4.2: the connection ended in the middle of the transaction.
  const status = outcome === 'deferred' ? '4.4.2' : '5.4.2'
  return { reply: `${doubted} had the whole message and did not answer: it may have arrived`, status, host: doubted, inDoubt: true }
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
