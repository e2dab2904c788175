/** From the configuration's words to the settings that each part declares for itself. Pure; compose.ts passes them on. */
import { isAbsolute, join, resolve } from 'node:path'
import { loadRegulation, type Regulation } from './config/regulation.ts'
import type { Config } from './config/schema.ts'
import type { Role } from './core/account/account.ts'
import type { AccessSettings } from './core/administration/access.ts'
import type { DeliverySettings } from './core/delivery/settings.ts'
import { deliverySettings } from './core/delivery/settings.ts'
import type { MailSettings } from './core/create-mail.ts'
import type { ImapLimits } from './protocols/imap/settings.ts'
import { defaultImapLimits } from './protocols/imap/settings.ts'
import type { CorePlace, IngressSettings } from './protocols/smtp/haraka/settings.ts'

/** Where everything lies below the data folder. */
export interface Places {
  readonly data: string
  readonly store: string
  readonly segments: string
  readonly fullText: string
  readonly tls: string
  readonly dkim: string
  /** Seals what must be read again, e.g. secrets of second factors. */
  readonly sealingKey: string
  readonly haraka: string
  readonly run: string
  readonly controlSocket: string
  readonly linkSocket: string
  readonly lmtpSocket: string
  readonly handoverSocket: string
}

export function placesOf(config: Config, workingDirectory: string): Places {
  const folder = config.server.data_directory
  const data = isAbsolute(folder) ? folder : resolve(workingDirectory, folder)
  const run = join(data, 'run')
  return {
    data,
    store: join(data, 'store'),
    segments: join(data, 'segments'),
    fullText: join(data, 'full-text'),
    tls: join(data, 'tls'),
    dkim: join(data, 'dkim'),
    sealingKey: join(data, 'secrets', 'sealing.key'),
    haraka: join(data, 'haraka'),
    run,
    controlSocket: join(run, 'control.sock'),
    linkSocket: join(run, 'link.sock'),
    lmtpSocket: join(run, 'lmtp.sock'),
    handoverSocket: join(run, 'handover.sock'),
  }
}

/** A full host name for greetings: the setting, else the machine's own when it has a dot, else mail.<province>. */
export function hostnameOf(config: Config, machine: string): string {
  if (config.server.hostname !== '') return config.server.hostname
  const own = machine.toLowerCase()
  return own.includes('.') && !own.endsWith('.local') && !own.endsWith('.localdomain') ? own : `mail.${config.province.domain}`
}

export function nodeOf(config: Config, machine: string): string {
  return config.server.node !== '' ? config.server.node : machine.toLowerCase().replace(/[^a-z0-9._-]/g, '-').slice(0, 64) || 'node'
}

const orNull = (limit: number): number | null => (limit === 0 ? null : limit)

export function deliverySettingsOf(config: Config, hostname: string): DeliverySettings {
  const names = { hostname, mainDomain: config.province.domain }
  const defaults = deliverySettings(names)
  return deliverySettings(names, {
    maxMessageBytes: config.smtp.max_message_bytes,
    maxRecipients: config.smtp.max_recipients,
    holdAbove: config.smtp.hold_above_accounts,
    maxReceivedFields: config.smtp.max_received,
    systemReserveBytes: config.quota.reserve_bytes,
    judge: { ...defaults.judge, spamRefuseScore: orNull(config.checks.refuse_score), dmarcReject: config.checks.dmarc_reject },
    submission: { messagesPerHour: orNull(config.submission.max_messages_per_hour), recipientsPerHour: orNull(config.submission.max_recipients_per_hour) },
    agencyDisplayName: config.submission.agency_display_name,
  })
}

export const regulationOf = ({ province }: Config): Regulation => loadRegulation(province.regulation_file === '' ? undefined : province.regulation_file)

export const webUrlOf = ({ province }: Config): string => (province.web_url === '' ? `https://mail.${province.domain}` : province.web_url)

/** Throws a ConfigError when the regulation's file is wrong. */
export function mailSettingsOf(config: Config, hostname: string): MailSettings {
  const { password } = regulationOf(config)
  return {
    provinceDomain: config.province.domain,
    allowActiveAccounts: config.security.allow_active_accounts,
    defaultQuotaBytes: config.quota.default_bytes,
    passwordHistory: { individuals: password.history, administrators: password.historyOfAdministrators },
    webUrl: webUrlOf(config),
    loginDomain: config.security.login_domain === '' ? config.province.domain : config.security.login_domain,
    maxRemembered: config.security.remembered_sign_ins,
    maxMailboxesPerAccount: config.imap.max_mailboxes,
    maxMessageBytes: config.smtp.max_message_bytes,
    delivery: deliverySettingsOf(config, hostname),
  }
}

export function accessSettingsOf({ admin, province }: Config): AccessSettings {
  return {
    // Checked by config/together.ts.
    secondFactorRoles: admin.second_factor_roles as Role[],
    sessionIdleMs: admin.session_idle_minutes * 60_000,
    sessionMaxMs: admin.session_hours * 3_600_000,
    issuer: `Công Vụ ${province.domain}`,
  }
}

export const adminSettingsOf = ({ admin }: Config): { readonly requestsPerMinute: number; readonly proxies: readonly string[] } => ({
  requestsPerMinute: admin.requests_per_minute,
  proxies: admin.proxies,
})

