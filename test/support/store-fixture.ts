/** Agencies, accounts, messages and deliveries for the contract tests, in few words. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Account } from '../../src/core/account/account.ts'
import type { Agency } from '../../src/core/agency/agency.ts'
import type { MailErrorCode } from '../../src/core/errors.ts'
import { isMailError } from '../../src/core/errors.ts'
import type { Flags } from '../../src/core/mailbox/flags.ts'
import { deletedBit, flagsOf, seenBit } from '../../src/core/mailbox/flags.ts'
import type { AccountId, Mailbox, MailboxId, MessageContent, StoredMessage, Uids } from '../../src/core/mailbox/mailbox.ts'
import type { Blobs } from '../../src/core/ports/blobs.ts'
import type { Delivery, DeliveryOutcome, DeliveryRecipient, Filed, NewAccount, NewMessage, Store } from '../../src/core/ports/store.ts'
import type { NewOutboxRow } from '../../src/core/submission/outbox-row.ts'
import type { MakePlace, OpenStore, StorePlace, TurnedClock } from './store-place.ts'

export const trace = Buffer.from('Return-Path: <nguoigui@xa.example>\r\n')
export const generousBytes = 1_000_000_000

/** Ids, labels and local parts that no other test of the process uses. */
let counter = 0
export function fresh(word: string): string {
  return `${word}${++counter}`
}

/** The store of one group of tests, opened before them and removed after them. */
export class Fixture {
  #place: StorePlace | null = null
  #open: OpenStore | null = null
  #body: Promise<string> | null = null

  /** To be called inside `describe`. */
  constructor(makePlace: MakePlace) {
    before(async () => {
      this.#place = await makePlace()
      this.#open = await this.#place.open()
    })
    after(async () => {
      await this.#open?.[Symbol.asyncDispose]()
      await this.#place?.remove()
    })
  }

