/**
 * All that a protocol or a job may ask of core. Protocols see this and the types it names, never a port.
 * `createMail(ports, settings)` in create-mail.ts builds it.
 */
import type { Account, Address, Role } from './account/account.ts'
import type { Agency } from './agency/agency.ts'
import type { Changes } from './change.ts'
import type { FlagChange, Flags } from './mailbox/flags.ts'
import type {
  AccountId,
  Mailbox,
  MailboxId,
  MailboxRole,
  MessageId,
  StoredMessage,
  UidRange,
  Uids,
} from './mailbox/mailbox.ts'
import type { SearchKey, SequenceSet } from './mailbox/search-key.ts'
import type { OutboxId, OutboxRow, OutboxState } from './submission/outbox-row.ts'

export interface Mail {
  readonly signIn: SignIn
  readonly delegations: Delegations
  readonly agencies: Agencies
  readonly accounts: Accounts
  readonly directory: Directory
  readonly mailboxes: Mailboxes
  readonly messages: Messages
  readonly views: Views
  readonly delivery: Delivering
  readonly outbox: Outbox
  /** Rejects with `unavailable` or `storage-full` when no write could be taken now. */
  ready(): Promise<void>
}

// -- signing in (core/account/authenticate.ts) --------------------------------------------------------------------------

export interface SignInAttempt {
  /**
   * As typed: an address, or a bare local part (settings: default domain, else unique in the system). `PERSON*MAILBOX`: the
   * person, with his own password, works in an agency mailbox (Điều 10.3); a bare MAILBOX is of the person's domain.
   */
  readonly user: string
  readonly password: string
  readonly protocol: 'imap' | 'pop3' | 'smtp' | 'jmap' | 'http' | 'managesieve'
  readonly remoteIp: string
  /** The channel is encrypted, or never leaves the machine. */
  readonly secure: boolean
}

export interface SignedIn {
  readonly account: AccountId
  readonly address: string
  readonly name: string
  readonly role: Role
  readonly credentialVersion: number
  /** The person who works in this agency mailbox by a delegation; left out: whoever signed in is the account itself. */
  readonly by?: Opener
}

export interface Opener {
  readonly account: AccountId
  readonly address: string
  readonly credentialVersion: number
  /** `read`: nothing may be changed. */
  readonly rights: 'read' | 'write'
}

export interface SignIn {
  /**
   * Refuses `encryption-required`, `authentication-failed` (unknown user and wrong password alike, in like time),
   * `authentication-throttled`, `account-locked`, `account-revoked`, `password-change-required`; `not-permitted` when the password
   * of `PERSON*MAILBOX` is right and no delegation lets him in, whether there is such a mailbox or not. After five failures the
   * answers of that account and that source come slower, doubling up to a limit; a success of the same source ends that.
   */
  authenticate(attempt: SignInAttempt): Promise<SignedIn>
  /** False once a credential or the state changed since: the session must end. Cheap; asked now and then. */
  stillValid(signedIn: SignedIn): Promise<boolean>
}

// -- agency mailboxes of named people (core/account/delegation.ts) --------------------------------------------------------

export interface OpenableMailbox {
  readonly account: AccountId
  readonly address: string
  readonly name: string
  readonly rights: 'read' | 'write'
  /** Its address may stand in MAIL FROM and From. */
  readonly sendAs: boolean
}

export interface Delegations {
  /** What this person may open now, by address. */
  of(person: AccountId): Promise<readonly OpenableMailbox[]>
  /** Null: not, or not any more. */
  find(person: AccountId, mailbox: AccountId): Promise<OpenableMailbox | null>
  /** Records who read what; once a session, before anything of it is shown. */
  opened(person: AccountId, mailbox: OpenableMailbox, session: { readonly protocol: SignInAttempt['protocol']; readonly remoteIp: string }): Promise<void>
}

// -- agencies, accounts, directory ---------------------------------------------------------------------------------------

export interface Agencies {
  /** Its domain is `label.<province domain>`. Refuses `name-invalid`, `agency-taken`. Audited. */
  create(agency: { readonly label: string; readonly name: string }, actor: string): Promise<Agency>
  list(): AsyncIterable<Agency>
}

