/** The mailbox that a recipient's message goes into. */
import type { DeliveryRecipient } from '../../../core/ports/store.ts'
import type { RecipientRefusal } from '../documents.ts'
import { accountNoOf, idNo } from '../ids.ts'
import { mailboxNoOfName, mailboxNoOfRole } from './account-state.ts'
import type { Step } from './step.ts'

export interface Target {
  readonly accountNo: number
  readonly mailboxNo: number
}

export function targetOf(step: Step, { account: accountId, target }: Pick<DeliveryRecipient, 'account' | 'target'>): Target | RecipientRefusal {
  const accountNo = accountNoOf(accountId)
  const account = accountNo === null ? null : step.account(accountNo)
  if (accountNo === null || account === null) return 'account-unknown'
  const mailboxNo = 'role' in target ? (mailboxNoOfRole(account, target.role) ?? mailboxNoOfName(account, 'INBOX')) : idNo('mailbox', target.mailbox)
  if (mailboxNo === null || account.mailboxes[mailboxNo] === undefined) return 'mailbox-unknown'
  return { accountNo, mailboxNo }
}
