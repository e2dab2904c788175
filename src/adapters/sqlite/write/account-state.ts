/**
 * The one row of an account through which every write of its mail goes: modseq, next numbers, used bytes. Taking from it is one
 * conditional UPDATE, so the quota holds under any number of writers (P3, P6).
 */
import { MailError } from '../../../core/errors.ts'
import type { Connection } from '../connection.ts'
import { keysPerAccount } from '../ids.ts'

/** The next modseq of the account, for a write that adds no message. Refuses `account-unknown`. */
export function nextModseq(connection: Connection, accountNo: number | null): number {
  const sql = 'UPDATE account_state SET modseq = modseq + 1 WHERE account = ? RETURNING modseq'
  const row = accountNo === null ? undefined : connection.get<{ modseq: number }>(sql, accountNo)
  if (row === undefined) throw new MailError('account-unknown')
  return row.modseq
}

export function presentModseq(connection: Connection, accountNo: number | null): number {
  const row = accountNo === null ? undefined : connection.get<{ modseq: number }>('SELECT modseq FROM account_state WHERE account = ?', accountNo)
  if (row === undefined) throw new MailError('account-unknown')
  return row.modseq
}

export interface Room {
  readonly modseq: number
  /** Number of the first of the new messages. */
  readonly firstMessageNo: number
}

/** Modseq, message numbers and quota for new messages; or why there is no room. Changes nothing when refused. */
export function takeRoom(
  connection: Connection,
  accountNo: number,
  want: { readonly messages: number; readonly bytes: number; readonly extraBytes: number },
): Room | 'account-unknown' | 'quota-exceeded' {
  const row = connection.get<{ modseq: number; next_message: number }>(
    'UPDATE account_state SET modseq = modseq + 1, next_message = next_message + ?, used_bytes = used_bytes + ? ' +
      'WHERE account = ? AND used_bytes + ? <= quota_bytes + ? RETURNING modseq, next_message',
    want.messages,
    want.bytes,
    accountNo,
    want.bytes,
    want.extraBytes,
  )
  if (row === undefined) {
    const known = connection.get('SELECT 1 FROM account_state WHERE account = ?', accountNo) !== undefined
    return known ? 'quota-exceeded' : 'account-unknown'
  }
  if (row.next_message >= keysPerAccount) throw new MailError('limit-reached', 'the account has used up its message numbers')
  return { modseq: row.modseq, firstMessageNo: row.next_message - want.messages }
}

/** Bytes of messages that are gone; threads of theirs may be stale then. */
export function giveBack(connection: Connection, accountNo: number, bytes: number, messages: number): void {
  connection.run('UPDATE account_state SET used_bytes = used_bytes - ?, stale_threads = stale_threads + ? WHERE account = ?', bytes, messages, accountNo)
}
