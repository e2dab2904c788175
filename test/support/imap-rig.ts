/**
 * An IMAP server over a real embedded store in a temporary folder, without a network: `connect` gives the client's end of
 * an in-memory stream. Accounts are an@ and binh@so.congvu.test, both with the password `mật khẩu`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair, type Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import { pino, type Logger } from 'pino'
import { createLocalBus } from '../../src/adapters/local/bus.ts'
import { createLocalCounters } from '../../src/adapters/local/counters.ts'
import { createKeyedDigest } from '../../src/adapters/local/keyed-digest.ts'
import { createSystemRandom } from '../../src/adapters/local/random.ts'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createMail } from '../../src/core/create-mail.ts'
import type { Mail } from '../../src/core/mail.ts'
import type { AccountId } from '../../src/core/mailbox/mailbox.ts'
import type { Passwords } from '../../src/core/ports/world.ts'
import { createImapServer, type ImapSessions, type ServeOptions } from '../../src/protocols/imap/server.ts'
import type { ImapLimits } from '../../src/protocols/imap/settings.ts'
import { mailSettingsOf } from '../../src/settings.ts'

export const password = 'mật khẩu'

export interface RigOptions {
  readonly limits?: Partial<ImapLimits>
  readonly tls?: (() => SecureContext) | null
  readonly log?: Logger
  /** Without: hashing that costs nothing. */
  readonly passwords?: Passwords
  /** Stands between the server and core: a test may make parts of it fail. */
  readonly wrap?: (mail: Mail) => Mail
}

export interface ImapRig extends AsyncDisposable {
  readonly mail: Mail
  readonly server: ImapSessions
  readonly account: { readonly an: AccountId; readonly binh: AccountId }
  connect(options?: Partial<ServeOptions>): Duplex
  turnClock(ms: number): void
  /** The store forgets what was expunged so far (promise P5 ends at some time). */
  forgetExpunged(): Promise<void>
}

/** What is tested here is not argon2. */
const plainPasswords: Passwords = {
  hash: async (text: string): Promise<string> => `$plain$${text}`,
  verify: async (hash: string, text: string): Promise<boolean> => hash === `$plain$${text}`,
}

export async function openImapRig(options: RigOptions = {}): Promise<ImapRig> {
  const directory = await mkdtemp(join(tmpdir(), 'congvu-imap-'))
  await using opening = new AsyncDisposableStack()
  opening.defer(() => rm(directory, { recursive: true, force: true }))
  let turnedMs = 0
  const clock = { nowMs: () => Date.now() + turnedMs, sleep: async (_ms: number, signal?: AbortSignal) => signal?.aborted !== true }
  const log = options.log ?? pino({ level: 'silent' })
  const onFault = (error: unknown): void => log.error({ err: error }, 'fault')
  const store = opening.use(await openSqliteStore({ directory: join(directory, 'store'), clock }))
  const blobs = opening.use(await openSegments({ directory: join(directory, 'segments'), clock }))
  const outbound = { hand: async () => ({ accepted: [], refused: [] }) }
  const passwords = options.passwords ?? plainPasswords
  const ports = { store, blobs, clock, passwords, outbound, bus: createLocalBus({ onError: onFault }), random: createSystemRandom(), counters: createLocalCounters(clock), digest: createKeyedDigest() }
  const config = loadConfig({ env: { CONGVU_PROVINCE__DOMAIN: 'congvu.test' } })
  const system = opening.use(createMail(ports, mailSettingsOf(config, 'mail.congvu.test'), { onFault }))
  await system.ensureFirstAdministrator()
  await system.mail.agencies.create({ label: 'so', name: 'Sở Thử nghiệm' }, 'test')
  const create = async (name: string): Promise<AccountId> =>
    (await system.mail.accounts.create({ address: `${name}@so.congvu.test`, password, active: true, freeForm: true }, 'test')).account.id
  const account = { an: await create('an'), binh: await create('binh') }
  const mail = options.wrap?.(system.mail) ?? system.mail
  const server = opening.use(createImapServer({ mail, log, tls: options.tls ?? null, ...(options.limits === undefined ? {} : { limits: options.limits }) }))
  const open = opening.move()
  return {
    mail: system.mail,
    server,
    account,
    connect(where) {
      const [client, theirs] = duplexPair()
      // A session never rejects; that is what the test runner would say if it did.
      void server.serve(theirs, { remoteIp: '127.0.0.1', secure: true, startTls: options.tls !== undefined, ...where })
      return client
    },
    turnClock(ms) {
      turnedMs += ms
    },
    async forgetExpunged() {
      await store.changes.prune(clock.nowMs() + 1, 0)
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
