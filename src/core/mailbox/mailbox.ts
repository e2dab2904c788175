/**
 * The words of the mailbox store: mailbox, message, view, change (design §5.3). Types only.
 *
 * Identities are opaque strings. An account's id is unique in the system; mailbox, message and thread ids are unique
 * within their account, so every call names the account too.
 */
import type { Flags } from './flags.ts'

export type AccountId = string
export type MailboxId = string
export type MessageId = string
export type ThreadId = string
export type BlobId = string

/** RFC 6154 and RFC 8621 §2 `role`. */
export type MailboxRole = 'inbox' | 'drafts' | 'sent' | 'junk' | 'trash' | 'archive'

/** Levels of a mailbox name are separated by this; a level never contains it. */
export const hierarchySeparator = '/'

export interface Mailbox {
  readonly id: MailboxId
  readonly account: AccountId
  /** Full name, NFC, e.g. `INBOX`, `Công việc/2026`. INBOX is always spelled `INBOX`. */
  readonly name: string
  readonly role: MailboxRole | null
  readonly uidValidity: number
  readonly uidNext: number
  /** Highest modseq of any message or expunge of this mailbox; at least 1. */
  readonly highestModseq: number
  /** Modseq at which the mailbox itself was made, renamed or changed its role. */
  readonly modseq: number
  readonly createdModseq: number
  readonly messages: number
  readonly unseen: number
  readonly deleted: number
  readonly sizeBytes: number
}

/** The cheap facts of every message of a mailbox, in UID order: what a selected session needs. */
export interface MailboxView {
  readonly mailbox: Mailbox
  /** The account's modseq at which this is the truth: continue with `changes.since(account, modseq)`. */
  readonly modseq: number
  readonly uids: Uint32Array
  readonly modseqs: Float64Array
  /** Index into `flagSets`. */
  readonly flags: Uint16Array | Uint32Array
  readonly flagSets: readonly Flags[]
}

export interface StoredMessage {
  readonly id: MessageId
  readonly mailbox: MailboxId
  readonly uid: number
  readonly modseq: number
  readonly createdModseq: number
  readonly threadId: ThreadId
  readonly flags: Flags
  /** INTERNALDATE. */
  readonly receivedAtMs: number
  /** The Date field, or null. */
  readonly sentAtMs: number | null
  /** Prefix and body together: RFC822.SIZE. */
  readonly sizeBytes: number
  /** Trace lines of this recipient (Return-Path, Delivered-To, Received); stands before the body. */
  readonly prefix: Uint8Array
  readonly body: BlobId
  /** Packed forms of `message/imap-form.ts`; there when asked for. */
  readonly forms: Uint8Array | null
  /** Packed search text of `message/search-text.ts`; there when asked for. */
  readonly text: Uint8Array | null
}

/** What is stored of a new message beside its body; shared by all recipients. */
export interface MessageContent {
  /** Already put, durably, into the blob store. */
  readonly body: BlobId
  readonly bodyBytes: number
  readonly forms: Uint8Array
  readonly text: Uint8Array
  readonly sentAtMs: number | null
  readonly messageId: string | null
  readonly references: readonly string[]
  readonly baseSubject: string
}

/** Inclusive UID ranges, ascending, not overlapping. */
export type UidRange = readonly [first: number, last: number]

/** A closed set of UIDs: exact numbers ascending, or 'all'. */
export type Uids = Uint32Array | 'all'
