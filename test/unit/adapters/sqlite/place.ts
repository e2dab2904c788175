/** A store in a folder of its own, and the few things that its tests file. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../../../src/adapters/sqlite/store.ts'
import type { Account } from '../../../../src/core/account/account.ts'
import type { Mailbox, MessageContent } from '../../../../src/core/mailbox/mailbox.ts'
import type { Delivery, NewAccount, NewMessage, Store } from '../../../../src/core/ports/store.ts'

export const clock = { nowMs: () => Date.UTC(2026, 10, 2, 1) }

export interface Folder extends AsyncDisposable {
  readonly directory: string
  readonly file: string
}

export async function makeFolder(): Promise<Folder> {
  const directory = await mkdtemp(join(tmpdir(), 'congvu-sqlite-'))
  return { directory, file: join(directory, 'store.sqlite'), [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
}

export interface Place extends AsyncDisposable {
  readonly folder: Folder
  readonly store: Store
}

export async function openPlace(faultPoint?: string): Promise<Place> {
  const folder = await makeFolder()
  const store = await openSqliteStore({ directory: folder.directory, clock, ...(faultPoint !== undefined && { faultPoint }) })
  return {
    folder,
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

export function newAccount(agency: string, address: string, quotaBytes = 1_000_000_000): NewAccount {
  return {
    agency,
    address,
    name: 'Nguyễn Văn A',
    kind: 'person',
    role: 'individual',
    state: 'active',
    quotaBytes,
    passwordHash: null,
    createdAtMs: clock.nowMs(),
    mailboxes: [
      { name: 'INBOX', role: 'inbox', subscribed: true },
      { name: 'Thùng rác', role: 'trash', subscribed: true },
    ],
  }
}

export interface Owner {
  readonly account: Account
  readonly inbox: Mailbox
}

export async function makeOwner(store: Store, quotaBytes?: number): Promise<Owner> {
  const agency = await store.agencies.create({ label: 'xa1', name: 'Xã 1', domains: ['xa1.example'], createdAtMs: clock.nowMs() })
  const account = await store.accounts.create(newAccount(agency.id, 'a@xa1.example', quotaBytes))
  const inbox = await store.mailboxes.byRole(account.id, 'inbox')
  if (inbox === null) throw new Error('no INBOX')
  return { account, inbox }
}

export function content(change: Partial<MessageContent> = {}): MessageContent {
  return {
    body: '00000001-000000000001',
    bodyBytes: 1_000,
    forms: Buffer.from('forms'),
    text: Buffer.from('text'),
    sentAtMs: null,
    messageId: null,
    references: [],
    baseSubject: 'báo cáo',
    ...change,
  }
}

export function newMessage(change: Partial<NewMessage> = {}): NewMessage {
  return { content: content(), prefix: Buffer.from('Return-Path: <>\r\n'), flags: { bits: 0, keywords: [] }, receivedAtMs: clock.nowMs(), ...change }
}

export function delivery(transaction: string, account: string, change: Partial<Delivery> = {}): Delivery {
  return {
    transaction,
    receivedAtMs: clock.nowMs(),
    content: content(),
    recipients: [{ account, target: { role: 'inbox' }, prefix: Buffer.from('Return-Path: <>\r\n'), flags: { bits: 0, keywords: [] }, extraBytes: 0 }],
    outbox: [],
    facts: {},
    ...change,
  }
}
