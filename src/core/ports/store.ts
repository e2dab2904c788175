/**
 * The store port: coarse, atomic, intention-revealing (design §5.3). No transaction crosses it. Every sentence that says
 * "always", "never", "atomic" or "exactly" below is a promise, and a test of that promise stands in test/contract.
 *
 * Promises of the whole store
 *  P1  A resolved write is durable: it survives the death of the process and of the machine. A rejected write has
 *      changed nothing, unless the connection to the store was lost: then it may have happened, whole or not at all.
 *  P2  UIDs of a mailbox strictly grow and are never used again, also after a crash, an expunge or an emptied mailbox.
 *      UIDVALIDITY of a mailbox never changes; a mailbox made again under an old name gets a greater one.
 *  P3  One modseq counter per account. Every write that changes messages or mailboxes takes the next value. A reader never
 *      sees modseq n before every change up to n is visible: commit order is modseq order.
 *  P4  A message has one id for life. A move keeps the id and gives a new UID; a copy makes a new id.
 *  P5  What is expunged or moved away leaves a tombstone; `changes.since` reports it for as long as it is kept, and says
 *      `tooOld` below that, never a silent gap.
 *  P6  Account.usedBytes equals the sum of its messages' sizes; a mailbox's counters equal a count of its messages.
 *  P7  Two writers at the same moment are as one after the other.
 *  P8  A full disk or a lost connection refuses with `storage-full` or `unavailable`, and later writes succeed by themselves.
 */
import type { Agency, AgencyId } from '../agency/agency.ts'
import type { Account, AccountState, Address, LockClause, Role } from '../account/account.ts'
import type { Changes } from '../change.ts'
import type { FlagChange, Flags } from '../mailbox/flags.ts'
import type {
  AccountId,
  BlobId,
  Mailbox,
  MailboxId,
  MailboxRole,
  MailboxView,
  MessageContent,
  MessageId,
  StoredMessage,
  Uids,
} from '../mailbox/mailbox.ts'
import type { NewRecord, RecordKind, StoredRecord } from '../record/record.ts'
import type { RegistryStore } from './registry.ts'
import type { NewOutboxRow, OutboxId, OutboxRow, OutboxState } from '../submission/outbox-row.ts'

export interface Store extends AsyncDisposable {
  readonly agencies: AgencyStore
  readonly accounts: AccountStore
  readonly mailboxes: MailboxStore
  readonly messages: MessageStore
  readonly changes: ChangeStore
  readonly deliveries: DeliveryStore
  readonly outbox: OutboxStore
  readonly records: RecordStore
  readonly registry: RegistryStore
  /** Answers when the store can take a write and a read; rejects with `unavailable` or `storage-full`. */
  ready(): Promise<void>
  /** Which of these bodies a message, an outbox row or a held delivery still names. */
  bodiesInUse(bodies: readonly BlobId[]): Promise<ReadonlySet<BlobId>>
  /** Small durable settings of the installation itself (first start, secrets' fingerprints). */
  setting(key: string): Promise<string | null>
  putSetting(key: string, value: string): Promise<void>
}

// -- agencies -----------------------------------------------------------------------------------------------------------

export interface AgencyStore {
  /** Atomic. Refuses `agency-taken` when the label or one of the domains exists. */
  create(agency: Omit<Agency, 'id'>): Promise<Agency>
  get(id: AgencyId): Promise<Agency | null>
  byLabel(label: string): Promise<Agency | null>
  /** The agency that owns a mail domain (lower case). */
  byDomain(domain: string): Promise<Agency | null>
  /** Refuses `agency-taken` when another agency has the domain, `agency-unknown`. Adding twice is adding once. */
  addDomain(id: AgencyId, domain: string): Promise<Agency>
  /** By label. */
  list(): AsyncIterable<Agency>
}

// -- accounts -----------------------------------------------------------------------------------------------------------

export interface NewAccount {
  readonly agency: AgencyId
  readonly address: string
  readonly name: string
  readonly kind: Account['kind']
  readonly role: Role
  readonly state: AccountState
  readonly quotaBytes: number
  readonly passwordHash: string | null
  readonly createdAtMs: number
  /** Made with the account, in this order; must hold INBOX. */
  readonly mailboxes: readonly { readonly name: string; readonly role: MailboxRole | null; readonly subscribed: boolean }[]
}

/** Only the named fields change; each change of state, role or passwordHash makes credentialVersion grow. */
export interface AccountChange {
  readonly name?: string
  readonly role?: Role
  readonly state?: AccountState
  readonly lockClause?: LockClause | null
  readonly quotaBytes?: number
  readonly passwordHash?: string | null
}

