/**
 * compose(config) → App: adapters, then core, then protocols and jobs; ended in reverse order. The only file that names
 * adapters. A protocol receives Mail, a log and its own settings, never the whole configuration.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { hostname as machineName } from 'node:os'
import { resolve } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { createArgon2Passwords } from './adapters/argon2/passwords.ts'
import { openFts5 } from './adapters/fts5/full-text.ts'
import { createLocalBus } from './adapters/local/bus.ts'
import { systemClock } from './adapters/local/clock.ts'
import { createLocalCounters } from './adapters/local/counters.ts'
import { createKeyedDigest } from './adapters/local/keyed-digest.ts'
import { createSystemRandom } from './adapters/local/random.ts'
import { createDkimSigner } from './adapters/mailauth/signer.ts'
import { createRspamdTraining } from './adapters/rspamd/training.ts'
import { openSegments } from './adapters/segments/segments.ts'
import { openSqliteStore } from './adapters/sqlite/store.ts'
import { ensureCertificate, type CertificateFiles } from './adapters/tls/certificate.ts'
import type { Config } from './config/schema.ts'
import type { FirstAdministrator } from './core/account/first-administrator.ts'
import { createMail, type MailSystem, type Ports } from './core/create-mail.ts'
import { MailError } from './core/errors.ts'
import type { Mail } from './core/mail.ts'
import type { Clock } from './core/ports/world.ts'
import { startOutboxDispatcher } from './jobs/dispatch-outbox.ts'
import { fullTextJobs } from './jobs/full-text.ts'
import { housekeepingJobs } from './jobs/housekeeping.ts'
import { startScheduler } from './jobs/scheduler.ts'
import type { Logger } from './lib/log.ts'
import { createMetrics, type Metrics } from './lib/metrics.ts'
import { listenControl } from './protocols/control/server.ts'
import { createHttp } from './protocols/http/server.ts'
import { createImapServer } from './protocols/imap/server.ts'
import { createHandover, type Handover } from './protocols/smtp/handover.ts'
import { startIngress, type Ingress } from './protocols/smtp/haraka/supervise.ts'
import { createIngressAnswers } from './protocols/smtp/ingress.ts'
import { listenLink } from './protocols/smtp/link.ts'
import { listenLmtp } from './protocols/smtp/lmtp.ts'
import { createFactsStore } from './protocols/smtp/transaction-facts.ts'
import { controllerOf, dkimOf, hostnameOf, imapLimitsOf, ingressSettingsOf, mailSettingsOf, nodeOf, placesOf, type Places } from './settings.ts'

export interface Listening {
  readonly smtp: number | null
  readonly submission: number | null
  readonly submissions: number | null
  readonly imap: number
  readonly imaps: number
  readonly lmtp: number | null
  readonly http: number
  readonly https: number
}

export interface App extends AsyncDisposable {
  readonly mail: Mail
  readonly metrics: Metrics
  readonly places: Places
  readonly listening: Listening
  readonly selfSigned: boolean
  readonly ingress: Ingress | null
  /** Only at the very first start: to be told once. */
  readonly firstAdministrator: FirstAdministrator | null
}

export interface ComposeOptions {
  readonly log: Logger
  readonly workingDirectory?: string
  /** Ports of the world that a test brings instead of the real ones. */
  readonly ports?: Partial<Ports>
  /** False: core alone, without the ingress process (tests of other parts). */
  readonly ingress?: boolean
}

const factsTimeoutMs = 10_000

