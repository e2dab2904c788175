/**
 * The administration put together: its context from the ports and Mail, and the listener of its REST API, which loads Fastify
 * with the first request. Beside compose.ts, because it is a part of its own; it names the adapters that only it needs.
 */
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createSheets } from './adapters/sheets/sheets.ts'
import { createOneTimeCodes } from './adapters/totp/one-time-codes.ts'
import { createSecrets, ownKeyText } from './adapters/local/secrets.ts'
import type { CertificateFiles } from './adapters/tls/certificate.ts'
import type { Config } from './config/schema.ts'
import type { AccessContext } from './core/administration/access.ts'
import { createAuthorise } from './core/administration/actor.ts'
import type { Administration } from './core/administration/administration.ts'
import { createTermsReader } from './core/administration/calendar.ts'
import { createAdministration } from './core/administration/create-administration.ts'
import { entry, entryKind, put, requireEntry } from './core/administration/entries.ts'
import type { MailSystem, Ports } from './core/create-mail.ts'
import { isMailError } from './core/errors.ts'
import { createNotify } from './core/delivery/system-notice.ts'
import { watchIncidents } from './core/notice/incident-administration.ts'
import { sendOutageLetters } from './core/notice/outage-administration.ts'
import type { DeadlineWatch } from './jobs/deadlines.ts'
import type { Logger } from './lib/log.ts'
import { tlsContextOf } from './listening.ts'
import { listenAdmin, type AdminListener, type Answering } from './protocols/admin/listener.ts'
import { readSecret } from './secrets.ts'
import { accessSettingsOf, adminSettingsOf, deliverySettingsOf, regulationOf, webUrlOf, type Places } from './settings.ts'

export interface AdministrationParts {
  readonly config: Config
  readonly places: Places
  readonly hostname: string
  readonly ports: Ports
  readonly system: MailSystem
}

const minKeyLength = 32

/** Throws a ConfigError when the regulation's file or the key's is wrong. */
export async function administrationOf(parts: AdministrationParts): Promise<{ readonly administration: Administration; readonly context: AccessContext }> {
  const context = await contextOf(parts)
  return { administration: createAdministration(context), context }
}

export const deadlinesOf = (context: AccessContext): DeadlineWatch => ({
  incidents: (signal) => watchIncidents(context, signal),
  outages: (signal) => sendOutageLetters(context, signal),
})

/** Throws a ConfigError when the file is wrong. */

async function contextOf({ config, places, hostname, ports, system }: AdministrationParts): Promise<AccessContext> {
  const { store, blobs, clock, random, counters, passwords, bus } = ports
  const { province } = config
  const settings = deliverySettingsOf(config, hostname)
  return {
    store,
    blobs,
    clock,
    random,
    counters,
    passwords,
    bus,
    credentials: system.credentials,
    sheets: createSheets(),
    settings: {
      provinceDomain: province.domain,
      webUrl: webUrlOf(config),
      regulation: regulationOf(config),
    },
    authorise: createAuthorise({ append: (records) => store.records.append(records), nowMs: () => clock.nowMs() }),
    terms: createTermsReader(store),
    notify: createNotify({ systemMail: system.delivery.systemMail, clock, random, settings }),
    secrets: createSecrets(await sealingKey({ config, places, ports })),
    codes: createOneTimeCodes(),
    signIn: system.mail.signIn,
    ownPasswords: system.mail.accounts,
    access: accessSettingsOf(config),
  }
}

/** The file that is named; else of one machine a file that is made, and of several nodes what the first of them left in the database. */
async function sealingKey({ config: { admin, store }, places, ports }: Pick<AdministrationParts, 'config' | 'places' | 'ports'>): Promise<string> {
  if (admin.key_file !== '') return await readSecret('admin.key_file', admin.key_file, minKeyLength)
  if (store.kind === 'mongo') return await sharedKey(ports)
  await mkdir(dirname(places.sealingKey), { recursive: true, mode: 0o700 })
  return await ownKeyText(places.sealingKey)
}

const sharedKeyKind = entryKind<{ readonly key: string }>({ name: 'sealing-key', keys: () => [] })
const sharedKeyId = 'shared'

async function sharedKey({ store: { registry }, random }: Ports): Promise<string> {
  const kept = await entry(registry, sharedKeyKind, sharedKeyId)
  if (kept !== null) return kept.value.key
  const key = Buffer.from(random.bytes(minKeyLength)).toString('hex')
  try {
    await registry.commit({ entries: [put(sharedKeyKind, sharedKeyId, { key }, 0)] })
    return key
  } catch (error) {
    // Another node was first.
    if (!isMailError(error, 'conflict')) throw error
    return (await requireEntry(registry, sharedKeyKind, sharedKeyId)).value.key
  }
}

export interface AdminListening extends AsyncDisposable {
  /** Null when the API is off. */
  readonly admin: number | null
  readonly adminTls: number | null
}

export interface AdminListeningParts {
  readonly config: Config
  readonly log: Logger
  readonly certificate: CertificateFiles
  readonly administration: Administration
}

export async function listenAdministration({ config, log, certificate, administration }: AdminListeningParts): Promise<AdminListening> {
  const { enabled, host, port, tls_port } = config.admin
  if (!enabled) return { admin: null, adminTls: null, [Symbol.asyncDispose]: async () => undefined }
  const adminLog = log.child({ protocol: 'admin' })
  const answering = once(async (): Promise<Answering> => {
    const { createAdminApi } = await import('./protocols/admin/server.ts')
    const onFault = (error: unknown, path: string): void => adminLog.error({ err: error, path }, 'request failed')
    const app = await createAdminApi({ administration, settings: adminSettingsOf(config), onFault })
    return (request, response) => app.routing(request, response)
  }, (error) => adminLog.error({ err: error }, 'the API could not be loaded'))
  await using open = new AsyncDisposableStack()
  const listen = async (at: number, tls: Parameters<typeof listenAdmin>[0]['tls']): Promise<AdminListener> => open.use(await listenAdmin({ host, port: at, tls }, answering))
  const plain = await listen(port, null)
  const tls = { key: readFileSync(certificate.key), cert: readFileSync(certificate.certificate), context: tlsContextOf(certificate) }
  const secure = await listen(tls_port, tls)
  const closing = open.move()
  return { admin: plain.port, adminTls: secure.port, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

/** Made when it is first asked for; a failure is told, and the next one who asks tries again. */
function once<T>(make: () => Promise<T>, onFailure: (error: unknown) => void): () => Promise<T> {
  let made: Promise<T> | null = null
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = null
      onFailure(error)
      throw error
    }))
}