  get store(): Store {
    assert.ok(this.#open)
    return this.#open.store
  }

  get blobs(): Blobs {
    assert.ok(this.#open)
    return this.#open.blobs
  }

  get clock(): TurnedClock {
    assert.ok(this.#place)
    return this.#place.clock
  }

  /** Closes the store and opens it again on the same data. */
  async reopen(): Promise<void> {
    assert.ok(this.#open && this.#place)
    await this.#open[Symbol.asyncDispose]()
    this.#open = await this.#place.open()
  }

  agency(domains: readonly string[] = [`${fresh('xa')}.example`]): Promise<Agency> {
    return this.store.agencies.create({ label: fresh('xa'), name: 'Xã Thử Nghiệm', domains, createdAtMs: this.clock.nowMs() })
  }

  async account(given: Partial<NewAccount> = {}): Promise<Account> {
    return this.store.accounts.create(await this.newAccount(given))
  }

  /** With INBOX, Sent, Trash and Junk, unless said otherwise. */
  async newAccount(given: Partial<NewAccount> = {}): Promise<NewAccount> {
    return {
      agency: given.agency ?? (await this.agency()).id,
      address: `${fresh('canbo')}@${fresh('xa')}.example`,
      name: 'Nguyễn Văn Thử',
      kind: 'person',
      role: 'individual',
      state: 'active',
      quotaBytes: generousBytes,
      passwordHash: null,
      createdAtMs: this.clock.nowMs(),
      mailboxes: [
        { name: 'INBOX', role: 'inbox', subscribed: true },
        { name: 'Sent', role: 'sent', subscribed: true },
        { name: 'Trash', role: 'trash', subscribed: true },
        { name: 'Junk', role: 'junk', subscribed: false },
      ],
      ...given,
    }
  }

  async inbox(account: AccountId): Promise<Mailbox> {
    return this.mailbox(account, 'INBOX')
  }

  async mailbox(account: AccountId, name: string): Promise<Mailbox> {
    const found = await this.store.mailboxes.byName(account, name)
    assert.ok(found, `mailbox ${name}`)
    return found
  }

  /** An account and its INBOX, with `messages` messages in it. */
  async accountWithMail(messages: number, given: Partial<NewAccount> = {}): Promise<{ account: AccountId; inbox: MailboxId; filed: readonly Filed[] }> {
    const account = (await this.account(given)).id
    const inbox = (await this.inbox(account)).id
    const filed = messages === 0 ? [] : await this.store.messages.append(account, inbox, await this.messages(messages))
    return { account, inbox, filed }
  }

  /** What is stored of a letter of `bodyBytes`. All share one small body unless `body` says otherwise: the store counts what it is told. */
  async content(given: Partial<MessageContent> = {}): Promise<MessageContent> {
    this.#body ??= this.blobs.put(Buffer.from('Subject: thu\r\n\r\nKinh gui\r\n'))
    return {
      body: given.body ?? (await this.#body),
      bodyBytes: 1_000,
      forms: Buffer.from(`forms ${fresh('')}`),
      text: Buffer.from(`van ban ${fresh('')}`),
      sentAtMs: this.clock.nowMs() - 60_000,
      messageId: `<${fresh('thu')}@xa.example>`,
      references: [],
      baseSubject: 'cong van',
      ...given,
    }
  }

  async message(given: { content?: Partial<MessageContent>; flags?: readonly string[]; prefix?: Uint8Array; receivedAtMs?: number } = {}): Promise<NewMessage> {
    return {
      content: await this.content(given.content),
      prefix: given.prefix ?? trace,
      flags: flagsOf(given.flags ?? []),
      receivedAtMs: given.receivedAtMs ?? this.clock.nowMs(),
    }
  }

  async messages(count: number, content?: Partial<MessageContent>): Promise<NewMessage[]> {
    const made: NewMessage[] = []
    for (let i = 0; i < count; i++) made.push(await this.message(content === undefined ? {} : { content }))
    return made
  }

  recipient(account: AccountId, given: Partial<DeliveryRecipient> = {}): DeliveryRecipient {
    return { account, target: { role: 'inbox' }, prefix: trace, flags: flagsOf([]), extraBytes: 0, ...given }
  }

  async delivery(recipients: readonly (AccountId | DeliveryRecipient)[], given: Partial<Delivery> = {}): Promise<Delivery> {
    return {
      transaction: fresh('giaodich-'),
      receivedAtMs: this.clock.nowMs(),
      content: given.content ?? (await this.content()),
      recipients: recipients.map((recipient) => (typeof recipient === 'string' ? this.recipient(recipient) : recipient)),
      outbox: [],
      facts: { client: '203.0.113.9' },
      ...given,
    }
  }

  outboxRow(given: Partial<NewOutboxRow> = {}): NewOutboxRow {
    return { sender: 'nguoigui@xa.example', recipient: `${fresh('ngoai')}@ngoai.example`, dueAtMs: this.clock.nowMs(), prefix: trace, account: null, ...given }
  }

  async read(account: AccountId, mailbox: MailboxId, uids: Uids = 'all', want = { forms: false, text: false }): Promise<StoredMessage[]> {
    return (await slices(this.store.messages.read(account, mailbox, uids, want))).flat()
  }

  /** P6 for one account; called at the end of whatever changed it. */
  async countersAreSums(account: AccountId): Promise<void> {
    await countersAreSums(this.store, account)
  }
}

export async function slices<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const slice of source) all.push(slice)
  return all
}

export function uids(...numbers: readonly number[]): Uint32Array {
  return Uint32Array.from(numbers)
}

export function uidsOf(filed: readonly { readonly uid: number }[]): number[] {
  return filed.map((one) => one.uid)
}

export function isRefused(...codes: readonly MailErrorCode[]): (error: unknown) => boolean {
  return (error) => {
    if (isMailError(error, ...codes)) return true
    throw error
  }
}

export function committed(outcome: DeliveryOutcome): Extract<DeliveryOutcome, { kind: 'committed' }> {
  assert.equal(outcome.kind, 'committed')
  return outcome as Extract<DeliveryOutcome, { kind: 'committed' }>
}

/** P6: usedBytes and every counter of every mailbox against a count of what is there; and the view against both. */
export async function countersAreSums(store: Store, account: AccountId): Promise<void> {
  let used = 0
  for (const listed of await store.mailboxes.list(account)) {
    const messages = (await slices(store.messages.read(account, listed.id, 'all', { forms: false, text: false }))).flat()
    const mailbox = await store.mailboxes.get(account, listed.id)
    const sum = (of: (message: StoredMessage) => number): number => messages.reduce((total, message) => total + of(message), 0)
    const has = (flags: Flags, bit: number): number => ((flags.bits & bit) === 0 ? 0 : 1)
    const size = sum((message) => message.sizeBytes)
    used += size
    assert.deepEqual(
      { messages: mailbox?.messages, unseen: mailbox?.unseen, deleted: mailbox?.deleted, sizeBytes: mailbox?.sizeBytes },
      {
        messages: messages.length,
        unseen: sum((message) => 1 - has(message.flags, seenBit)),
        deleted: sum((message) => has(message.flags, deletedBit)),
        sizeBytes: size,
      },
      `counters of ${listed.name}`,
    )
    assert.ok(messages.every((message) => message.uid < mailbox!.uidNext && message.modseq <= mailbox!.highestModseq))
    const view = await store.messages.view(account, listed.id)
    assert.ok(view)
    assert.deepEqual([...view.uids], uidsOf(messages))
    assert.deepEqual([...view.modseqs], messages.map((message) => message.modseq))
    assert.deepEqual([...view.flags].map((index) => view.flagSets[index]), messages.map((message) => message.flags))
  }
  assert.equal((await store.accounts.get(account))?.usedBytes, used, 'usedBytes')
}

/**
 * Runs `look` again and again while `work` goes on, at least once, letting the event loop turn in between, and once more
 * when it is done.
 */
export async function whileDoing(work: Promise<unknown>, look: () => Promise<void>): Promise<void> {
  let busy = true
  const done = work.finally(() => (busy = false))
  // Whether it fails is told by the last line; a failing look must not leave it unheard.
  done.catch(() => undefined)
  while (busy) {
    await look()
    await setImmediate()
  }
  await done
  await look()
}
