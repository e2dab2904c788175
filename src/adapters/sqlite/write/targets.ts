/** The mailbox that a recipient's message goes into. */
import type { MailboxRole } from '../../../core/mailbox/mailbox.ts'
import type { DeliveryRecipient } from '../../../core/ports/store.ts'
import type { Connection } from '../connection.ts'
import { accountNoOf, keyOf } from '../ids.ts'

export type RecipientRefusal = 'quota-exceeded' | 'account-unknown' | 'mailbox-unknown'

/** Key of the mailbox that is meant. */
export function targetOf(connection: Connection, { account, target }: Pick<DeliveryRecipient, 'account' | 'target'>): number | RecipientRefusal {
  const accountNo = accountNoOf(account)
  if (accountNo === null) return 'account-unknown'
  const key = 'role' in target ? mailboxOfRole(connection, accountNo, target.role) : keyOf('mailbox', account, target.mailbox)
  if (key !== null && connection.get('SELECT 1 FROM mailbox WHERE key = ?', key) !== undefined) return key
  return connection.get('SELECT 1 FROM account WHERE no = ?', accountNo) === undefined ? 'account-unknown' : 'mailbox-unknown'
}

function mailboxOfRole(connection: Connection, accountNo: number, role: MailboxRole): number | null {
  const ofRole = connection.get<{ key: number }>('SELECT key FROM mailbox WHERE account = ? AND role = ?', accountNo, role)
  if (ofRole !== undefined) return ofRole.key
  return connection.get<{ key: number }>("SELECT key FROM mailbox WHERE account = ? AND name = 'INBOX'", accountNo)?.key ?? null
}