/** Rejects, with everything closed again, when a part does not start. */
export async function compose(config: Config, options: ComposeOptions): Promise<App> {
  await using open = new AsyncDisposableStack()
  const { log } = options
  const machine = machineName()
  const [hostname, node] = [hostnameOf(config, machine), nodeOf(config, machine)]
  const places = placesOf(config, options.workingDirectory ?? process.cwd())
  for (const folder of [places.data, places.run, places.segments]) await mkdir(folder, { recursive: true, mode: 0o700 })
  const certificate = await ensureCertificate({ ...config.tls, directory: places.tls, names: [hostname, 'localhost'], nowMs: systemClock.nowMs() })
  const token = randomBytes(32).toString('hex')
  const metrics = createMetrics()

  const clock = options.ports?.clock ?? systemClock
  const system = await openCore(config, { places, hostname, token, options, open, metrics })
  const firstAdministrator = await system.ensureFirstAdministrator()
  const parts: Parts = { config, log, places, hostname, node, token, certificate, metrics, system, clock }
  const jobs = [...housekeepingJobs(system.delivery), ...(system.textIndex === null ? [] : fullTextJobs(system.textIndex))]
  open.use(startScheduler(jobs, { clock, log: log.child({ part: 'jobs' }) }))
  const lmtpPort = await openDelivery(parts, open)
  const front = await openFront(parts, open, options.ingress !== false)

  const closing = open.move()
  return {
    mail: system.mail,
    metrics,
    places,
    listening: { ...front.listening, lmtp: lmtpPort },
    selfSigned: certificate.selfSigned,
    ingress: front.ingress,
    firstAdministrator,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

interface Parts {
  readonly config: Config
  readonly log: Logger
  readonly places: Places
  readonly hostname: string
  readonly node: string
  readonly token: string
  readonly certificate: CertificateFiles
  readonly metrics: Metrics
  readonly system: MailSystem
  readonly clock: Clock
}

interface CoreParts {
  readonly places: Places
  readonly hostname: string
  readonly token: string
  readonly options: ComposeOptions
  readonly open: AsyncDisposableStack
  readonly metrics: Metrics
}

async function openCore(config: Config, { places, hostname, token, options, open, metrics }: CoreParts): Promise<MailSystem> {
  const given = options.ports ?? {}
  const onFault = (error: unknown): void => options.log.error({ err: error }, 'fault in the background')
  const clock = given.clock ?? systemClock
  const store = given.store ?? open.use(await openSqliteStore({ directory: places.store, clock }))
  const blobs = given.blobs ?? open.use(await openSegments({ directory: places.segments, clock }))
  const fullText = given.fullText === undefined ? open.use(await openFts5({ directory: places.fullText, clock })) : given.fullText
  const handover = open.use(createHandover({ place: { path: places.handoverSocket }, token }))
  const ports: Ports = {
    store,
    blobs,
    fullText,
    clock,
    bus: given.bus ?? createLocalBus({ onError: onFault }),
    random: given.random ?? createSystemRandom(),
    counters: given.counters ?? createLocalCounters(clock),
    passwords: given.passwords ?? createArgon2Passwords(),
    digest: given.digest ?? createKeyedDigest(),
    outbound: given.outbound ?? outboundOver(handover),
    signer: given.signer ?? signerOf(config, places, open),
    training: given.training ?? (await trainingOf(config)),
  }
  const onTrained = (kind: string, outcome: string, messages: number): void => metrics.trained.inc({ kind, outcome }, messages)
  return open.use(createMail(ports, mailSettingsOf(config, hostname), { onFault, onTrained }))
}

function signerOf(config: Config, places: Places, open: AsyncDisposableStack): Ports['signer'] {
  const dkim = dkimOf(config, places)
  return dkim === null ? null : open.use(createDkimSigner(dkim))
}

async function trainingOf(config: Config): Promise<Ports['training']> {
  const controller = controllerOf(config)
  if (controller === null) return null
  const file = config.checks.rspamd_password_file
  return createRspamdTraining({ ...controller, password: file === '' ? null : (await readFile(file, 'utf8')).trim() })
}

/** Core speaks of replies as text. */
function outboundOver(handover: Handover): Ports['outbound'] {
  return {
    async hand(batch) {
      const { accepted, refused } = await handover.hand(batch)
      return { accepted, refused: refused.map(({ id, reply }) => ({ id, reply: `${reply.code} ${reply.enhanced} ${reply.text}` })) }
    },
  }
}

/** The ways in for ingress: link, private LMTP, and the open LMTP when it is wanted. Returns the open one's port. */
async function openDelivery({ config, log, places, hostname, token, metrics, system, clock }: Parts, open: AsyncDisposableStack): Promise<number | null> {
  const facts = open.use(createFactsStore())
  const mail = measured(system.mail, metrics)
  const random = createSystemRandom()
  const lmtp = {
    mail,
    facts,
    log: log.child({ protocol: 'lmtp' }),
    nowMs: () => clock.nowMs(),
    newTransaction: () => random.id(clock.nowMs()),
    limits: { hostname, maxMessageBytes: config.smtp.max_message_bytes, maxRecipients: config.smtp.max_recipients, factsTimeoutMs },
  }
  open.use(await listenLmtp({ ...lmtp, place: { path: places.lmtpSocket } }))
  const answer = createIngressAnswers({ mail, facts, settings: { maxMessageBytes: config.smtp.max_message_bytes } })
  const linkLog = log.child({ part: 'link' })
  open.use(
    await listenLink({
      place: { path: places.linkSocket },
      token,
      answer,
      onFault: (question, error) => linkLog.error({ question, err: error }, 'question could not be answered'),
      onNode: (event, node) => linkLog.info({ node }, `ingress ${event}`),
    }),
  )
  if (!config.lmtp.enabled) return null
  const outer = open.use(await listenLmtp({ ...lmtp, place: { host: config.lmtp.host, port: config.lmtp.port } }))
  return 'port' in outer.place ? outer.place.port : null
}

/** Counts what passes: deliveries by outcome and time, reports, scanners that were silent. */
function measured(mail: Mail, metrics: Metrics): Mail {
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

interface Front {
  readonly listening: Omit<Listening, 'lmtp'>
  readonly ingress: Ingress | null
}

/** What people and the Internet reach. It ends together, so that stopping takes as long as the slowest and not as all. */
async function openFront(parts: Parts, open: AsyncDisposableStack, withIngress: boolean): Promise<Front> {
  const { config, log, places, node, certificate, metrics, system, clock } = parts
  const front: AsyncDisposable[] = []
  open.defer(async () => {
    const ended = await Promise.allSettled(front.map((one) => one[Symbol.asyncDispose]()))
    for (const result of ended) if (result.status === 'rejected') log.error({ err: result.reason as unknown }, 'a part did not stop in order')
  })
  front.push(await listenControl({ path: places.controlSocket, mail: system.mail, actor: 'operator', log: log.child({ protocol: 'control' }) }))
  const imap = createImapServer({
    mail: system.mail,
    log,
    limits: imapLimitsOf(config),
    tls: tlsContextOf(certificate),
  })
  front.push(imap)
  metrics.observeSessions('imap', () => imap.sessions)
  const imapPort = await imap.listen({ host: config.imap.host, port: config.imap.port, implicitTls: false })
  const imapsPort = await imap.listen({ host: config.imap.host, port: config.imap.tls_port, implicitTls: true })
  const ingress = withIngress ? await openIngress(parts) : null
  if (ingress !== null) front.push(ingress)
  // After ingress, which takes what is due; it stops beside it, for a hand-over ends at the latest with ingress.
  front.push(startOutboxDispatcher({ dispatch: system.delivery.dispatch, clock, log: log.child({ part: 'outbox' }), node }))
  const [http, https] = await openHttp(parts, ingress)
  front.push(http, https)
  return {
    ingress,
    listening: {
      smtp: ingress?.ports.exchange ?? null,
      submission: ingress?.ports.submission ?? null,
      submissions: ingress?.ports.submissions ?? null,
      imap: imapPort,
      imaps: imapsPort,
      http: http.port,
      https: https.port,
    },
  }
}

async function openIngress({ config, log, places, hostname, node, token, certificate, metrics, system }: Parts): Promise<Ingress> {
  const overlay = resolve('config/haraka')
  const settings = ingressSettingsOf(config, places, {
    token,
    tls: { keyPath: certificate.key, certPath: certificate.certificate },
    hostname,
    node,
    overlay: existsSync(overlay) ? overlay : null,
  })
  const ingressLog = log.child({ part: 'ingress' })
  const release = async (): Promise<void> => {
    try {
      const rows = await system.mail.outbox.release(node)
      if (rows > 0) ingressLog.warn({ rows, node }, 'outgoing mail of the lost ingress is sent again; what it was sending at that moment may arrive twice')
    } catch (error) {
      // Their leases end by themselves.
      ingressLog.error({ err: error }, 'rows of the lost ingress were not released')
    }
  }
  const ingress = await startIngress(settings, {
    log: (level, text) => ingressLog[level](text),
    onRestart: () => {
      metrics.ingressRestarts.inc()
      // Not before it listens: rows that nobody takes would be put off.
      void ingress.listening().then(release)
    },
  })
  // What an earlier run handed over is gone with its queue.
  await release()
  return ingress
}

async function openHttp({ config, log, certificate, metrics, system }: Parts, ingress: Ingress | null): Promise<[HttpListener, HttpListener]> {
  const parts = {
    registry: metrics.registry,
    onFault: (error: unknown, path: string) => log.error({ err: error, path, protocol: 'http' }, 'request failed'),
    checks: {
      store: () => system.mail.ready(),
      ...(ingress === null ? {} : { ingress: async () => { if (ingress.pid === null) throw new MailError('unavailable') } }),
    },
  }
  return [await listenHttp(config.http.host, config.http.port, parts), await listenHttp(config.http.host, config.http.tls_port, parts, certificate)]
}

interface HttpListener extends AsyncDisposable {
  readonly port: number
}

async function listenHttp(host: string, port: number, parts: Parameters<typeof createHttp>[0], tls?: CertificateFiles): Promise<HttpListener> {
  const app = createHttp(parts, tls)
  await app.listen({ host, port })
  const address = app.server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : port, [Symbol.asyncDispose]: () => app.close() }
}

/** Read anew when the files changed, so that a renewed certificate is used without a restart. */
function tlsContextOf(files: CertificateFiles): () => SecureContext {
  let made: { readonly changedMs: number; readonly context: SecureContext } | null = null
  return () => {
    const changedMs = statSync(files.certificate).mtimeMs
    if (made === null || made.changedMs !== changedMs) {
      made = { changedMs, context: createSecureContext({ cert: readFileSync(files.certificate), key: readFileSync(files.key), minVersion: 'TLSv1.2' }) }
    }
    return made.context
  }
}
