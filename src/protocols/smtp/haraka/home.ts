/**
 * Haraka's home folder, from our settings: a pure map of file → text, and the writing of it. Our schema stays the single
 * truth; an operator's own files (`config/haraka/`) are laid over it.
 *
 * Known of Haraka 3.3.4: without `connection.ini` the first connection crashes it; without `nodes=0` it forks; without
 * `dhparams.pem` it spends minutes making one; its own limits refuse or refold mail, so they are set never to fire first.
 */
import { createDiffieHellmanGroup } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IngressSettings, PluginSettings } from './settings.ts'

/** Our plugins in the order of their hooks: of equal priority, the first listed runs first. */
const ourPlugins = ['connect-limits', 'auth', 'mail-from', 'recipient', 'raw', 'facts', 'deliver', 'outbound', 'handover']
const pluginFolder = fileURLToPath(new URL('plugins/', import.meta.url))

export function homeFiles(settings: IngressSettings, operatorPlugins: readonly string[] = []): Map<string, string> {
  const files = new Map<string, string>()
  const put = (name: string, text: string): void => void files.set(`config/${name}`, text)
  const ours = [...ourPlugins, ...checkPlugins(settings)]
  put('me', `${oneLine(settings.hostname)}\n`)
  put('plugins', `${[...packagePlugins(settings), ...operatorPlugins, ...ours.map((name) => `congvu-${name}`)].join('\n')}\n`)
  put('smtp.ini', smtpIni(settings))
  put('connection.ini', connectionIni(settings))
  put('tls.ini', tlsIni(settings))
  put('dhparams.pem', diffieHellmanParameters())
  put('outbound.ini', outboundIni(settings))
  put('net-utils.ini', ini({ dns: { timeout: Math.min(settings.outbound.timeoutMs, maxDnsTimeoutMs), tries: 2 } }))
  put('log.ini', ini({ main: { level: settings.logLevel, timestamps: false, format: 'default' } }))
  put('loglevel', `${settings.logLevel}\n`)
  put('http.ini', ini({ main: {} }))
  put('results.ini', ini({ main: { redis_publish: settings.checks.karma !== null } }))
  put('queue_dir', `${path.join(settings.home, 'queue')}\n`)
  for (const name of ours) {
    // Ours keep their own time; Haraka's limit (30 s) would answer 450 and let the hook's late answer fall.
    put(`congvu-${name}.timeout`, '0\n')
    files.set(`plugins/congvu-${name}.js`, `Object.assign(exports, require(${JSON.stringify(pluginFolder + name)} + '.ts'))\n`)
  }
  for (const [name, text] of checkFiles(settings)) put(name, text)
  put('congvu.json', `${JSON.stringify(pluginSettings(settings, operatorPlugins), null, 2)}\n`)
  return files
}

function checkPlugins({ checks }: IngressSettings): string[] {
  const plugins = []
  if (checks.rspamd !== null) plugins.push('scanners')
  if (checks.spf || checks.dkim || checks.dmarc) plugins.push('message-auth')
  if (checks.dnsLists.length > 0) plugins.push('dns-lists')
  return plugins
}

function packagePlugins({ checks, tls }: IngressSettings): string[] {
  const plugins = []
  if (tls !== null) plugins.push('tls')
  if (checks.karma !== null) plugins.push('redis', 'karma')
  if (checks.rspamd !== null) plugins.push('rspamd')
  if (checks.clamd !== null) plugins.push('clamd')
  return plugins
}

const maxDnsTimeoutMs = 10_000

function smtpIni(settings: IngressSettings): string {
  const { ports, listenHost, limits } = settings
  const host = listenHost.includes(':') ? `[${listenHost}]` : listenHost
  const listen = [ports.exchange, ports.submission, ports.submissions]
    .filter((port) => port !== null)
    .map((port) => `${host}:${port}`)
  return ini({
    main: {
      listen: listen.join(','),
      smtps_port: ports.submissions ?? 0,
      nodes: 0,
      inactivity_timeout: seconds(limits.idleTimeoutMs),
      graceful_shutdown: false,
      daemonize: false,
    },
    headers: { add_received: false },
  })
}

/** A number that no message reaches, for limits of Haraka's that are not to refuse anything. */
const noLimit = 1_000_000_000

function connectionIni(settings: IngressSettings): string {
  return ini({
    main: { spool_after: -1, strict_rfc1869: false, postel: false, smtputf8: true },
    haproxy: { enabled: settings.proxies.length > 0, 'hosts[]': settings.proxies },
    headers: { add_received: false, clean_auth_results: false, show_version: false, max_lines: noLimit, max_received: noLimit },
    // bytes=0: the limit is enforced where the bytes are kept, with its own reply.
    max: { bytes: 0, mime_parts: noLimit, line_length: 12_290, data_line_length: noLimit },
    message: { 'greeting[]': ['Cong Vu'], helo: 'xin chao', close: 'bye' },
    uuid: { banner_chars: 0, deny_chars: 0 },
  })
}

function tlsIni({ tls }: IngressSettings): string {
  const files: Record<string, IniValue> = tls === null ? {} : { key: tls.keyPath, cert: tls.certPath }
  return ini({
    main: { ...files, minVersion: 'TLSv1.2', requestCert: false, rejectUnauthorized: false, requestOCSP: false },
    // To other servers TLS is used when they offer it, whatever their certificate (RFC 7435).
    outbound: { minVersion: 'TLSv1.2', rejectUnauthorized: false },
    redis: { disable_for_failed_hosts: false },
  })
}

