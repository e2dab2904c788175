/**
 * compose(config) → App: adapters, then core, then protocols and jobs; ended in reverse order. composeIngress(config): an ingress
 * node that runs apart from core. Only the compose files name adapters; those of the province are loaded only where they are used. A
 * protocol receives Mail, a log and its own settings, never the whole configuration.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { hostname as machineName } from 'node:os'
import { resolve } from 'node:path'
import { createArgon2Passwords } from './adapters/argon2/passwords.ts'
import { openFts5 } from './adapters/fts5/full-text.ts'
import { createLocalBus } from './adapters/local/bus.ts'
import { systemClock } from './adapters/local/clock.ts'
import { createLocalCounters } from './adapters/local/counters.ts'
import { createKeyedDigest } from './adapters/local/keyed-digest.ts'
import { createLocalLocks } from './adapters/local/locks.ts'
import { createSystemRandom } from './adapters/local/random.ts'
import { createDkimSigner } from './adapters/mailauth/signer.ts'
import { createRspamdTraining } from './adapters/rspamd/training.ts'
import { openSegments } from './adapters/segments/segments.ts'
import { openSqliteStore } from './adapters/sqlite/store.ts'
import { ensureCertificate, type CertificateFiles } from './adapters/tls/certificate.ts'
import { administrationOf, deadlinesOf, listenAdministration } from './compose-administration.ts'
import { openProvinceBodies } from './compose-bodies.ts'
import type { Config } from './config/schema.ts'
import type { FirstAdministrator } from './core/account/first-administrator.ts'
import { createLifecycleNight } from './core/account/lifecycle-night.ts'
import type { Administration } from './core/administration/administration.ts'
import { createQuotaWatch } from './core/account/quota-watch.ts'
import { createRecordNight } from './core/record/record-night.ts'
import { faultRecord, startedRecord, stoppedRecord } from './core/record/system-records.ts'
import { createBells } from './core/bells.ts'
import { createMail, type MailSystem, type Ports } from './core/create-mail.ts'
import { MailError } from './core/errors.ts'
import { healBells } from './core/heal-bells.ts'
import type { Mail } from './core/mail.ts'
import type { Locks } from './core/ports/nodes.ts'
import type { Clock } from './core/ports/world.ts'
import { startOutboxDispatcher } from './jobs/dispatch-outbox.ts'
import { fullTextJobs } from './jobs/full-text.ts'
import { housekeepingJobs } from './jobs/housekeeping.ts'
import { lifecycleJobs } from './jobs/lifecycle.ts'
import { quotaJobs } from './jobs/quota-warnings.ts'
import { deadlineJobs } from './jobs/deadlines.ts'
import { reportJobs } from './jobs/reports.ts'
import { retentionJobs } from './jobs/retention.ts'
import { startScheduler } from './jobs/scheduler.ts'
import type { Logger } from './lib/log.ts'
import { createMetrics, type Metrics } from './lib/metrics.ts'
import { listenHttp, tlsContextOf, type HttpListener } from './listening.ts'
import { measured } from './measured.ts'
import { listenControl } from './protocols/control/server.ts'
import { createImapServer } from './protocols/imap/server.ts'
import { createHandover, type HandoverResult } from './protocols/smtp/handover.ts'
import { startIngress, type Ingress } from './protocols/smtp/haraka/supervise.ts'
import { createIngressAnswers } from './protocols/smtp/ingress.ts'
import { createIngressNodes, type IngressNodes } from './protocols/smtp/ingress-nodes.ts'
import { listenLink } from './protocols/smtp/link.ts'
import { listenLmtp } from './protocols/smtp/lmtp.ts'
import { createFactsStore } from './protocols/smtp/transaction-facts.ts'
import { readSecret, secretUrl } from './secrets.ts'
import { controllerOf, corePlacesOf, dkimOf, hostnameOf, imapLimitsOf, ingressSettingsOf, mailSettingsOf, nodeOf, placesOf, regulationOf, waysInOf, type Places } from './settings.ts'

export interface Listening {
  readonly smtp: number | null
  readonly submission: number | null
  readonly submissions: number | null
  /** Null of an ingress node. */
  readonly imap: number | null
  readonly imaps: number | null
  readonly lmtp: number | null
  readonly http: number
  readonly https: number
  /** REST API of the administration; null when it is off, and of an ingress node. */
  readonly admin: number | null
  readonly adminTls: number | null
}

