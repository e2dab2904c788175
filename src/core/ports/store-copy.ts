/**
 * What moving house needs of a store (design §5.3, §5.7): everything that it holds, read in a fixed order and written elsewhere
 * as it is, so that ids, UIDs, UIDVALIDITY, MODSEQ and tombstones stay and no mail client downloads again. It is apart from
 * core/ports/store.ts because it speaks of rows and not of mail. Nobody else may have the store open meanwhile.
 *
 *  C1  Opening refuses `unavailable` while a server or another move has the store, and keeps both out until it is closed.
 *  C2  `read` gives each row of a part once, in the order of its {@link keyOf key}, the same order on every store, from after `after`.
 *  C3  `write` is atomic together with the state, and durable when it resolves: after a death the state tells exactly which rows
 *      are there.
 *  C4  A store whose state says that it is half filled is opened by no server.
 *  C5  What was written is read again equal (outbox ids apart: each store has its own form, in the same order).
 *
 * Bodies are named differently by every store, so a target notes which of its bodies stands for which of the source's.
 */
import type { Account, AccountState, LockClause, Role } from '../account/account.ts'
import type { BlobId, MailboxRole } from '../mailbox/mailbox.ts'
import type { RecordKind } from '../record/record.ts'
import type { OutboxState } from '../submission/outbox-row.ts'

export interface SettingRow {
  readonly key: string
  readonly value: string
}

export interface AgencyRow {
  readonly no: number
  readonly label: string
  readonly name: string
  readonly domains: readonly string[]
  readonly createdAtMs: number
}

