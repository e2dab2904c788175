/**
 * What a write takes from an account (P2, P3, P6): the next modseq, numbers, UIDs, room within the quota. All of it on a draft of
 * the account's document; the commit holds only when the document is still the one that the draft was made of.
 */
import { MailError } from '../../../core/errors.ts'
import { deletedBit, seenBit } from '../../../core/mailbox/flags.ts'
import type { MailboxRole } from '../../../core/mailbox/mailbox.ts'
import type { AccountDocument, MailboxState } from '../documents.ts'
import { keysPerAccount } from '../ids.ts'
import { mailboxName } from '../translations.ts'

const maxUid = 2 ** 32 - 1

export function copyOf(account: AccountDocument): AccountDocument {
  return { ...account, mailboxes: { ...account.mailboxes } }
}

/** What messages with these flags add to the counters of a mailbox. */
export class Tally {
  messages = 0
  unseen = 0
  deleted = 0
  bytes = 0

  add(flags: number, bytes: number): void {
    this.messages++
    if ((flags & seenBit) === 0) this.unseen++
    if ((flags & deletedBit) !== 0) this.deleted++
    this.bytes += bytes
  }
}

/** The next modseq, for a write that makes or changes messages. */
export function nextMessageModseq(draft: AccountDocument): number {
  return (draft.changedModseq = ++draft.modseq)
}

/** Whether so many bytes more are within the quota. */
export function hasRoom(account: AccountDocument, bytes: number, extraBytes: number): boolean {
  return account.usedBytes + bytes <= account.quotaBytes + extraBytes
}

/** Number of the first of so many new messages. */
export function takeNumbers(draft: AccountDocument, messages: number): number {
  const first = draft.nextMessage
  if (first + messages > keysPerAccount) throw new MailError('limit-reached', 'the account has used up its message numbers')
  draft.nextMessage += messages
  return first
}

/** The mailbox as it is. Refuses `mailbox-unknown`. */
export function knownMailbox(account: AccountDocument | null, no: number): MailboxState {
  const mailbox = account?.mailboxes[no]
  if (mailbox === undefined) throw new MailError('mailbox-unknown')
  return mailbox
}

/** Counts messages in; returns the UID of the first. */
export function countIn(draft: AccountDocument, no: number, tally: Tally, modseq: number): number {
  const mailbox = knownMailbox(draft, no)
  if (mailbox.uidNext + tally.messages > maxUid) throw new MailError('limit-reached', 'the mailbox has used up its UIDs')
  draft.mailboxes[no] = {
    ...mailbox,
    uidNext: mailbox.uidNext + tally.messages,
    highestModseq: modseq,
    messages: mailbox.messages + tally.messages,
    unseen: mailbox.unseen + tally.unseen,
    deleted: mailbox.deleted + tally.deleted,
    sizeBytes: mailbox.sizeBytes + tally.bytes,
  }
  return mailbox.uidNext
}

export function countOut(draft: AccountDocument, no: number, tally: Tally, modseq: number): void {
  const mailbox = knownMailbox(draft, no)
  draft.mailboxes[no] = {
    ...mailbox,
    highestModseq: modseq,
    messages: mailbox.messages - tally.messages,
    unseen: mailbox.unseen - tally.unseen,
    deleted: mailbox.deleted - tally.deleted,
    sizeBytes: mailbox.sizeBytes - tally.bytes,
  }
}

export function mailboxNoOfName(account: AccountDocument, name: string): number | null {
  return numberWhere(account, (mailbox) => mailbox.name === mailboxName(name))
}

export function mailboxNoOfRole(account: AccountDocument, role: MailboxRole): number | null {
  return numberWhere(account, (mailbox) => mailbox.role === role)
}

function numberWhere(account: AccountDocument, is: (mailbox: MailboxState) => boolean): number | null {
  for (const [no, mailbox] of Object.entries(account.mailboxes)) if (is(mailbox)) return Number(no)
  return null
}