export interface NewAccountRequest {
  readonly address: string
  readonly name?: string
  readonly role?: Role
  /** Without one a random temporary password is made and returned. */
  readonly password?: string
  /** Skips the forced first change; refused `not-permitted` unless `security.allow_active_accounts`. */
  readonly active?: boolean
  /** Any valid address; makes the domain's agency if need be. Audited as such. */
  readonly freeForm?: boolean
  readonly quotaBytes?: number
}

export interface Accounts {
  /** Refuses `address-invalid`, `address-taken`, `agency-unknown`, `not-permitted`, `password-invalid`. Audited. */
  create(request: NewAccountRequest, actor: string): Promise<{ readonly account: Account; readonly temporaryPassword: string | null }>
  get(id: AccountId): Promise<Account | null>
  byAddress(address: string): Promise<Account | null>
  list(query: { readonly agency?: string; readonly after?: string; readonly limit: number }): Promise<readonly Account[]>
  addresses(id: AccountId): Promise<readonly Address[]>
  addAlias(address: string, alias: string, actor: string): Promise<void>
  /** By an administrator: the account must change it at the next sign-in unless `active`. */
  setPassword(address: string, password: string | null, options: { readonly active?: boolean }, actor: string): Promise<{ readonly temporaryPassword: string | null }>
  /** By its owner, who knows the old one: ISSUED and MUST_CHANGE become ACTIVE. */
  changeOwnPassword(user: string, oldPassword: string, newPassword: string, remoteIp: string): Promise<void>
  /** Trials and service mailboxes only: in use at once. Refuses `not-permitted` unless `security.allow_active_accounts`, `account-revoked`. */
  activate(address: string, actor: string): Promise<Account>
}

/** Who is behind an address. */
export type Resolution =
  | { readonly kind: 'account'; readonly account: Account; /** `local+detail@…` */ readonly detail: string | null }
  /** postmaster@, abuse@ of our domains: the operator's accounts. */
  | { readonly kind: 'operator'; readonly accounts: readonly Account[] }
  | { readonly kind: 'unknown'; /** The domain is ours. */ readonly local: true }
  | { readonly kind: 'outside' }

export interface Directory {
  /** `local+detail@domain` falls back to `local@domain`. Case-insensitive. */
  resolve(address: string): Promise<Resolution>
  ownsDomain(domain: string): Promise<boolean>
  /** May this account write this address into MAIL FROM and From? Its primary address and aliases (with +detail). */
  ownsAddress(account: AccountId, address: string): Promise<boolean>
  /** Whose address it is, where this account may send as it: its own, or an agency mailbox of a delegation with `sendAs`. */
  senderBehind(account: AccountId, address: string): Promise<Account | null>
}

// -- mailboxes and messages ----------------------------------------------------------------------------------------------

export interface Mailboxes {
  list(account: AccountId): Promise<readonly Mailbox[]>
  /** INBOX in any case; NFC. */
  byName(account: AccountId, name: string): Promise<Mailbox | null>
  /** Missing parents are made too. Refuses `name-invalid`, `mailbox-exists`, `limit-reached`. */
  create(account: AccountId, name: string, role?: MailboxRole): Promise<Mailbox>
  /** Children move along; RENAME of INBOX moves its messages into a new mailbox and leaves INBOX empty (RFC 9051 §6.3.6). */
  rename(account: AccountId, from: string, to: string): Promise<void>
  /** Children stay. Refuses `not-permitted` for INBOX, `mailbox-unknown`. */
  remove(account: AccountId, name: string): Promise<void>
  subscriptions(account: AccountId): Promise<readonly string[]>
  setSubscribed(account: AccountId, name: string, subscribed: boolean): Promise<void>
}

export interface Appended {
  readonly uidValidity: number
  readonly uids: readonly number[]
}