export interface MailboxRow {
  readonly no: number
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

/** With what a write to the account's mail changes as one: counters, mailboxes, subscriptions. */
export interface AccountRow {
  readonly no: number
  readonly agency: number
  readonly address: string
  /** Sorted by their code units; without the primary address. */
  readonly aliases: readonly string[]
  readonly name: string
  readonly kind: Account['kind']
  readonly role: Role
  readonly state: AccountState
  readonly lockClause: LockClause | null
  readonly passwordHash: string | null
  readonly credentialVersion: number
  readonly createdAtMs: number
  readonly quotaBytes: number
  readonly usedBytes: number
  readonly modseq: number
  readonly nextMessage: number
  readonly nextMailbox: number
  readonly lastUidValidity: number
  readonly prunedModseq: number
  /** By number. */
  readonly mailboxes: readonly MailboxRow[]
  /** Sorted by their code units. */
  readonly subscriptions: readonly string[]
}

export interface MessageRow {
  readonly account: number
  readonly no: number
  /** Number within the account. */
  readonly mailbox: number
  readonly uid: number
  readonly modseq: number
  readonly createdModseq: number
  readonly flags: number
  /** One a line, or null. */
  readonly keywords: string | null
  readonly receivedAtMs: number
  readonly sentAtMs: number | null
  readonly sizeBytes: number
  readonly thread: number
  readonly body: BlobId
  readonly prefix: Uint8Array
  readonly forms: Uint8Array
  readonly text: Uint8Array
}

export interface TombstoneRow {
  readonly account: number
  readonly modseq: number
  readonly mailbox: number
  readonly atMs: number
  readonly count: number
  /** The mailbox itself went with this write. */
  readonly removed: boolean
  /** Ranges as pairs of little-endian 32-bit numbers: UIDs, and the numbers of the messages that are gone from the account. */
  readonly uids: Uint8Array
  readonly destroyed: Uint8Array
}

export interface DeliveryRow {
  readonly transaction: string
  readonly receivedAtMs: number
  /** JSON. */
  readonly facts: string
}

export interface HeldRow {
  readonly transaction: string
  readonly receivedAtMs: number
  readonly remaining: number
  readonly body: BlobId
  readonly bodyBytes: number
  readonly sentAtMs: number | null
  readonly messageId: string | null
  readonly references: readonly string[]
  readonly baseSubject: string
  readonly forms: Uint8Array
  readonly text: Uint8Array
}

/** Of a held delivery: who waits (`refused` is ''), or was refused and why; of the refused nothing else is kept. */
export interface RecipientRow {
  readonly transaction: string
  readonly position: number
  readonly refused: 'quota-exceeded' | 'account-unknown' | 'mailbox-unknown' | ''
  readonly account: string
  readonly mailbox: string | null
  readonly role: MailboxRole | null
  readonly flags: number
  readonly keywords: string | null
  readonly extraBytes: number
  readonly prefix: Uint8Array
}

export interface OutgoingRow {
  /** In the form of the store that it was read from. */
  readonly id: string
  readonly transaction: string
  readonly sender: string
  readonly recipient: string
  readonly account: number | null
  readonly body: BlobId
  readonly bodyBytes: number
  readonly prefix: Uint8Array
  readonly state: OutboxState
  readonly dueAtMs: number
  /** When it wants a hand; null when it is held or settled. */
  readonly nextAtMs: number | null
  readonly createdAtMs: number
  readonly attempts: number
  readonly node: string | null
  readonly leaseUntilMs: number | null
  readonly lastReply: string | null
  readonly lastTryAtMs: number | null
}

export interface RecordRow {
  readonly kind: RecordKind
  readonly seq: number
  readonly atMs: number
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly clause: string | null
  /** JSON. */
  readonly detail: string
  readonly hash: string
  /** As they are kept, one a line. */
  readonly keys: string
}

/** A document of the registry (ports/registry.ts). */
export interface RegistryRow {
  readonly kind: string
  readonly id: string
  readonly version: number
  /** JSON. */
  readonly value: string
  /** Sorted by their code units, and so are the bodies. */
  readonly keys: readonly string[]
  readonly bodies: readonly BlobId[]
}

/** Everything that a store holds, in the order in which it is copied. */
export interface Rows {
  readonly settings: SettingRow
  readonly agencies: AgencyRow
  readonly accounts: AccountRow
  readonly messages: MessageRow
  readonly tombstones: TombstoneRow
  readonly deliveries: DeliveryRow
  readonly held: HeldRow
  readonly recipients: RecipientRow
  readonly outbox: OutgoingRow
  readonly records: RecordRow
  readonly registry: RegistryRow
}

export type Part = keyof Rows

export const parts = ['settings', 'agencies', 'accounts', 'messages', 'tombstones', 'deliveries', 'held', 'recipients', 'outbox', 'records', 'registry'] as const satisfies readonly Part[]

/** Orders the rows of a part: numbers by size, texts by their UTF-8 bytes. */
export type Key = readonly (string | number)[]

const keys: { readonly [P in Part]: (row: Rows[P]) => Key } = {
  settings: ({ key }) => [key],
  agencies: ({ no }) => [no],
  accounts: ({ no }) => [no],
  messages: ({ account, no }) => [account, no],
  tombstones: ({ account, modseq, mailbox }) => [account, modseq, mailbox],
  deliveries: ({ transaction }) => [transaction],
  held: ({ receivedAtMs, transaction }) => [receivedAtMs, transaction],
  recipients: ({ transaction, position }) => [transaction, position],
  outbox: ({ id }) => [id],
  records: ({ kind, seq }) => [kind, seq],
  registry: ({ kind, id }) => [kind, id],
}

export function keyOf<P extends Part>(part: P, row: Rows[P]): Key {
  return keys[part](row)
}

/** Settings that belong to the place and not to what is kept there. */
export function staysBehind(setting: string): boolean {
  return setting.startsWith('store.') || setting.startsWith('bodies.')
}

/** The setting that holds the state of a move in its target (C4), and the one that names a store. */
export const moveSetting = 'store.move'
export const identitySetting = 'store.identity'

/** How much comes at a time. */
export interface SliceSize {
  readonly rows: number
  /** A slice ends with the row that reaches it. */
  readonly bytes: number
}

export interface ReadableStore extends AsyncDisposable {
  /** A name for life, made when it is first asked for. */
  identity(): Promise<string>
  /** Null when nothing was ever moved here. */
  state(): Promise<string | null>
  /** About how many rows there are, for people who wait. */
  count(part: Part): Promise<number>
  /** Refuses `unavailable`. */
  read<P extends Part>(part: P, after: Key | null, size: SliceSize): AsyncIterable<readonly Rows[P][]>
}

/** By what messages are joined to threads (RFC 8621 §3); a store keeps hashes of its own of them. */
export interface ThreadWords {
  readonly messageId: string | null
  readonly references: readonly string[]
  readonly baseSubject: string
}

export interface CopiedBody extends ThreadWords {
  /** Its name in the source, and here. */
  readonly from: BlobId
  readonly body: BlobId
  /** SHA-256 of what the source gave, in hex. */
  readonly sha256: string
  readonly bodyBytes: number
}

/** Rows as a target takes them: bodies by their names there, messages with their thread words. */
export interface WrittenRows extends Omit<Rows, 'messages'> {
  readonly messages: MessageRow & { readonly words: ThreadWords }
}

export interface WritableStore extends ReadableStore {
  putState(state: string): Promise<void>
  /** Rows come in the order of their keys; those of an account before its messages. Refuses `unavailable`, `storage-full`. */
  write<P extends Part>(part: P, rows: readonly WrittenRows[P][], state: string): Promise<void>
  /** Those of the source's bodies that are here; others are left out. */
  bodies(from: readonly BlobId[]): Promise<ReadonlyMap<BlobId, CopiedBody>>
  noteBodies(bodies: readonly CopiedBody[]): Promise<void>
  noted(): Promise<number>
  /** All that were noted, by their name in the source, from after `after`. */
  notedBodies(after: BlobId | null, rows: number): AsyncIterable<readonly CopiedBody[]>
  /** Removes every row of every part; noted bodies and the state stay. */
  clear(): Promise<void>
  /** Forgets which bodies were noted, and puts the last state. */
  finish(state: string): Promise<void>
}