export function imapLimitsOf(config: Config): ImapLimits {
  return {
    ...defaultImapLimits,
    maxMessageBytes: config.smtp.max_message_bytes,
    maxConnections: config.imap.max_connections,
    maxConnectionsPerIp: config.imap.max_connections_per_ip,
    drainMs: Math.max(config.server.stop_within_ms - 500, 0),
  }
}

/** Null when mail leaves unsigned. */
export function dkimOf({ outbound }: Config, places: Places): { readonly directory: string; readonly selector: string; readonly domain: string | null } | null {
  if (outbound.dkim_selector === '') return null
  return { directory: places.dkim, selector: outbound.dkim_selector, domain: outbound.dkim_domain === '' ? null : outbound.dkim_domain }
}

/** Null when the spam filter is not to learn from people. */
export function controllerOf({ checks }: Config): { readonly host: string; readonly port: number; readonly timeoutMs: number } | null {
  const place = hostPort(checks.rspamd_controller)
  return place === null ? null : { ...place, timeoutMs: checks.timeout_ms }
}

function hostPort(text: string): { readonly host: string; readonly port: number } | null {
  if (text === '') return null
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}

/** Of "domain=host:port"; the pattern of the schema does not see into lists. Throws a readable Error. */
export function routeOf(text: string): IngressSettings['outbound']['routes'][number] {
  const match = /^([^=\s]+)=([^\s:]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65535) throw new Error(`outbound.routes: ${JSON.stringify(text)}: cần / expected "domain=host:port"`)
  return { pattern: match[1]!.toLowerCase(), host: match[2]!.replace(/^\[|\]$/g, ''), port }
}

export interface IngressSecrets {
  readonly token: string
  readonly tls: { readonly keyPath: string; readonly certPath: string } | null
  readonly hostname: string
  readonly node: string
  readonly overlay: string | null
}

export function ingressSettingsOf(config: Config, places: Places, secrets: IngressSecrets): IngressSettings {
  const { smtp, checks, outbound } = config
  return {
    node: secrets.node,
    home: places.haraka,
    overlay: secrets.overlay,
    hostname: secrets.hostname,
    listenHost: smtp.host,
    ports: { exchange: smtp.port, submission: smtp.submission_port, submissions: smtp.submissions_port },
    tls: secrets.tls,
    maxMessageBytes: smtp.max_message_bytes,
    maxRecipients: smtp.max_recipients,
    limits: {
      exchangeConnectionsPerIp: smtp.max_connections_per_ip,
      submissionConnectionsPerIp: smtp.max_connections_per_ip,
      maxConnections: smtp.max_connections,
      maxErrors: 20,
      maxCommands: 2 * smtp.max_recipients + 200,
      idleTimeoutMs: smtp.idle_timeout_seconds * 1000,
      maxHeldBytes: Math.max(512 * 1024 * 1024, 4 * smtp.max_message_bytes),
    },
    checks: {
      rspamd: hostPort(checks.rspamd),
      clamd: hostPort(checks.clamd),
      spf: checks.spf || checks.dmarc,
      dkim: checks.dkim || checks.dmarc,
      dmarc: checks.dmarc,
      dnsLists: checks.dns_lists,
      karma: hostPort(checks.karma),
      unscanned: checks.unscanned,
      timeoutMs: checks.timeout_ms,
    },
    outbound: {
      routes: outbound.routes.map(routeOf),
      retryAfterSeconds: outbound.retry_seconds,
      timeoutMs: 60_000,
      maxConnections: outbound.concurrency,
    },
    link: { place: { path: places.linkSocket }, token: secrets.token },
    lmtp: { place: { path: places.lmtpSocket }, ...lmtpLimits },
    handover: { path: places.handoverSocket },
    dnsServers: outbound.dns_servers.length === 0 ? null : outbound.dns_servers,
    proxies: smtp.proxies,
    // Haraka's own lines about every connection are for looking into trouble; the mail log has what became of the mail.
    logLevel: config.log.level === 'trace' || config.log.level === 'debug' ? 'debug' : 'warn',
  }
}

/** Where core listens for ingress: sockets beside it, or the ports of [link]. */
export function waysInOf({ link }: Config, places: Places, isApart: boolean): CorePlace {
  if (!isApart) return { link: { path: places.linkSocket }, lmtp: { path: places.lmtpSocket } }
  return { link: { host: link.host, port: link.port }, lmtp: { host: link.host, port: link.lmtp_port } }
}

/** What an ingress node that runs apart has other settings for: the cores that it is linked to, and where it takes mail. */
export function corePlacesOf({ link }: Config, token: string): Pick<IngressSettings, 'link' | 'lmtp' | 'otherCores' | 'handover'> {
  const [first, ...otherCores] = link.cores.map((core): CorePlace => {
    const [host = '', port = link.port, lmtpPort = link.lmtp_port] = core.split(':')
    return { link: { host, port: Number(port) }, lmtp: { host, port: Number(lmtpPort) } }
  })
  if (first === undefined) throw new Error('link.cores: cần / expected at least one core node')
  return {
    link: { place: first.link, token },
    lmtp: { place: first.lmtp, ...lmtpLimits },
    otherCores,
    handover: { host: link.host, port: link.handover_port },
  }
}

const lmtpLimits = { maxConnections: 50, replyTimeoutMs: 120_000 }
