/**
 * What the documents look like, and why (design §5.7). Keys are packed as ids.ts says; instants are epoch milliseconds.
 *
 * `states`: the documents that decide whether a write holds, so that one command asks and changes all of them:
 *   - one an account (`_id` is its number), and the only one through which the account's mail is written. It holds what one
 *     write must know and change as one: modseq, next numbers, used bytes, and every mailbox with its counters. `rev` grows by
 *     one with each write of the document; a writer names the `rev` that it planned on, so nobody writes on what another has
 *     changed meanwhile. Addresses stand in it too: their unique index makes an address one account's.
 *   - one a delivery (`delivery/TRANSACTION`): the idempotency key with the facts.
 *   - one a row of the outbox. `nextAtMs` is when the row wants a hand: its due time, or the end of its lease; absent when it is
 *     held or settled. `node` is absent when nobody has it.
 *
 * `messages`: a message is its own change log: `modseq` is that of its last change. `keywords` is text, one a line, because an
 *   index over an array could not answer a view alone. `threadKeys` are those that this message was the first to bring
 *   (write/threads.ts). Every index costs each change of flags, so there are four and no more (indexes.ts).
 *
 * `tombstones`: UIDs that left a mailbox with one write, or a mailbox that was removed.
 *
 * `held` and `recipients`: deliveries to very many accounts, and who of them is left.
 *
 * `registry` and `registryKeys`: the documents of the administration, and for each of their keys one `_id` to find them by.
 *
 * `agencies`, `records`, `settings`, `counters`, `writers`, `schema`: what their names say. `blobs`: see blob-documents.ts.
 */
import type { Account, AccountState, LockClause, Role } from '../../core/account/account.ts'
import type { MailboxRole } from '../../core/mailbox/mailbox.ts'
import type { RecordKind } from '../../core/record/record.ts'
import type { OutboxState } from '../../core/submission/outbox-row.ts'

export interface MailboxState {
  readonly name: string
  readonly role: MailboxRole | null
  readonly uidValidity: number
  readonly uidNext: number
  readonly highestModseq: number
  readonly modseq: number
  readonly createdModseq: number
  readonly messages: number
  readonly unseen: number
  readonly deleted: number
  readonly sizeBytes: number
}

export interface AccountDocument {
  readonly _id: number
  rev: number
  agency: number
  address: string
  localPart: string
  /** The primary one first. */
  addresses: readonly string[]
  name: string
  kind: Account['kind']
  role: Role
  state: AccountState
  lockClause: LockClause | null
  passwordHash: string | null
  credentialVersion: number
  createdAtMs: number
  quotaBytes: number
  usedBytes: number
  modseq: number
  nextMessage: number
  nextMailbox: number
  lastUidValidity: number
  /** Up to here tombstones are forgotten. */
  prunedModseq: number
  /** Of the last write that made or changed a message, and of the last that left a tombstone: what need not be looked for. */
  changedModseq: number
  vanishedModseq: number
  /** By number. */
  mailboxes: Record<string, MailboxState>
  subscriptions: readonly string[]
}

export interface MessageDocument {
  readonly _id: number
  readonly account: number
  readonly mailbox: number
  readonly uid: number
  readonly modseq: number
  readonly createdModseq: number
  readonly flags: number
  readonly keywords: string | null
  readonly receivedAtMs: number
  readonly sentAtMs: number | null
  readonly sizeBytes: number
  readonly thread: number
  readonly threadKeys?: readonly number[]
  readonly body: string
  readonly prefix: Uint8Array
  readonly forms: Uint8Array
  readonly text: Uint8Array
}

export interface TombstoneDocument {
  readonly _id: string
  readonly account: number
  readonly modseq: number
  readonly mailbox: number
  readonly atMs: number
  readonly count: number
  /** The mailbox itself went with this write. */
  readonly removed: boolean
  /** Packed ranges (uid-ranges.ts): UIDs, and the numbers of messages that are gone from the account. */
  readonly uids: Uint8Array
  readonly destroyed: Uint8Array
}