export interface Messages {
  /** Any bytes. Refuses `mailbox-unknown`, `quota-exceeded`, `message-too-large`. */
  append(
    account: AccountId,
    mailbox: MailboxId,
    messages: readonly { readonly bytes: Uint8Array; readonly flags: Flags; readonly receivedAtMs: number | null }[],
  ): Promise<Appended>
  read(account: AccountId, mailbox: MailboxId, uids: Uids, want: { readonly forms: boolean; readonly text: boolean }): AsyncIterable<readonly StoredMessage[]>
  byId(account: AccountId, ids: readonly MessageId[], want: { readonly forms: boolean; readonly text: boolean }): Promise<readonly StoredMessage[]>
  /** Bytes as RFC822 counts them: trace prefix, then body; the half-open range is over both together. */
  bytes(message: StoredMessage, range?: { readonly start: number; readonly end: number }): Promise<Uint8Array>
  /** Whole messages in order, few system calls, bounded memory. */
  manyBytes(messages: readonly StoredMessage[]): AsyncIterable<Uint8Array>
  changeFlags(account: AccountId, mailbox: MailboxId, uids: Uids, change: FlagChange, unchangedSince?: number): Promise<{
    readonly modseq: number
    readonly changed: readonly { readonly uid: number; readonly modseq: number; readonly flags: Flags }[]
    readonly modified: Uint32Array
  }>
  copy(account: AccountId, source: MailboxId, uids: Uids, target: MailboxId): Promise<CopyResult>
  move(account: AccountId, source: MailboxId, uids: Uids, target: MailboxId): Promise<CopyResult>
  expunge(account: AccountId, mailbox: MailboxId, uids: Uids, onlyDeleted: boolean): Promise<{ readonly uids: Uint32Array }>
  changesSince(account: AccountId, modseq: number): Promise<Changes>
}

export interface CopyResult {
  readonly uidValidity: number
  readonly sourceUids: Uint32Array
  readonly targetUids: Uint32Array
}

// -- selected mailboxes (core/mailbox/selected-view.ts) -------------------------------------------------------------------

export type ViewEvent =
  /** Sequence number as it is at that moment, in the order in which they must be told. */
  | { readonly type: 'expunge'; readonly sequence: number; readonly uid: number }
  | { readonly type: 'exists'; readonly count: number }
  | { readonly type: 'flags'; readonly sequence: number; readonly uid: number; readonly flags: Flags; readonly modseq: number }
  /** The mailbox is gone: the session must leave it. */
  | { readonly type: 'removed' }

export interface Views {
  /** One compact view per mailbox and node, shared by its sessions. Refuses `mailbox-unknown`. */
  select(account: AccountId, mailbox: MailboxId): Promise<SelectedView>
  /** Wakes at each change of the account; for IDLE and NOTIFY outside a selected mailbox. */
  listen(account: AccountId, listener: () => void): () => void
}

/**
 * What one session sees of a selected mailbox: its own numbering, moved on only by `events`. Sequence numbers are 1-based.
 * RFC 9051 §5.5, §7.5.1: expunges are told only when the protocol says so; until then a message that is gone keeps its number.
 */
export interface SelectedView {
  readonly mailbox: Mailbox
  /** Highest modseq that this session was told or shown. */
  readonly modseq: number
  readonly count: number
  readonly unseen: number
  /** First unseen sequence number, or null. */
  readonly firstUnseen: number | null
  /** Keywords in use here, for FLAGS and PERMANENTFLAGS. */
  readonly keywords: readonly string[]
  uidAt(sequence: number): number
  /** 0 when the session has no such UID. */
  sequenceOf(uid: number): number
  flagsAt(sequence: number): Flags
  modseqAt(sequence: number): number
  /** UIDs, ascending, of a set of sequence numbers or UIDs (`Infinity` = `*`); numbers out of range: `argument-invalid` for sequences, left out for UIDs. */
  resolve(set: readonly (readonly [number, number])[], by: 'sequence' | 'uid'): Uint32Array
  /** Reads what changed in the store (shared with the other sessions of this mailbox). Does not alter the numbering. */
  refresh(): Promise<void>
  /** Enough after `onChange`, or after a write of this session that answered `modseq`: what they tell of is here, read only where that failed. */
  catchUp(modseq?: number): Promise<void>
  /** What the client must be told, in order, after `refresh`; expunges only when `mayExpunge`. Moves the numbering on. */
  events(mayExpunge: boolean): readonly ViewEvent[]
  /**
   * Flags that the session has told its client otherwise: they are not repeated by `events`. `change` is given when the
   * client was told nothing and works the result out itself (`.SILENT`): what then differs is told after all.
   */
  acknowledgeFlags(changed: readonly { readonly uid: number; readonly modseq: number; readonly flags: Flags }[], change?: FlagChange): void
  /** Messages have left that the client was not told of yet: {@link modseq} is held back. */
  readonly expungesHeld: boolean
  /**
   * UIDs of `known` that left the mailbox after `modseq`, ascending and joined (RFC 7162 §3.2.6): never one that the session
   * still counts. What left before the memory of the store ends is answered by all UIDs of `known` above `matchedUid` that
   * are not there, whenever they went.
   */
  vanishedSince(modseq: number, known: SequenceSet, matchedUid?: number): Promise<readonly UidRange[]>
  /** Sequence numbers that match, ascending. Exact: substring, folded for Vietnamese. Long searches yield to others. */
  search(key: SearchKey, signal?: AbortSignal): Promise<Uint32Array>
  /** Called when something changed that `refresh` would read, or has read. */
  onChange(listener: () => void): () => void
  close(): void
}

