/** Accounts and letters for the tests that measure the store on MongoDB, without the fixtures' own questions to it. */
import { MongoClient } from 'mongodb'
import type { Document } from 'mongodb'
import type { AccountId, MailboxId } from '../../src/core/mailbox/mailbox.ts'
import { noFlags } from '../../src/core/mailbox/flags.ts'
import type { Delivery, NewMessage, Store } from '../../src/core/ports/store.ts'

export interface Owner {
  readonly account: AccountId
  readonly inbox: MailboxId
  readonly trash: MailboxId
}

let made = 0

export async function makeOwner(store: Store): Promise<Owner> {
  const n = ++made
  const agency = await store.agencies.create({ label: `xa${n}`, name: 'Xã', domains: [`xa${n}.example`], createdAtMs: 0 })
  const account = await store.accounts.create({
    agency: agency.id,
    address: `canbo${n}@xa${n}.example`,
    name: 'Cán bộ',
    kind: 'person',
    role: 'individual',
    state: 'active',
    quotaBytes: 1e12,
    passwordHash: null,
    createdAtMs: 0,
    mailboxes: [
      { name: 'INBOX', role: 'inbox', subscribed: true },
      { name: 'Trash', role: 'trash', subscribed: true },
    ],
  })
  const [inbox, trash] = [await store.mailboxes.byRole(account.id, 'inbox'), await store.mailboxes.byRole(account.id, 'trash')]
  return { account: account.id, inbox: inbox!.id, trash: trash!.id }
}

export function letter(references: readonly string[] = []): NewMessage {
  const n = ++made
  return {
    content: {
      body: `than-${n}`,
      bodyBytes: 5_000,
      forms: Buffer.alloc(1_500, 'f'),
      text: Buffer.alloc(1_500, 't'),
      sentAtMs: 0,
      messageId: `<thu${n}@xa.example>`,
      references,
      baseSubject: 'bao cao',
    },
    prefix: Buffer.alloc(250, 'p'),
    flags: noFlags,
    receivedAtMs: 0,
  }
}

export function letters(count: number): NewMessage[] {
  return Array.from({ length: count }, () => letter())
}

export function deliveryTo(accounts: readonly AccountId[], given: Partial<Delivery> = {}): Delivery {
  const { content, prefix, flags } = letter()
  return {
    transaction: `giao-${++made}`,
    receivedAtMs: 0,
    content,
    recipients: accounts.map((account) => ({ account, target: { role: 'inbox' }, prefix, flags, extraBytes: 0 })),
    outbox: [],
    facts: { client: '203.0.113.9' },
    ...given,
  }
}

export async function fill(store: Store, { account, inbox }: Owner, count: number): Promise<void> {
  for (let done = 0; done < count; done += 500) await store.messages.append(account, inbox, letters(Math.min(500, count - done)))
}

export async function drained(source: AsyncIterable<unknown>): Promise<void> {
  for await (const slice of source) void slice
}

/** As many account documents as asked for, copies of one that the store has made. */
export async function makeAccounts(url: string, database: string, count: number): Promise<void> {
  const client = new MongoClient(url)
  const states = client.db(database).collection<Document>('states')
  const [pattern] = await states.find({ address: { $exists: true } }, { projection: { _id: 0 } }).limit(1).toArray()
  const there = await states.countDocuments({ address: { $exists: true } })
  const copies = Array.from({ length: count - there }, (_, i) => {
    const address = `nhieu${there + i}@xa.example`
    return { ...pattern, _id: 1_000_000 + there + i, address, localPart: address.split('@')[0], addresses: [address] }
  })
  await states.insertMany(copies as Document[])
  await client.close()
}
