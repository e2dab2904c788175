/** A small province on a real store (chosen-store.ts says which), with delivery and outgoing mail on it, a clock that tests turn, and an outside that listens. */
import assert from 'node:assert/strict'
import { createLocalBus } from '../../src/adapters/local/bus.ts'
import { createLocalCounters } from '../../src/adapters/local/counters.ts'
import { createSystemRandom } from '../../src/adapters/local/random.ts'
import type { Account } from '../../src/core/account/account.ts'
import { noActivity } from '../../src/core/account/activity-keeper.ts'
import { createDelivery, type MailDelivery } from '../../src/core/delivery/create-delivery.ts'
import { deliverySettings, type DeliverySettings } from '../../src/core/delivery/settings.ts'
import { createDirectory } from '../../src/core/directory/resolve.ts'
import type { DeliveryFacts, Directory, IncomingMessage } from '../../src/core/mail.ts'
import type { MailboxRole } from '../../src/core/mailbox/mailbox.ts'
import type { Blobs } from '../../src/core/ports/blobs.ts'
import type { Delivery, Store } from '../../src/core/ports/store.ts'
import type { Clock, Outbound } from '../../src/core/ports/world.ts'
import { makeChosenPlace, type ChosenPlace } from './chosen-store.ts'
import type { OpenStore } from './store-place.ts'

/** Sleepers wake when the clock is turned over their time. */
export class RigClock implements Clock {
  #nowMs = Date.UTC(2026, 10, 2, 1)
  #sleepers = new Set<{ readonly atMs: number; readonly wake: (whole: boolean) => void }>()

  nowMs(): number {
    return this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const sleeper = { atMs: this.#nowMs + ms, wake: (whole: boolean) => (this.#sleepers.delete(sleeper), resolve(whole)) }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', () => sleeper.wake(false), { once: true })
    })
  }

  turn(ms: number): void {
    this.#nowMs += ms
    for (const sleeper of this.#sleepers) if (sleeper.atMs <= this.#nowMs) sleeper.wake(true)
  }
}

/** Where outgoing mail goes in these tests: it keeps what it is handed and answers as it is told. */
export class Outside implements Outbound {
  readonly handed: Parameters<Outbound['hand']>[0][] = []
  /** Reply by recipient; `down` for a node that is away. */
  answer: (recipient: string) => string | null | 'down' = () => null
  #waiters: { readonly count: number; readonly resolve: () => void }[] = []

  async hand(batch: Parameters<Outbound['hand']>[0]): ReturnType<Outbound['hand']> {
    if (batch.rows.some(({ recipient }) => this.answer(recipient) === 'down')) throw new Error('the ingress node is away')
    this.handed.push(batch)
    this.#waiters = this.#waiters.filter(({ count, resolve }) => this.handed.length < count || (resolve(), false))
    const accepted: string[] = []
    const refused: { id: string; reply: string }[] = []
    for (const { id, recipient } of batch.rows) {
      const reply = this.answer(recipient)
      if (reply === null) accepted.push(id)
      else refused.push({ id, reply })
    }
    return { accepted, refused }
  }

  /** Resolves when so many hand-overs have come. */
  got(count: number): Promise<void> {
    if (this.handed.length >= count) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push({ count, resolve }))
  }
}

export interface RigMessage {
  readonly id: string
  readonly mailbox: string
  readonly prefix: string
  readonly body: string
  readonly keywords: readonly string[]
  readonly from: string
}

const generousBytes = 1_000_000_000

export class DeliveryRig implements AsyncDisposable {
  readonly clock = new RigClock()
  readonly outside = new Outside()
  readonly bells: string[] = []
  readonly settings: DeliverySettings
  store!: Store
  blobs!: Blobs
  directory!: Directory
  delivery!: MailDelivery
  /** Runs before a commit; tests make trouble in it. */
  beforeCommit: (delivery: Delivery) => Promise<void> = async () => undefined
  readonly #place: ChosenPlace
  #open!: OpenStore
  #agencies = new Map<string, string>()
  #transactions = 0

  constructor(place: ChosenPlace, settings: DeliverySettings) {
    this.#place = place
    this.settings = settings
  }

