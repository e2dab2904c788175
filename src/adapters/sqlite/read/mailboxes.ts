/** Reads of mailboxes and subscriptions. */
import type { Mailbox, MailboxRole } from '../../../core/mailbox/mailbox.ts'
import type { Connection } from '../connection.ts'
import { mailboxName, mailboxOf } from '../rows.ts'
import type { MailboxRow } from '../rows.ts'

/** By name, in the order of the UTF-8 bytes. */
export function mailboxesOf(connection: Connection, accountNo: number): Mailbox[] {
  return connection.all<MailboxRow>('SELECT * FROM mailbox WHERE account = ? ORDER BY name', accountNo).map(mailboxOf)
}

export function mailboxByKey(connection: Connection, key: number): Mailbox | null {
  return orNull(connection.get<MailboxRow>('SELECT * FROM mailbox WHERE key = ?', key))
}

export function mailboxByName(connection: Connection, accountNo: number, name: string): Mailbox | null {
  return orNull(connection.get<MailboxRow>('SELECT * FROM mailbox WHERE account = ? AND name = ?', accountNo, mailboxName(name)))
}

export function mailboxByRole(connection: Connection, accountNo: number, role: MailboxRole): Mailbox | null {
  return orNull(connection.get<MailboxRow>('SELECT * FROM mailbox WHERE account = ? AND role = ?', accountNo, role))
}

export function subscriptionsOf(connection: Connection, accountNo: number): string[] {
  return connection.all<{ name: string }>('SELECT name FROM subscription WHERE account = ? ORDER BY name', accountNo).map(({ name }) => name)
}

function orNull(row: MailboxRow | undefined): Mailbox | null {
  return row === undefined ? null : mailboxOf(row)
}