export interface AccountStore {
  /** Atomic: account, primary address and mailboxes, or nothing. Refuses `address-taken`, `agency-unknown`. */
  create(account: NewAccount): Promise<Account>
  get(id: AccountId): Promise<Account | null>
  /** Who is behind an exact address (lower case), alias or primary. */
  byAddress(address: string): Promise<Account | null>
  /** Which of these exact addresses (lower case) are somebody's, alias or primary, and whose. Any number. */
  holders(addresses: readonly string[]): Promise<ReadonlyMap<string, AccountId>>
  /** Accounts whose primary address has this local part, in any domain; at most `limit`. For signing in with a bare name. */
  byLocalPart(localPart: string, limit: number): Promise<readonly Account[]>
  /** Refuses `account-unknown`; `conflict` when `ifVersion` is given and is not the present credentialVersion. */
  change(id: AccountId, change: AccountChange, ifVersion?: number): Promise<Account>
  addresses(id: AccountId): Promise<readonly Address[]>
  /** Refuses `address-taken`, `account-unknown`. */
  addAlias(id: AccountId, address: string): Promise<void>
  /** Refuses `address-unknown`; never removes the primary address (`not-permitted`). */
  removeAlias(id: AccountId, address: string): Promise<void>
  /** By address, from after `after`. */
  list(query: { agency?: AgencyId; role?: Role; after?: string; limit: number }): Promise<readonly Account[]>
  count(): Promise<number>
}

// -- mailboxes ----------------------------------------------------------------------------------------------------------

export interface MailboxStore {
  /** All of an account, by name; never large (a limit on mailboxes an account holds is core's). */
  list(account: AccountId): Promise<readonly Mailbox[]>
  get(account: AccountId, mailbox: MailboxId): Promise<Mailbox | null>
  /** Exact name; `INBOX` in any case. */
  byName(account: AccountId, name: string): Promise<Mailbox | null>
  byRole(account: AccountId, role: MailboxRole): Promise<Mailbox | null>
  /** Atomic: all or none, parents first. Refuses `mailbox-exists` (also a second mailbox of one role). */
  create(account: AccountId, mailboxes: readonly { readonly name: string; readonly role: MailboxRole | null }[]): Promise<readonly Mailbox[]>
  /** Atomic over all pairs; ids, UIDs and UIDVALIDITY stay. Refuses `mailbox-unknown`, `mailbox-exists`. */
  rename(account: AccountId, renames: readonly { readonly mailbox: MailboxId; readonly name: string }[]): Promise<readonly Mailbox[]>
  setRole(account: AccountId, mailbox: MailboxId, role: MailboxRole | null): Promise<Mailbox>
  /** With all its messages, atomic; their ids are reported destroyed, the mailbox removed. Refuses `mailbox-unknown`. */
  remove(account: AccountId, mailbox: MailboxId): Promise<void>
  /** Subscribed names, whether or not such a mailbox exists (RFC 9051 §6.3.7). */
  subscriptions(account: AccountId): Promise<readonly string[]>
  setSubscribed(account: AccountId, name: string, subscribed: boolean): Promise<void>
}

// -- messages -----------------------------------------------------------------------------------------------------------

export interface NewMessage {
  readonly content: MessageContent
  readonly prefix: Uint8Array
  readonly flags: Flags
  readonly receivedAtMs: number
}

export interface Filed {
  readonly id: MessageId
  readonly mailbox: MailboxId
  readonly uid: number
  readonly modseq: number
}

export interface Copied {
  readonly uidValidity: number
  /** Same order, same length. */
  readonly sourceUids: Uint32Array
  readonly targetUids: Uint32Array
  /** Account's modseq of the write. */
  readonly modseq: number
}

export interface FlagsStored {
  /** Modseq of the write, or the present one when nothing changed. */
  readonly modseq: number
  /** Those whose flags now differ from before, ascending UID. */
  readonly changed: readonly { readonly uid: number; readonly modseq: number; readonly flags: Flags }[]
  /** RFC 7162 §3.1.3 MODIFIED: not touched because they changed after `unchangedSince`. */
  readonly modified: Uint32Array
}