// -- delivery and outgoing mail --------------------------------------------------------------------------------------------

/** Facts of a transaction as core keeps them; shaped by the protocol that took the message. */
export interface DeliveryFacts {
  readonly remoteIp: string | null
  readonly remoteName: string | null
  readonly helo: string | null
  readonly tls: boolean
  readonly spf: { readonly result: string; readonly domain: string } | null
  readonly dkim: readonly { readonly result: string; readonly domain: string; readonly selector: string }[] | null
  readonly dmarc: { readonly result: string; readonly policy: string; readonly domain: string } | null
  readonly spam: { readonly engine: string; readonly score: number; readonly required: number; readonly action: string } | null
  readonly virus: { readonly engine: string; readonly found: string | null } | null
  readonly dnsLists: readonly string[]
  readonly unanswered: readonly string[]
}

export interface IncomingMessage {
  /** Idempotency key: the same one again is answered as the first time, and filed once. */
  readonly transaction: string
  readonly sender: string
  readonly recipients: readonly string[]
  readonly bytes: Uint8Array
  /** The signed-in account for submission, null for outside mail. */
  readonly account: AccountId | null
  /** Null: untrusted outside mail. */
  readonly facts: DeliveryFacts | null
  readonly receivedAtMs: number
}

export interface Delivering {
  /** Whether this recipient would be taken now (RCPT). Throws the refusal. */
  checkRecipient(question: { readonly recipient: string; readonly sender: string; readonly account: AccountId | null; readonly sizeBytes: number | null }): Promise<void>
  /** MAIL FROM of a signed-in account. Throws `sender-not-owned`, `account-locked`, `message-too-large`, … */
  checkSender(question: { readonly account: AccountId; readonly sender: string; readonly sizeBytes: number | null }): Promise<void>
  /** One message, one commit; resolves when it is durable. Throws the refusal of the whole message. */
  deliver(message: IncomingMessage): Promise<{ readonly duplicate: boolean; readonly filed: number; readonly queued: number }>
  /** A message that never came in, because checks gave no answer and the setting says to wait for them; kept in the mail log. */
  putOff(message: { readonly transaction: string; readonly sender: string; readonly remoteIp: string | null; readonly unanswered: readonly string[] }): Promise<void>
}

export interface OutboxReport {
  readonly outcome: 'delivered' | 'deferred' | 'bounced'
  readonly rows: readonly OutboxId[]
  readonly reply: string
  readonly status: string | null
  readonly host: string | null
  readonly tls: boolean
  readonly nextTryAtMs: number | null
  /** A server had the whole message and did not say whether it took it: a further try may make a second one. */
  readonly inDoubt?: boolean
}

export interface Outbox {
  list(query: { readonly states?: readonly OutboxState[]; readonly after?: OutboxId; readonly limit: number }): Promise<readonly OutboxRow[]>
  get(id: OutboxId): Promise<OutboxRow | null>
  retry(id: OutboxId): Promise<void>
  cancel(id: OutboxId): Promise<void>
  /** Of rows that an ingress node is about to try: those that must not go out any more, or are in another node's hands. */
  unwanted(rows: readonly OutboxId[], node: string): Promise<readonly OutboxId[]>
  /** What an ingress node says became of rows. A bounce and its row are settled in one commit. */
  report(report: OutboxReport): Promise<void>
  /** An ingress node lost its working copies: it was restarted, or a new run of it (`name#run`) is there. */
  release(node: string): Promise<number>
}
