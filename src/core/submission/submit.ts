/**
 * Mail of our own accounts (RFC 6409): who may send as whom, and what a submission server completes.
 *
 * Sender rules, on the envelope and on the header alike, because readers are shown the header:
 *  - the envelope sender is the account's, or null (RFC 8098 §3: notifications of a reader have the null sender);
 *  - there is at most one From field (RFC 5322 §3.6), and every address in it is the account's. RFC 5322 §3.6.2 lets a
 *    message name several authors when Sender says who sent it; we do not take the word of one account that others
 *    wrote with it, for mail programs show the authors and not the Sender;
 *  - an address in Sender is the account's too.
 * The account's are its own addresses and those of agency mailboxes that it may send as (Điều 10.1).
 * Completed (RFC 6409 §8): From, Date, Message-ID when missing; Bcc goes (RFC 5322 §3.6.3). All else stays byte for byte:
 * what is added stands before the sender's bytes.
 */
import { encodeHeaderText, removeFields } from '../../message/compose.ts'
import type { Account } from '../account/account.ts'
import { headerDate } from '../delivery/trace.ts'
import type { HeaderFacts } from '../delivery/header-facts.ts'
import { MailError } from '../errors.ts'
import type { Directory } from '../mail.ts'
import type { NewRecord } from '../record/record.ts'

/** Refuses `account-unknown`, `account-locked`, `account-revoked`, `password-change-required` for all but active accounts. */
export function requireActive(account: Account | null): Account {
  switch (account?.state) {
    case 'active':
      return account
    case 'issued':
    case 'must-change':
      throw new MailError('password-change-required')
    case 'locked':
    case 'restore-pending':
      throw new MailError('account-locked')
    case 'revoked':
    case 'purged':
      throw new MailError('account-revoked')
    case undefined:
      throw new MailError('account-unknown')
  }
}

/** Who sends by the envelope: the account, or the agency mailbox that it sends as. Refuses `sender-not-owned`. */
export async function requireEnvelopeSender(directory: Directory, account: Account, sender: string): Promise<Account> {
  return sender === '' ? account : await requireOwner(directory, account, sender)
}

/**
 * Agency mailboxes that stand in From or Sender and that the account may send as. Refuses `message-malformed` for several From
 * fields, `sender-not-owned` for an address that is another's or none.
 */
export async function requireHeaderSender(directory: Directory, account: Account, header: HeaderFacts): Promise<readonly Account[]> {
  if (header.fromFields > 1) throw new MailError('message-malformed', 'more than one From field')
  if (header.fromFields === 1 && header.from.length === 0) throw new MailError('sender-not-owned', 'From names nobody')
  const agencies = new Map<string, Account>()
  for (const address of [...header.from, ...header.senderFields]) {
    if (address === null) throw new MailError('sender-not-owned', undefined, { sender: address })
    const owner = await requireOwner(directory, account, address)
    if (owner.id !== account.id) agencies.set(owner.id, owner)
  }
  return [...agencies.values()]
}

/**
 * Điều 10.1: the display name of an agency's mailbox is the agency's. Refuses `message-refused` (detail.displayName says which)
 * for another one; none at all is nobody's name.
 */
export async function requireAgencyName(directory: Directory, agencies: readonly Account[], header: HeaderFacts): Promise<void> {
  for (const [at, address] of header.from.entries()) {
    const shown = header.fromNames[at]!.normalize('NFC').trim()
    const owner = address === null || shown === '' ? null : await directory.resolve(address)
    const agency = owner?.kind === 'account' ? agencies.find(({ id }) => id === owner.account.id) : undefined
    if (agency !== undefined && shown !== agency.name) throw new MailError('message-refused', 'another display name', { displayName: agency.name })
  }
}

async function requireOwner(directory: Directory, account: Account, address: string): Promise<Account> {
  // Nearly every message is from the primary address, which needs no look-up.
  if (address.toLowerCase() === account.address) return account
  const owner = await directory.senderBehind(account.id, address)
  if (owner === null) throw new MailError('sender-not-owned', undefined, { sender: address })
  return owner
}

/**
 * Who wrote what leaves in the name of an agency (Điều 10.1, R-10.1): kept in the audit, never in the header. `transaction` is
 * what the mail log names the message by.
 */
export function sentAsRecord(author: Account, agency: Account, { transaction, atMs, remoteIp }: { readonly transaction: string; readonly atMs: number; readonly remoteIp: string | null }): NewRecord {
  const detail = { drafter: author.address, transaction, ...(remoteIp === null ? {} : { remoteIp }) }
  return { kind: 'audit', atMs, actor: author.id, action: 'mail.sent-as', subject: agency.address, clause: 'Điều 10.1', detail }
}

export interface Completion {
  /** Who sends by the envelope. */
  readonly account: Account
  /** Without angle brackets; used when the message has none. */
  readonly messageId: string
  readonly nowMs: number
  readonly utcOffsetMinutes: number
}

const blindFields: ReadonlySet<string> = new Set(['bcc', 'resent-bcc'])

/** The bytes that are kept and sent on; the given ones when nothing was missing. */
export function completeSubmission(bytes: Uint8Array, header: HeaderFacts, completion: Completion): Uint8Array {
  const own = header.hasBcc ? removeFields(bytes, blindFields) : bytes
  let added = ''
  if (header.fromFields === 0) added += `From: ${mailboxOf(completion.account)}\r\n`
  if (!header.hasDate) added += `Date: ${headerDate(completion.nowMs, completion.utcOffsetMinutes)}\r\n`
  if (!header.hasMessageId) added += `Message-ID: <${completion.messageId}>\r\n`
  return added === '' ? own : Buffer.concat([Buffer.from(added), own])
}

function mailboxOf(account: Account): string {
  return account.name === '' ? account.address : `${encodeHeaderText(account.name)} <${account.address}>`
}
