/**
 * What can change in an account, as one log in modseq order (design §5.4). It serves IDLE, NOTIFY, CONDSTORE, QRESYNC,
 * JMAP /changes and push alike.
 */
import type { AccountId, Mailbox, MailboxId, MessageId, ThreadId, UidRange } from './mailbox/mailbox.ts'
import type { Flags } from './mailbox/flags.ts'

export interface ChangedMessage {
  readonly id: MessageId
  readonly mailbox: MailboxId
  readonly threadId: ThreadId
  readonly uid: number
  readonly modseq: number
  /** Equal to `modseq` or above the asked one: the message is new in this mailbox for the reader. */
  readonly createdModseq: number
  readonly flags: Flags
}

/** Messages that left a mailbox (expunged or moved away). */
export interface Vanished {
  readonly mailbox: MailboxId
  readonly modseq: number
  readonly uids: readonly UidRange[]
  /** The same messages by id; ids of messages that moved to another mailbox of the account are not among them. */
  readonly destroyed: readonly MessageId[]
}

export interface Changes {
  readonly account: AccountId
  /** The truth up to and including this modseq; ask again from here. */
  readonly modseq: number
  /** Every change above the asked modseq is not known any more (tombstones were pruned): read everything anew. */
  readonly tooOld: boolean
  /** Told where it is known: nothing more had changed at this moment. Without it, an answer that ends with its last change may go on. */
  readonly whole?: true
  /** Ascending modseq, then UID. */
  readonly messages: readonly ChangedMessage[]
  /** Ascending modseq. */
  readonly vanished: readonly Vanished[]
  /** Mailboxes that were made, renamed or re-roled, as they are now. Counters alone do not list a mailbox here. */
  readonly mailboxes: readonly Mailbox[]
  readonly removedMailboxes: readonly MailboxId[]
}

/** What the bus carries: a bell, no more. A lost or doubled one does no harm. */
export interface Bell {
  readonly account: AccountId
  readonly modseq: number
}
