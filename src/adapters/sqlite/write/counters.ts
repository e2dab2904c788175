/** Counters of a mailbox (P6): kept in the same transaction as what they count. */
import { MailError } from '../../../core/errors.ts'
import { deletedBit, seenBit } from '../../../core/mailbox/flags.ts'
import type { Connection } from '../connection.ts'

const maxUid = 2 ** 32 - 1

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

/** Counts messages in; returns the UID of the first and the UIDVALIDITY, or null when there is no such mailbox. */
export function countIn(connection: Connection, key: number, tally: Tally, modseq: number): { readonly firstUid: number; readonly uidValidity: number } | null {
  const row = connection.get<{ uid_next: number; uid_validity: number }>(
    'UPDATE mailbox SET uid_next = uid_next + ?, highest_modseq = ?, messages = messages + ?, unseen = unseen + ?, deleted = deleted + ?, ' +
      'size_bytes = size_bytes + ? WHERE key = ? RETURNING uid_next, uid_validity',
    tally.messages,
    modseq,
    tally.messages,
    tally.unseen,
    tally.deleted,
    tally.bytes,
    key,
  )
  if (row === undefined) return null
  if (row.uid_next > maxUid) throw new MailError('limit-reached', 'the mailbox has used up its UIDs')
  return { firstUid: row.uid_next - tally.messages, uidValidity: row.uid_validity }
}

export function countOut(connection: Connection, key: number, tally: Tally, modseq: number): void {
  connection.run(
    'UPDATE mailbox SET highest_modseq = ?, messages = messages - ?, unseen = unseen - ?, deleted = deleted - ?, size_bytes = size_bytes - ? WHERE key = ?',
    modseq,
    tally.messages,
    tally.unseen,
    tally.deleted,
    tally.bytes,
    key,
  )
}