/** What a process tells of itself when it has started. */
export interface Served extends AsyncDisposable {
  readonly metrics: Metrics
  readonly places: Places
  readonly listening: Listening
  readonly selfSigned: boolean
  /** Null where ingress runs apart. */
  readonly ingress: Ingress | null
  /** Only at the very first start: to be told once. */
  readonly firstAdministrator: FirstAdministrator | null
}

export interface App extends Served {
  readonly mail: Mail
  readonly listening: CoreListening
}

export interface CoreListening extends Listening {
  readonly imap: number
  readonly imaps: number
}

export interface ComposeOptions {
  readonly log: Logger
  readonly workingDirectory?: string
  /** Ports of the world that a test brings instead of the real ones. */
  readonly ports?: Partial<Ports>
  /** False: core alone, without the ingress process (tests of other parts). */
  readonly ingress?: boolean
  /** Ingress nodes run apart: they come to the ports of [link], and there is no ingress process beside core. */
  readonly ingressApart?: boolean
}

const factsTimeoutMs = 10_000

/** Rejects, with everything closed again, when a part does not start. */
export async function compose(config: Config, options: ComposeOptions): Promise<App> {
  await using open = new AsyncDisposableStack()
  const begun = await begin(config, options)
  const { log, places, certificate, metrics } = begun
  const isApart = options.ingressApart === true
  const token = isApart ? await readSecret('link.token_file', config.link.token_file, minTokenLength) : randomBytes(32).toString('hex')
  // Told to take mail, and asked who does, by parts that are made later and earlier than it.
  const wakers: { release: (node: string) => void; wake: () => void } = { release: () => undefined, wake: () => undefined }
  const nodes = isApart ? open.use(createIngressNodes({ token, onRun: (holder) => wakers.release(holder), onTaking: () => wakers.wake() })) : null

  const clock = options.ports?.clock ?? systemClock
  const { system, locks, ports } = await openCore({ ...begun, token, options, open, nodes })
  wakers.release = (node) => void releaseRows(system, log.child({ part: 'ingress' }), node)
  const firstAdministrator = await system.ensureFirstAdministrator()
  const { administration, context } = await administrationOf({ ...begun, ports, system })
  const parts: Parts = { ...begun, token, system, administration, clock, nodes, isApart }
  const onFault = (error: unknown): void => {
    log.error({ err: error }, 'fault in the background')
    system.note(faultRecord('background', error, clock.nowMs()))
  }
  system.note(startedRecord(begun.node, clock.nowMs()))
  open.defer(() => system.note(stoppedRecord(begun.node, clock.nowMs())))
  const night = createLifecycleNight(context, { flushActivity: () => system.activity.flush(), onFault })
  const jobs = [...housekeepingJobs(system.delivery), ...(system.textIndex === null ? [] : fullTextJobs(system.textIndex)), ...lifecycleJobs(night), ...retentionJobs(createRecordNight(context)), ...quotaJobs(createQuotaWatch(context)), ...deadlineJobs(deadlinesOf(context)), ...reportJobs(administration.reports)]
  open.use(startScheduler(jobs, { clock, log: log.child({ part: 'jobs' }), locks }))
  const lmtpPort = await openDelivery(parts, open)
  const front = await openFront(parts, open, options.ingress !== false && !isApart)
  wakers.wake = front.wake

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

/** An ingress node on its own: Haraka, watched over, linked to the core nodes of [link]. It keeps nothing. */
export async function composeIngress(config: Config, options: Pick<ComposeOptions, 'log' | 'workingDirectory'>): Promise<Served> {
  await using open = new AsyncDisposableStack()
  const begun = await begin(config, options)
  const { log, metrics, places, certificate } = begun
  const token = await readSecret('link.token_file', config.link.token_file, minTokenLength)
  const ingressLog = log.child({ part: 'ingress' })
  const settings = { ...ingressSettingsFor({ ...begun, token }), ...corePlacesOf(config, token) }
  const ingress = open.use(await startIngress(settings, { log: (level, text) => ingressLog[level](text), onRestart: () => metrics.ingressRestarts.inc() }))
  const [http, https] = await openHttp(begun, { ingress: () => requireIngress(ingress), core: () => requireLinked(ingress) })
  open.use(http)
  open.use(https)
  const { exchange: smtp, submission, submissions } = ingress.ports
  const closing = open.move()
  return {
    metrics,
    places,
    listening: { smtp, submission, submissions, imap: null, imaps: null, lmtp: null, http: http.port, https: https.port, admin: null, adminTls: null },
    selfSigned: certificate.selfSigned,
    ingress,
    firstAdministrator: null,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

/** Guessing it must be hopeless: whoever has it may deliver as anybody. */
const minTokenLength = 32

/** What every process has. */
interface Begun {
  readonly config: Config
  readonly log: Logger
  readonly places: Places
  readonly hostname: string
  readonly node: string
  readonly certificate: CertificateFiles
  readonly metrics: Metrics
}

async function begin(config: Config, { log, workingDirectory }: Pick<ComposeOptions, 'log' | 'workingDirectory'>): Promise<Begun> {
  const machine = machineName()
  const [hostname, node] = [hostnameOf(config, machine), nodeOf(config, machine)]
  const places = placesOf(config, workingDirectory ?? process.cwd())
  for (const folder of [places.data, places.run]) await mkdir(folder, { recursive: true, mode: 0o700 })
  const certificate = await ensureCertificate({ ...config.tls, directory: places.tls, names: [hostname, 'localhost'], nowMs: systemClock.nowMs() })
  return { config, log, places, hostname, node, certificate, metrics: createMetrics() }
}

interface Parts extends Begun {
  readonly token: string
  readonly system: MailSystem
  readonly administration: Administration
  readonly clock: Clock
  /** Null when ingress is beside core. */
  readonly nodes: IngressNodes | null
  readonly isApart: boolean
}

interface CoreParts extends Begun {
  readonly token: string
  readonly options: ComposeOptions
  readonly open: AsyncDisposableStack
  readonly nodes: IngressNodes | null
}

async function openCore(parts: CoreParts): Promise<{ readonly system: MailSystem; readonly locks: Locks; readonly ports: Ports }> {
  const { config, places, hostname, token, options, open, metrics, nodes } = parts
  const given = options.ports ?? {}
  const onFault = (error: unknown): void => options.log.error({ err: error }, 'fault in the background')
  const clock = given.clock ?? systemClock
  const { store, blobs } = await openStores(parts, clock)
  const fullText = given.fullText === undefined ? open.use(await openFts5({ directory: places.fullText, clock })) : given.fullText
  const shared = await openShared(parts, { store, clock, onFault })
  const handover = nodes ?? oneHandover(open.use(createHandover({ place: { path: places.handoverSocket }, token })))
  const ports: Ports = {
    store,
    blobs,
    fullText,
    clock,
    bus: given.bus ?? shared.bus,
    random: given.random ?? createSystemRandom(),
    counters: given.counters ?? shared.counters,
    passwords: given.passwords ?? createArgon2Passwords(),
    digest: given.digest ?? createKeyedDigest(),
    outbound: given.outbound ?? outboundOver(handover),
    signer: given.signer ?? signerOf(config, places, open),
    training: given.training ?? (await trainingOf(config)),
  }
  const onTrained = (kind: string, outcome: string, messages: number): void => metrics.trained.inc({ kind, outcome }, messages)
  return { system: open.use(createMail(ports, { ...mailSettingsOf(config, hostname), sizes: regulationOf(config) }, { onFault, onTrained })), locks: shared.locks, ports }
}

/** Accounts, mail and bodies: of this machine, or of the province. */
async function openStores({ config, places, node, options, open }: CoreParts, clock: Clock): Promise<Pick<Ports, 'store' | 'blobs'>> {
  const given = options.ports ?? {}
  if (config.store.kind === 'embedded') {
    if (given.blobs === undefined) await mkdir(places.segments, { recursive: true, mode: 0o700 })
    return {
      store: given.store ?? open.use(await openSqliteStore({ directory: places.store, clock })),
      blobs: given.blobs ?? open.use(await openSegments({ directory: places.segments, clock })),
    }
  }
  const url = await secretUrl('store.mongo_url', config.store.mongo_url, config.store.mongo_url_file)
  const { database } = config.store
  const { openMongoStore } = await import('./adapters/mongo/store.ts')
  const store = given.store ?? open.use(await openMongoStore({ url, database, clock, node }))
  return { store, blobs: given.blobs ?? open.use(await openProvinceBodies(config, url, clock)) }
}

interface SharedParts {
  readonly store: Ports['store']
  readonly clock: Clock
  readonly onFault: (error: unknown) => void
}

/** What nodes share beside the store: over Redis, or within this process where it is the only one. */
async function openShared({ config, log, node, metrics, open }: CoreParts, { store, clock, onFault }: SharedParts): Promise<Pick<Ports, 'bus' | 'counters'> & { readonly locks: Locks }> {
  const bells = createBells({ onError: onFault })
  const ownCounters = createLocalCounters(clock)
  const { url, url_file, prefix } = config.redis
  if (url === '' && url_file === '') {
    const local = { bus: createLocalBus({ onError: onFault, bells }), counters: ownCounters, locks: createLocalLocks(clock) }
    // On a database there may be other nodes all the same, of whose changes one hears by asking alone.
    if (config.store.kind === 'mongo') open.use(healBells({ bells, changes: store.changes, clock, hears: () => false, onError: onFault }))
    return local
  }
  const { openRedis } = await import('./adapters/redis/redis.ts')
  const redisLog = log.child({ part: 'redis' })
  const redis = open.use(
    openRedis({
      url: await secretUrl('redis.url', url, url_file),
      prefix,
      self: { name: node, instance: randomUUID(), startedAtMs: clock.nowMs() },
      clock,
      bells,
      ownCounters,
      events: {
        onUp: () => redisLog.info('Redis answers'),
        onAway: (reason) => redisLog.warn({ reason }, 'Redis is away: bells are made good from the store, counters go on per node, jobs that run on one node wait'),
        onTwin: (twin) => redisLog.error({ twin }, 'another process has the name of this node: set server.node'),
        onMissed: (accounts) => healing.soon(accounts),
        onError: onFault,
      },
    }),
  )
  const healing = open.use(healBells({ bells, changes: store.changes, clock, hears: () => redis.isUp, onError: onFault }))
  metrics.observeRedis(() => redis.isUp)
  return redis
}

function signerOf(config: Config, places: Places, open: AsyncDisposableStack): Ports['signer'] {
  const dkim = dkimOf(config, places)
  return dkim === null ? null : open.use(createDkimSigner(dkim))
}

async function trainingOf(config: Config): Promise<Ports['training']> {
  const controller = controllerOf(config)
  if (controller === null) return null
  const file = config.checks.rspamd_password_file
  return createRspamdTraining({ ...controller, password: file === '' ? null : await readSecret('checks.rspamd_password_file', file, 1) })
}

type Handing = Pick<IngressNodes, 'hand'>

/** Of the ingress beside core. */
function oneHandover(handover: ReturnType<typeof createHandover>): Handing {
  return { hand: (_node, batch) => handover.hand(batch) }
}

/** Core speaks of replies as text. */
function outboundOver(nodes: Handing): Ports['outbound'] {
  return {
    async hand({ node, ...batch }) {
      const { accepted, refused }: HandoverResult = await nodes.hand(node, batch)
      return { accepted, refused: refused.map(({ id, reply }) => ({ id, reply: `${reply.code} ${reply.enhanced} ${reply.text}` })) }
    },
  }
}

/** The ways in for ingress: link, private LMTP, and the open LMTP when it is wanted. Returns the open one's port. */
async function openDelivery({ config, log, places, hostname, token, metrics, system, clock, nodes, isApart }: Parts, open: AsyncDisposableStack): Promise<number | null> {
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
  const ways = waysInOf(config, places, isApart)
  open.use(await listenLmtp({ ...lmtp, place: ways.lmtp, ...(isApart && { token }) }))
  const answer = createIngressAnswers({ mail, facts, settings: { maxMessageBytes: config.smtp.max_message_bytes } })
  const linkLog = log.child({ part: 'link' })
  open.use(
    await listenLink({
      place: ways.link,
      token,
      answer,
      onFault: (question, error) => linkLog.error({ question, err: error }, 'question could not be answered'),
      onNode: (event, node) => {
        linkLog.info({ node: node.name }, `ingress ${event}`)
        nodes?.onNode(event, node)
      },
    }),
  )
  if (!config.lmtp.enabled) return null
  const outer = open.use(await listenLmtp({ ...lmtp, place: { host: config.lmtp.host, port: config.lmtp.port } }))
  return 'port' in outer.place ? outer.place.port : null
}

interface Front {
  readonly listening: Omit<CoreListening, 'lmtp'>
  readonly ingress: Ingress | null
  /** Outgoing mail may be handed over now. */
  readonly wake: () => void
}

/** What people and the Internet reach. It ends together, so that stopping takes as long as the slowest and not as all. */
async function openFront(parts: Parts, open: AsyncDisposableStack, withIngress: boolean): Promise<Front> {
  const { config, log, places, node, certificate, metrics, system, administration, clock, nodes } = parts
  const front: AsyncDisposable[] = []
  open.defer(async () => {
    const ended = await Promise.allSettled(front.map((one) => one[Symbol.asyncDispose]()))
    for (const result of ended) if (result.status === 'rejected') log.error({ err: result.reason as unknown }, 'a part did not stop in order')
  })
  front.push(await listenControl({ path: places.controlSocket, mail: system.mail, administration, actor: 'operator', log: log.child({ protocol: 'control' }) }))
  const imap = createImapServer({
    mail: system.mail,
    log,
    limits: imapLimitsOf(config),
    tls: tlsContextOf(certificate),
    proxies: config.imap.proxies,
  })
  front.push(imap)
  metrics.observeSessions('imap', () => imap.sessions)
  const imapPort = await imap.listen({ host: config.imap.host, port: config.imap.port, implicitTls: false })
  const imapsPort = await imap.listen({ host: config.imap.host, port: config.imap.tls_port, implicitTls: true })
  const ingress = withIngress ? await openIngress(parts) : null
  if (ingress !== null) front.push(ingress)
  // After ingress, which takes what is due; it stops beside it, for a hand-over ends at the latest with ingress.
  const dispatcher = startOutboxDispatcher({ dispatch: system.delivery.dispatch, clock, log: log.child({ part: 'outbox' }), node: nodes === null ? node : () => nodes.next() })
  front.push(dispatcher)
  const checks = { store: () => system.mail.ready(), ...(ingress !== null && { ingress: () => requireIngress(ingress) }) }
  const [http, https] = await openHttp(parts, checks)
  const admin = await listenAdministration(parts)
  front.push(http, https, admin)
  return {
    ingress,
    wake: () => dispatcher.wake(),
    listening: {
      smtp: ingress?.ports.exchange ?? null,
      submission: ingress?.ports.submission ?? null,
      submissions: ingress?.ports.submissions ?? null,
      imap: imapPort,
      imaps: imapsPort,
      http: http.port,
      https: https.port,
      admin: admin.admin,
      adminTls: admin.adminTls,
    },
  }
}

async function openIngress(parts: Parts): Promise<Ingress> {
  const { log, node, metrics, system } = parts
  const ingressLog = log.child({ part: 'ingress' })
  const release = (): Promise<void> => releaseRows(system, ingressLog, node)
  const ingress = await startIngress(ingressSettingsFor(parts), {
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

/** Rows that an ingress node was handed and does not hold any more come due at once. */
async function releaseRows({ mail }: MailSystem, log: Logger, node: string): Promise<void> {
  try {
    const rows = await mail.outbox.release(node)
    if (rows > 0) log.warn({ rows, node }, 'outgoing mail of the lost ingress is sent again; what it was sending at that moment may arrive twice')
  } catch (error) {
    // Their leases end by themselves.
    log.error({ err: error, node }, 'rows of the lost ingress were not released')
  }
}

function ingressSettingsFor({ config, places, hostname, node, token, certificate }: Begun & { readonly token: string }) {
  const overlay = resolve('config/haraka')
  return ingressSettingsOf(config, places, {
    token,
    tls: { keyPath: certificate.key, certPath: certificate.certificate },
    hostname,
    node,
    overlay: existsSync(overlay) ? overlay : null,
  })
}

async function requireIngress(ingress: Ingress): Promise<void> {
  if (ingress.pid === null) throw new MailError('unavailable')
}

async function requireLinked(ingress: Ingress): Promise<void> {
  if (!ingress.linked) throw new MailError('unavailable')
}

async function openHttp({ config, log, certificate, metrics }: Begun, checks: Parameters<typeof listenHttp>[2]['checks']): Promise<[HttpListener, HttpListener]> {
  const parts = {
    registry: metrics.registry,
    onFault: (error: unknown, path: string) => log.error({ err: error, path, protocol: 'http' }, 'request failed'),
    checks,
  }
  return [await listenHttp(config.http.host, config.http.port, parts), await listenHttp(config.http.host, config.http.tls_port, parts, certificate)]
}