export interface DeliveryDocument {
  readonly _id: string
  readonly receivedAtMs: number
  /** JSON: its keys are the caller's. */
  readonly facts: string
}

export interface OutboxDocument {
  readonly _id: string
  readonly transaction: string
  readonly sender: string
  readonly recipient: string
  readonly account?: number
  readonly body: string
  readonly bodyBytes: number
  readonly prefix: Uint8Array
  readonly state: OutboxState
  readonly dueAtMs: number
  readonly nextAtMs?: number
  readonly createdAtMs: number
  readonly attempts: number
  readonly node?: string
  readonly leaseUntilMs: number | null
  readonly lastReply: string | null
  readonly lastTryAtMs: number | null
  /** Of the claim that took it last. */
  readonly claim?: string
  /** When a settled row was last tried, or made: from then its age counts. */
  readonly settledAtMs?: number
}

export type RecipientRefusal = 'quota-exceeded' | 'account-unknown' | 'mailbox-unknown'

export interface HeldDocument {
  /** The transaction. */
  readonly _id: string
  readonly receivedAtMs: number
  readonly remaining: number
  readonly body: string
  readonly bodyBytes: number
  readonly sentAtMs: number | null
  readonly messageId: string | null
  readonly references: readonly string[]
  readonly baseSubject: string
  readonly forms: Uint8Array
  readonly text: Uint8Array
}

export interface RecipientDocument {
  readonly _id: string
  readonly held: string
  readonly position: number
  /** '' while it waits; then why it could not be filed. Those that were filed are gone. */
  readonly refused: RecipientRefusal | ''
  readonly account: string
  readonly mailbox: string | null
  readonly role: MailboxRole | null
  readonly flags: number
  readonly keywords: string | null
  readonly extraBytes: number
  readonly prefix: Uint8Array
}

/** What a group of writes may add to and change, beside accounts and deliveries: collections, and the outbox rows in `states`. */
export interface Written {
  readonly messages: MessageDocument
  readonly tombstones: TombstoneDocument
  readonly outbox: OutboxDocument
  readonly held: HeldDocument
  readonly recipients: RecipientDocument
}

export interface AgencyDocument {
  readonly _id: number
  readonly label: string
  readonly name: string
  /** Absent when there is none: in a unique index two empty lists would be the same. */
  readonly domains?: readonly string[]
  readonly createdAtMs: number
}

export interface RecordDocument {
  readonly _id: string
  readonly kind: RecordKind
  readonly seq: number
  readonly atMs: number
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly clause: string | null
  /** JSON: its keys are the caller's. */
  readonly detail: string
  readonly hash: string
  /** Absent: none. */
  readonly keys?: readonly string[]
}

/** A document of the registry (core/ports/registry.ts); `value` is JSON, because its keys are the caller's. */
export interface RegistryDocument {
  readonly _id: string
  readonly kind: string
  readonly id: string
  readonly version: number
  readonly value: string
  readonly keys: readonly string[]
  /** Bodies that it holds on to. */
  readonly body?: readonly string[]
}

// The parts hold no control character, so 0x01 keeps kind, key and id apart and sorts before all that they hold.
export const registryId = (kind: string, id: string): string => `${kind}\u0001${id}`
export const registryKeyId = (kind: string, key: string, id: string): string => `${kind}\u0001${key}\u0001${id}`

export function keyOfId(keyId: string): { readonly key: string; readonly id: string } {
  const [, key = '', id = ''] = keyId.split('\u0001')
  return { key, id }
}

export const deliveryId = (transaction: string): string => `delivery/${transaction}`
export const recipientId = (transaction: string, position: number): string => `${transaction}/${position}`
export const tombstoneId = (mailbox: number, modseq: number): string => `${mailbox}/${modseq}`