export interface MessageStore {
  /**
   * Atomic: all or none, consecutive UIDs in the given order (MULTIAPPEND). One quota check over the sum.
   * Refuses `mailbox-unknown`, `quota-exceeded`.
   */
  append(account: AccountId, mailbox: MailboxId, messages: readonly NewMessage[]): Promise<readonly Filed[]>
  /** The whole mailbox in packed arrays, one consistent moment. Null when it does not exist. */
  view(account: AccountId, mailbox: MailboxId): Promise<MailboxView | null>
  /**
   * Messages by UID, ascending, in slices of the adapter's choosing; UIDs that do not exist are left out. Long reads never
   * block the caller's other work. Each slice is consistent in itself.
   */
  read(
    account: AccountId,
    mailbox: MailboxId,
    uids: Uids,
    want: { readonly forms: boolean; readonly text: boolean },
  ): AsyncIterable<readonly StoredMessage[]>
  /** By id, wherever they lie now; ids that do not exist are left out, order as given. */
  byId(account: AccountId, ids: readonly MessageId[], want: { readonly forms: boolean; readonly text: boolean }): Promise<readonly StoredMessage[]>
  /** One write, one modseq for all that changed; a change that changes nothing takes no modseq. */
  changeFlags(account: AccountId, mailbox: MailboxId, uids: Uids, change: FlagChange, unchangedSince?: number): Promise<FlagsStored>
  /** Atomic; UIDs that do not exist are left out. Refuses `mailbox-unknown`, `quota-exceeded`. Bodies are shared. */
  copy(account: AccountId, source: MailboxId, uids: Uids, target: MailboxId): Promise<Copied>
  /** Atomic: at no moment is a message in both or in neither. Refuses `mailbox-unknown`. Keeps ids, flags, dates. */
  move(account: AccountId, source: MailboxId, uids: Uids, target: MailboxId): Promise<Copied>
  /** Removes those of `uids` (only the \Deleted ones when `onlyDeleted`), atomic. Returns what went, ascending. */
  expunge(account: AccountId, mailbox: MailboxId, uids: Uids, onlyDeleted: boolean): Promise<{ readonly modseq: number; readonly uids: Uint32Array }>
}

// -- changes ------------------------------------------------------------------------------------------------------------

export interface ChangeStore {
  /**
   * All that happened after `modseq`, as it is now, in one consistent moment; only of `mailbox` when given. A message that
   * changed twice is listed once, with its last modseq. `limit` bounds messages (default 10,000): when more are left,
   * the answer's `modseq` is that of the last listed change, so that asking on from there misses none.
   */
  since(account: AccountId, modseq: number, options?: { readonly mailbox?: MailboxId; readonly limit?: number }): Promise<Changes>
  /** Present modseq of each; accounts that do not exist are left out. */
  states(accounts: readonly AccountId[]): Promise<ReadonlyMap<AccountId, number>>
  /** Drops tombstones that are older than the instant `olderThanMs` and beyond `keep` a mailbox. Returns how many went. */
  prune(olderThanMs: number, keep: number): Promise<number>
}

// -- deliveries ---------------------------------------------------------------------------------------------------------

export interface DeliveryRecipient {
  readonly account: AccountId
  /** A mailbox by id, or by role (INBOX where the role's mailbox does not exist). */
  readonly target: { readonly mailbox: MailboxId } | { readonly role: MailboxRole }
  readonly prefix: Uint8Array
  readonly flags: Flags
  /** Bytes above the quota that this message may use: 0 normally, a reserve for system warnings. */
  readonly extraBytes: number
}

export interface Delivery {
  /** Idempotency key: a second commit of the same transaction changes nothing and answers `duplicate`. */
  readonly transaction: string
  readonly receivedAtMs: number
  readonly content: MessageContent
  readonly recipients: readonly DeliveryRecipient[]
  readonly outbox: readonly NewOutboxRow[]
  /** Facts of the transaction (client, verdicts, envelope), kept with it as JSON. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Outbox rows that this delivery settles in the same commit (a bounce and the row it is about). */
  readonly settles?: readonly OutboxSettlement[]
  /** A held delivery that ends with this commit. */
  readonly finishes?: string
}

export type DeliveryOutcome =
  | { readonly kind: 'committed'; readonly filed: readonly (Filed & { readonly account: AccountId })[]; readonly outbox: readonly OutboxId[] }
  | { readonly kind: 'duplicate' }
  /** Nothing was changed; these recipients (index into `recipients`) can't be filed. Plan again without them. */
  | { readonly kind: 'refused'; readonly recipients: readonly { readonly index: number; readonly code: 'quota-exceeded' | 'account-unknown' | 'mailbox-unknown' }[] }

export interface HeldSlice {
  readonly filed: readonly (Filed & { readonly account: AccountId })[]
  readonly remaining: number
  /** All so far that could not be filed, by account; for the bounce. */
  readonly refused: readonly { readonly account: AccountId; readonly code: 'quota-exceeded' | 'account-unknown' | 'mailbox-unknown' }[]
}

