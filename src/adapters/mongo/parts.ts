/** What each part of the store is made of, and a few things that all of them need. */
import { MailError } from '../../core/errors.ts'
import type { AccountStates } from './account-states.ts'
import type { Connection } from './connection.ts'
import type { OutboxIds } from './ids.ts'
import { accountNoOf, idNo } from './ids.ts'
import type { ReadSide } from './read-side.ts'
import type { GroupCommit } from './write/group-commit.ts'

export interface Parts {
  readonly connection: Connection
  readonly reads: ReadSide
  readonly writes: GroupCommit
  readonly states: AccountStates
  readonly outboxIds: OutboxIds
  readonly nowMs: () => number
}

/** The number behind an account's id. Refuses `account-unknown` when there can't be such an account. */
export function knownAccountNo(account: string): number {
  const no = accountNoOf(account)
  if (no === null) throw new MailError('account-unknown')
  return no
}

export interface MailboxPlace {
  readonly accountNo: number
  readonly mailboxNo: number
}

/** The numbers behind a mailbox, or null when there can't be such a one. */
export function mailboxPlace(account: string, mailbox: string): MailboxPlace | null {
  const accountNo = accountNoOf(account)
  const mailboxNo = idNo('mailbox', mailbox)
  return accountNo === null || mailboxNo === null ? null : { accountNo, mailboxNo }
}

export function knownMailboxPlace(account: string, mailbox: string): MailboxPlace {
  const place = mailboxPlace(account, mailbox)
  if (place === null) throw new MailError('mailbox-unknown')
  return place
}