function outboundIni({ outbound }: IngressSettings): string {
  return ini({
    main: {
      enable_tls: true,
      connect_timeout: seconds(outbound.timeoutMs),
      concurrency_max: outbound.maxConnections,
      received_header: 'disabled',
      local_mx_ok: false,
    },
  })
}

/** Scanners report; nothing of theirs refuses, rewrites or adds a header: that is core's to decide. */
function checkFiles({ checks, maxMessageBytes }: IngressSettings): [string, string][] {
  const files: [string, string][] = []
  const all = { authenticated: true, relay: true, private_ip: true, local_ip: true }
  const outerSeconds = Math.ceil(checks.timeoutMs / 1000) + 30
  if (checks.rspamd !== null) {
    files.push([
      'rspamd.ini',
      ini({
        main: { host: checks.rspamd.host, port: checks.rspamd.port, timeout: seconds(checks.timeoutMs), add_headers: 'never' },
        check: all,
        reject: { spam: false, authenticated: false },
        soft_reject: { enabled: false },
        rewrite_subject: { enabled: false },
        rmilter_headers: { enabled: false },
        dkim: { enabled: false },
        defer: { error: false, timeout: false },
      }),
    ])
    files.push(['rspamd.timeout', `${outerSeconds}\n`])
  }
  if (checks.clamd !== null) {
    files.push([
      'clamd.ini',
      ini({
        main: {
          clamd_socket: `${checks.clamd.host}:${checks.clamd.port}`,
          timeout: seconds(checks.timeoutMs),
          connect_timeout: seconds(checks.timeoutMs),
          max_size: maxMessageBytes,
        },
        reject: { virus: false, error: false },
        check: all,
      }),
    ])
    files.push(['clamd.timeout', `${outerSeconds * 2}\n`])
  }
  if (checks.karma !== null) {
    files.push(['redis.ini', ini({ server: { host: checks.karma.host, port: checks.karma.port } })])
    files.push(['karma.timeout', '3\n'])
  }
  return files
}

function pluginSettings(settings: IngressSettings, operatorPlugins: readonly string[]): PluginSettings {
  const { tls, overlay: _overlay, logLevel: _logLevel, ...rest } = settings
  return { ...rest, startTls: tls !== null, parseHeader: operatorPlugins.length > 0 }
}

type IniValue = string | number | boolean | readonly string[]

function ini(sections: Record<string, Record<string, IniValue>>): string {
  const lines: string[] = []
  for (const [section, values] of Object.entries(sections)) {
    lines.push(`[${section}]`)
    for (const [key, value] of Object.entries(values)) {
      for (const item of Array.isArray(value) ? value : [value]) lines.push(`${key}=${oneLine(String(item))}`)
    }
    lines.push('')
  }
  return lines.join('\n')
}

/** A value of ours never opens a line of its own in a file of Haraka's. */
function oneLine(value: string): string {
  // eslint-disable-next-line no-control-regex
  return value.replace(/[\x00-\x1f\x7f]+/g, ' ').trim()
}

function seconds(ms: number): number {
  return ms / 1000
}

/** RFC 3526 group 14 as PEM (PKCS #3): SEQUENCE { INTEGER prime, INTEGER generator }. */
function diffieHellmanParameters(): string {
  const prime = createDiffieHellmanGroup('modp14').getPrime()
  const der = (tag: number, ...content: Buffer[]): Buffer => {
    const body = Buffer.concat(content)
    return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 0xff]), body])
  }
  const generator = Buffer.from([0x02, 0x01, 0x02])
  const base64 = der(0x30, der(0x02, Buffer.from([0]), prime), generator).toString('base64')
  return `-----BEGIN DH PARAMETERS-----\n${base64.match(/.{1,64}/g)!.join('\n')}\n-----END DH PARAMETERS-----\n`
}

/** Writes the home anew. What it held is removed first; the queue is not: `supervise.ts` decides about it. */
export async function writeHome(settings: IngressSettings): Promise<void> {
  const { home, overlay } = settings
  const operator = overlay === null ? [] : await operatorFiles(overlay)
  await Promise.all(['config', 'plugins'].map((folder) => rm(path.join(home, folder), { recursive: true, force: true })))
  await mkdir(path.join(home, 'config'), { recursive: true, mode: 0o700 })
  await mkdir(path.join(home, 'plugins'), { recursive: true })
  await mkdir(path.join(home, 'queue'), { recursive: true, mode: 0o700 })
  const listed = operator.includes('plugins') ? await readList(path.join(overlay!, 'plugins')) : []
  for (const [name, text] of homeFiles(settings, listed)) {
    // congvu.json holds the token of the link.
    await writeFile(path.join(home, name), text, { mode: 0o600 })
  }
  for (const name of operator) {
    if (name !== 'plugins') await cp(path.join(overlay!, name), path.join(home, 'config', name), { recursive: true })
  }
  const own = overlay === null ? null : path.join(overlay, 'plugins.d')
  if (own !== null && operator.includes('plugins.d')) await cp(own, path.join(home, 'plugins'), { recursive: true })
}

async function operatorFiles(overlay: string): Promise<string[]> {
  try {
    return (await readdir(overlay)).filter((name) => name !== 'README' && !name.startsWith('.'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function readList(file: string): Promise<string[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '' && !/^[#;]/.test(line))
}