  async open(): Promise<void> {
    const { clock } = this
    this.#open = await this.#place.open(clock)
    const { store, blobs } = this.#open
    this.blobs = blobs
    const commit: Store['deliveries']['commit'] = async (delivery) => {
      await this.beforeCommit(delivery)
      return await store.deliveries.commit(delivery)
    }
    this.store = { ...store, deliveries: { ...store.deliveries, commit }, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
    this.directory = createDirectory(store, { provinceDomain: this.settings.mainDomain })
    const bus = createLocalBus({ onError: (error) => assert.fail(String(error)) })
    const heard = { ...bus, ring: (bell: Parameters<typeof bus.ring>[0]) => (this.bells.push(bell.account), bus.ring(bell)) }
    const random = createSystemRandom()
    const counters = createLocalCounters(clock)
    this.delivery = createDelivery({ store: this.store, blobs: this.blobs, bus: heard, clock, random, counters, outbound: this.outside, activity: noActivity }, this.settings, this.directory)
  }

  async close(): Promise<void> {
    await this.delivery.held[Symbol.asyncDispose]()
    await this.#open[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    await this.#place.remove()
  }

  /** Its domain's agency is made when it is not there. */
  async account(address: string, given: Partial<Pick<Account, 'state' | 'role' | 'quotaBytes' | 'name'>> = {}): Promise<Account> {
    const domain = address.slice(address.indexOf('@') + 1)
    let agency = this.#agencies.get(domain)
    if (agency === undefined) {
      const label = domain.split('.')[0]!
      agency = (await this.store.agencies.create({ label, name: label, domains: [domain], createdAtMs: this.clock.nowMs() })).id
      this.#agencies.set(domain, agency)
    }
    const roles: MailboxRole[] = ['inbox', 'junk', 'sent']
    return await this.store.accounts.create({
      agency,
      address,
      name: '',
      kind: 'person',
      role: 'individual',
      state: 'active',
      quotaBytes: generousBytes,
      passwordHash: null,
      createdAtMs: this.clock.nowMs(),
      mailboxes: roles.map((role) => ({ name: role === 'inbox' ? 'INBOX' : role, role, subscribed: true })),
      ...given,
    })
  }

  incoming(given: Partial<Omit<IncomingMessage, 'bytes'>> & { readonly bytes?: string | Uint8Array }): IncomingMessage {
    return {
      transaction: `t${++this.#transactions}`,
      sender: 'ngoai@example.org',
      recipients: [],
      account: null,
      facts: this.facts(),
      receivedAtMs: this.clock.nowMs(),
      ...given,
      bytes: Buffer.from(given.bytes ?? letter()),
    }
  }

  facts(given: Partial<DeliveryFacts> = {}): DeliveryFacts {
    const nothing = { spf: null, dkim: null, dmarc: null, spam: null, virus: null, dnsLists: [], unanswered: [] }
    return { remoteIp: '192.0.2.1', remoteName: 'mx.example.org', helo: 'mx.example.org', tls: true, ...nothing, ...given }
  }

  /** Everything in the account, oldest first. */
  async mail(account: Pick<Account, 'id'>): Promise<RigMessage[]> {
    const found: RigMessage[] = []
    for (const mailbox of await this.store.mailboxes.list(account.id)) {
      for await (const slice of this.store.messages.read(account.id, mailbox.id, 'all', { forms: false, text: false })) {
        for (const { id, prefix, body, flags } of slice) {
          const bytes = Buffer.from(await this.blobs.read(body))
          found.push({ id, mailbox: mailbox.name, prefix: Buffer.from(prefix).toString(), body: bytes.toString(), keywords: flags.keywords, from: body })
        }
      }
    }
    return found
  }

  async outboxRows(): ReturnType<Store['outbox']['list']> {
    const states = ['queued', 'handed', 'deferred', 'delivered', 'bounced', 'cancelled', 'held'] as const
    return (await this.store.outbox.list({ states, limit: 100 })).toReversed()
  }

  async records(): Promise<{ action: string; subject: string; detail: Readonly<Record<string, unknown>> }[]> {
    return (await this.store.records.read({ kind: 'mail', limit: 100 })).map(({ action, subject, detail }) => ({ action, subject, detail }))
  }
}

export async function openDeliveryRig(changes: Partial<DeliverySettings> = {}): Promise<DeliveryRig> {
  const rig = new DeliveryRig(await makeChosenPlace(), deliverySettings({ hostname: 'mail.gialai.example', mainDomain: 'gialai.example' }, changes))
  await rig.open()
  return rig
}

/** A message of few lines. */
export function letter(fields: Readonly<Record<string, string>> = {}, body = 'Kính gửi\r\n'): string {
  const header = { From: '<ngoai@example.org>', Subject: 'Thu', Date: 'Mon, 02 Nov 2026 08:00:00 +0700', 'Message-ID': '<thu@example.org>', ...fields }
  return `${Object.entries(header).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}
