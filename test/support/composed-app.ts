/**
 * The whole application in this process, with Haraka as its child, on free loopback ports and in an empty folder; for tests
 * that look into the store beside what users see. The load balancer's PROXY line is believed, so that a test's client can
 * come from any address.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { systemClock } from '../../src/adapters/local/clock.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { compose, type App } from '../../src/compose.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Account } from '../../src/core/account/account.ts'
import type { StoredMessage } from '../../src/core/mailbox/mailbox.ts'
import type { Ports } from '../../src/core/create-mail.ts'
import type { Store } from '../../src/core/ports/store.ts'
import type { StoredRecord } from '../../src/core/record/record.ts'
import { dial, type SmtpDialogue } from './smtp-dialogue.ts'

export const domain = 'congvu.test'
export const hostname = `mail.${domain}`
export const password = 'Thu-Nghiem#2027-xanh'

export interface StoredLetter {
  readonly row: StoredMessage
  readonly prefix: string
  readonly body: Buffer
}

export interface ComposedApp extends AsyncDisposable {
  readonly app: App
  readonly store: Store
  /** `<local>@so.congvu.test`, which may sign in at once. */
  person(local: string): Promise<Account>
  /** A client of mail exchange, behind the load balancer when it has an address. */
  client(ip?: string, helo?: string): Promise<SmtpDialogue>
  letters(account: Account, mailbox: string): Promise<StoredLetter[]>
  /** Records of the mail log, oldest first; those that gather for a moment are waited for. */
  mailLog(wanted: (record: StoredRecord) => boolean): Promise<StoredRecord[]>
  /** Asks again until it holds; fails with the last answer. */
  until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T>
  /** Of a counter; 0 when it has not been counted. */
  counted(name: string, labels?: Readonly<Record<string, string>>): Promise<number>
}

export interface ComposedOptions {
  /** Keys as in the environment, without `CONGVU_`: `{ CHECKS__RSPAMD: '127.0.0.1:11333' }`. */
  readonly settings?: Readonly<Record<string, string>>
  readonly ports?: Partial<Ports>
  /** False: without Haraka. */
  readonly ingress?: boolean
  readonly logLevel?: string
}

const withinMs = 15_000
const pollMs = 20

export async function composedApp({ settings = {}, ports = {}, ingress = true, logLevel = 'silent' }: ComposedOptions = {}): Promise<ComposedApp> {
  const folder = await mkdtemp(join(tmpdir(), 'congvu-app-'))
  const config = loadConfig({ env: environment(settings) })
  const store = await openSqliteStore({ directory: join(folder, 'store'), clock: systemClock })
  let app: App
  try {
    app = await compose(config, { log: pino({ level: logLevel }, pino.destination(2)), workingDirectory: folder, ingress, ports: { store, ...ports } })
  } catch (error) {
    await store[Symbol.asyncDispose]()
    throw error
  }
  await app.mail.agencies.create({ label: 'so', name: 'Sở Thử nghiệm' }, 'operator')
  return {
    app,
    store,
    async person(local) {
      const { account } = await app.mail.accounts.create({ address: `${local}@so.${domain}`, password, active: true }, 'operator')
      return account
    },
    client: (ip, helo) => client(app, ip, helo),
    letters: (account, mailbox) => letters(app, account, mailbox),
    mailLog: (wanted) => mailLog(store, wanted),
    until,
    counted: (name, labels) => counted(app, name, labels),
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function environment(settings: Readonly<Record<string, string>>): Record<string, string> {
  const all = {
    SERVER__DATA_DIRECTORY: 'data',
    SERVER__HOSTNAME: hostname,
    PROVINCE__DOMAIN: domain,
    SMTP__HOST: '127.0.0.1',
    SMTP__PORT: '0',
    SMTP__SUBMISSION_PORT: '0',
    SMTP__SUBMISSIONS_PORT: '0',
    SMTP__PROXIES: '127.0.0.1',
    IMAP__HOST: '127.0.0.1',
    IMAP__PORT: '0',
    IMAP__TLS_PORT: '0',
    HTTP__PORT: '0',
    HTTP__TLS_PORT: '0',
    ADMIN__PORT: '0',
    ADMIN__TLS_PORT: '0',
    // The discard port: nothing listens there.
    OUTBOUND__ROUTES: '*=127.0.0.1:9',
    ...settings,
  }
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [`CONGVU_${key}`, value]))
}

async function client({ listening }: App, ip = '203.0.113.7', helo = 'mail.example.com'): Promise<SmtpDialogue> {
  const dialogue = await dial(listening.smtp!, { greet: false })
  dialogue.write(`PROXY TCP4 ${ip} 192.0.2.99 40000 25\r\n`)
  const greeting = await dialogue.reply()
  if (greeting.code !== 220) throw new Error(`greeted with ${greeting.code} ${greeting.text}`)
  await dialogue.say(`EHLO ${helo}`)
  return dialogue
}

async function letters({ mail }: App, { id }: Account, name: string): Promise<StoredLetter[]> {
  const mailbox = await mail.mailboxes.byName(id, name)
  if (mailbox === null) throw new Error(`no mailbox ${name}`)
  const found: StoredLetter[] = []
  for await (const slice of mail.messages.read(id, mailbox.id, 'all', { forms: false, text: false })) {
    for (const row of slice) {
      const bytes = Buffer.from(await mail.messages.bytes(row))
      found.push({ row, prefix: bytes.toString('utf8', 0, row.prefix.length), body: bytes.subarray(row.prefix.length) })
    }
  }
  return found
}

async function mailLog(store: Store, wanted: (record: StoredRecord) => boolean): Promise<StoredRecord[]> {
  return await until(
    async () => (await store.records.read({ kind: 'mail', limit: 10_000 })).filter(wanted),
    (found) => found.length > 0,
  )
}

async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms; last: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

async function counted({ metrics }: App, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const metric = await metrics.registry.getSingleMetric(name)?.get()
  const fits = metric?.values.filter((value) => Object.entries(labels).every(([key, text]) => value.labels[key as keyof typeof value.labels] === text))
  return (fits ?? []).reduce((sum, { value }) => sum + value, 0)
}