export interface DeliveryStore {
  /** Atomic and all-or-nothing: every recipient, every outbox row, every settlement and the facts, or a refusal. */
  commit(delivery: Delivery): Promise<DeliveryOutcome>
  /** For very many accounts: keeps the whole delivery as one durable row (outbox rows are filed at once). Idempotent. */
  hold(delivery: Delivery): Promise<{ readonly kind: 'held' | 'duplicate' }>
  /** Files up to `limit` further recipients of a held delivery, each exactly once. Null when it is not held. */
  fileHeld(transaction: string, limit: number): Promise<HeldSlice | null>
  /** Ends a held delivery that has no recipient left and needs no bounce. */
  finishHeld(transaction: string): Promise<void>
  /** Transactions that are held still, oldest first. */
  held(): Promise<readonly string[]>
  facts(transaction: string): Promise<{ readonly receivedAtMs: number; readonly facts: Readonly<Record<string, unknown>> } | null>
  /** Forgets facts and idempotency keys received before; held ones stay. Returns how many went. */
  forget(receivedBeforeMs: number): Promise<number>
}

// -- outbox -------------------------------------------------------------------------------------------------------------

export interface OutboxSettlement {
  readonly id: OutboxId
  readonly state: 'delivered' | 'deferred' | 'bounced' | 'queued'
  readonly reply: string
  readonly atMs: number
  /** For `deferred`: the lease goes on until then; for `queued`: due then. */
  readonly untilMs: number | null
}

export interface OutboxStore {
  /**
   * Takes up to `limit` rows that are due (queued and dueAt ≤ now, or handed/deferred with an ended lease), oldest first,
   * marks them handed to `node` until `leaseUntilMs`. No row is ever in two hands at once.
   */
  claim(claim: { readonly node: string; readonly nowMs: number; readonly leaseUntilMs: number; readonly limit: number }): Promise<readonly OutboxRow[]>
  /** Atomic. A settled row (delivered, bounced, cancelled) never changes again; unknown and settled rows are passed over. */
  settle(settlements: readonly OutboxSettlement[]): Promise<void>
  /**
   * Rows handed to a node that lost them come due at once. Returns how many. `name#run` is a run of the node `name`: what its other
   * runs held is released, and nothing of that run; `name` alone releases what all its runs held.
   */
  release(node: string, nowMs: number): Promise<number>
  get(id: OutboxId): Promise<OutboxRow | null>
  /** Newest first; unsettled ones only unless `states` says otherwise. */
  list(query: { readonly states?: readonly OutboxState[]; readonly account?: AccountId; readonly after?: OutboxId; readonly limit: number }): Promise<readonly OutboxRow[]>
  /** Makes a waiting row due now. Refuses `outbox-row-unknown`, `conflict` when it is settled. */
  retry(id: OutboxId, nowMs: number): Promise<void>
  /** Refuses `outbox-row-unknown`, `conflict` when it is settled. */
  cancel(id: OutboxId): Promise<void>
  /** When the next row comes due, or null. */
  nextDueAtMs(): Promise<number | null>
  /** Removes settled rows last tried before. */
  forget(beforeMs: number): Promise<number>
}

// -- records ------------------------------------------------------------------------------------------------------------

export interface RecordSearch {
  readonly kind: RecordKind
  /** One of the record's keys (core/record/record-keys.ts). */
  readonly key?: string
  /** fromMs ≤ atMs < toMs */
  readonly fromMs?: number
  readonly toMs?: number
  /** The last one of the page before. */
  readonly after?: { readonly atMs: number; readonly seq: number }
  readonly descending?: boolean
  readonly limit: number
}

export interface RecordStore {
  /** Appends in order; audit records are chained (core/record/record.ts) without a gap, also under concurrent writers. */
  append(records: readonly NewRecord[]): Promise<void>
  /** Ascending seq from after `after`. */
  read(query: { readonly kind: RecordKind; readonly after?: number; readonly limit: number }): Promise<readonly StoredRecord[]>
  /** By time: ascending (atMs, seq), or descending. */
  search(query: RecordSearch): Promise<readonly StoredRecord[]>
  /**
   * Removes records of the kind with `fromSeq` ≤ seq ≤ `toSeq` beside those in `keep` and the last one of the kind, from
   * which the numbering goes on; may be done again after it was broken off. Returns how many went.
   */
  purge(range: { readonly kind: RecordKind; readonly fromSeq: number; readonly toSeq: number; readonly keep?: readonly number[] }): Promise<number>
}
