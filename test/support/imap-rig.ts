/**
 * An IMAP server over a real store (chosen-store.ts says which), without a network: `connect` gives the client's end of an
 * in-memory stream. Accounts are an@ and binh@so.congvu.test, both with the password `mật khẩu`; vanthu@ is the agency's mailbox.
 */
import { duplexPair, type Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import { pino, type Logger } from 'pino'
import { createLocalBus } from '../../src/adapters/local/bus.ts'
import { createLocalCounters } from '../../src/adapters/local/counters.ts'
import { createKeyedDigest } from '../../src/adapters/local/keyed-digest.ts'
import { createSystemRandom } from '../../src/adapters/local/random.ts'
import { loadConfig } from '../../src/config/load.ts'
import { delegationId, delegationKind } from '../../src/core/account/delegation.ts'
import { put } from '../../src/core/administration/entries.ts'
import { defaultMailboxes } from '../../src/core/account/default-mailboxes.ts'
import { createMail } from '../../src/core/create-mail.ts'
import type { Mail } from '../../src/core/mail.ts'
import type { AccountId } from '../../src/core/mailbox/mailbox.ts'
import type { Store } from '../../src/core/ports/store.ts'
import type { Passwords } from '../../src/core/ports/world.ts'
import { createImapServer, type ImapSessions, type ServeOptions } from '../../src/protocols/imap/server.ts'
import type { ImapLimits } from '../../src/protocols/imap/settings.ts'
import { mailSettingsOf } from '../../src/settings.ts'
import { makeChosenPlace, type PlaceOptions } from './chosen-store.ts'

export const password = 'mật khẩu'

export interface RigOptions {
  readonly limits?: Partial<ImapLimits>
  readonly tls?: (() => SecureContext) | null
  readonly log?: Logger
  /** Without: hashing that costs nothing. */
  readonly passwords?: Passwords
  /** Stands between the server and core: a test may make parts of it fail. */
  readonly wrap?: (mail: Mail) => Mail
  readonly place?: PlaceOptions
}

export interface ImapRig extends AsyncDisposable {
  readonly mail: Mail
  readonly server: ImapSessions
  readonly account: { readonly an: AccountId; readonly binh: AccountId }
  connect(options?: Partial<ServeOptions>): Duplex
  turnClock(ms: number): void
  /** Resolves when the sessions have read what they were rung for: from then on it is sure what the next command tells. */
  heard(): Promise<void>
  /** The agency's mailbox, made when it is first asked for. */
  agencyMailbox(): Promise<AccountId>
  /** Opens it to a person, or ends that (null), and rings as the administration does. */
  delegate(person: 'an' | 'binh', rights: 'read' | 'write' | null): Promise<void>
  /** The store forgets what was expunged so far (promise P5 ends at some time). */
  forgetExpunged(): Promise<void>
}

/** What is tested here is not argon2. */
const plainPasswords: Passwords = {
  hash: async (text: string): Promise<string> => `$plain$${text}`,
  hashRandom: async (text: string): Promise<string> => `$plain$${text}`,
  verify: async (hash: string, text: string): Promise<boolean> => hash === `$plain$${text}`,
}

export async function openImapRig(options: RigOptions = {}): Promise<ImapRig> {
  const place = await makeChosenPlace(options.place)
  await using opening = new AsyncDisposableStack()
  opening.defer(() => place.remove())
  let turnedMs = 0
  const clock = { nowMs: () => Date.now() + turnedMs, sleep: async (_ms: number, signal?: AbortSignal) => signal?.aborted !== true }
  const log = options.log ?? pino({ level: 'silent' })
  const onFault = (error: unknown): void => log.error({ err: error }, 'fault')
  const { store: opened, blobs } = opening.use(await place.open(clock))
  const { store, heard } = watched(opened)
  const outbound = { hand: async () => ({ accepted: [], refused: [] }) }
  const passwords = options.passwords ?? plainPasswords
  const bus = createLocalBus({ onError: onFault })
  const ports = { store, blobs, clock, passwords, outbound, bus, random: createSystemRandom(), counters: createLocalCounters(clock), digest: createKeyedDigest() }
  const config = loadConfig({ env: { CONGVU_PROVINCE__DOMAIN: 'congvu.test' } })
  const settings = mailSettingsOf(config, 'mail.congvu.test')
  const system = opening.use(createMail(ports, settings, { onFault }))
  await system.ensureFirstAdministrator()
  const { id: agency } = await system.mail.agencies.create({ label: 'so', name: 'Sở Thử nghiệm' }, 'test')
  const { defaultQuotaBytes: quotaBytes } = settings
  const person = { kind: 'person', role: 'individual', state: 'active', agency, quotaBytes, createdAtMs: clock.nowMs(), mailboxes: defaultMailboxes } as const
  const create = async (name: string): Promise<AccountId> =>
    (await store.accounts.create({ ...person, address: `${name}@so.congvu.test`, name, passwordHash: await passwords.hash(password) })).id
  const account = { an: await create('an'), binh: await create('binh') }
  let mailbox: Promise<AccountId> | null = null
  const agencyMailbox = (): Promise<AccountId> =>
    (mailbox ??= store.registry
      .commit({ newAccounts: [{ ...person, address: 'vanthu@so.congvu.test', name: 'Sở Thử nghiệm', kind: 'agency', quotaBytes: 1024 * 1024, passwordHash: null }] })
      .then(({ accounts }) => accounts[0]!.id))
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
    heard,
    agencyMailbox,
    async delegate(person, rights) {
      const [who, box] = [account[person], await agencyMailbox()]
      const granted = { mailbox: box, person: who, agency, sendAs: false, decision: { kind: 'duty' as const, number: null, date: '2026-05-11' }, by: 'operator', atMs: clock.nowMs() }
      const id = delegationId(box, who)
      await store.registry.commit({ entries: [rights === null ? { kind: delegationKind.name, id, value: null, ifVersion: null } : put(delegationKind, id, { ...granted, rights }, null)] })
      for (const [one, modseq] of await store.changes.states([who, box])) bus.ring({ account: one, modseq })
    },
    async forgetExpunged() {
      await store.changes.prune(clock.nowMs() + 1, 0)
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** The same store, and when nothing is being read that a bell asks for. */
function watched(store: Store): { readonly store: Store; readonly heard: () => Promise<void> } {
  const reading = new Set<Promise<unknown>>()
  const watch = <A extends unknown[], R>(read: (...args: A) => Promise<R>) => (...args: A): Promise<R> => {
    const answer = read(...args)
    const done = answer.then(() => undefined, () => undefined).finally(() => reading.delete(done))
    reading.add(done)
    return answer
  }
  return {
    store: {
      ...store,
      changes: { ...store.changes, since: watch(store.changes.since) },
      messages: { ...store.messages, view: watch(store.messages.view) },
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    },
    async heard() {
      do {
        await Promise.all(reading)
        // What was read is told, and may ask for more, in this turn of the event loop.
        await new Promise<void>((resolve) => setImmediate(resolve))
      } while (reading.size > 0)
    },
  }
}
