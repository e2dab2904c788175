/** The making and changing of an account's document (Điều 4.2, 5, 6). */
import type { Account } from '../../../core/account/account.ts'
import { MailError } from '../../../core/errors.ts'
import type { AccountChange, NewAccount } from '../../../core/ports/store.ts'
import type { AccountDocument } from '../documents.ts'
import { accountOf, mailboxName } from '../translations.ts'
import { addMailbox } from './mailboxes.ts'
import type { Operation } from './operation.ts'

/** Mailboxes and account begin at modseq 1: making them is the account's first write. */
const firstModseq = 1

/** Refuses `argument-invalid` without an INBOX. */
export function newAccountDocument(no: number, agencyNo: number, account: Omit<NewAccount, 'agency'>, nowMs: number): AccountDocument {
  if (!account.mailboxes.some((mailbox) => mailboxName(mailbox.name) === 'INBOX')) {
    throw new MailError('argument-invalid', 'an account is made with INBOX')
  }
  const document: AccountDocument = {
    _id: no,
    rev: 1,
    agency: agencyNo,
    address: account.address,
    localPart: account.address.slice(0, account.address.lastIndexOf('@')),
    addresses: [account.address],
    name: account.name,
    kind: account.kind,
    role: account.role,
    state: account.state,
    lockClause: null,
    passwordHash: account.passwordHash,
    credentialVersion: 1,
    createdAtMs: account.createdAtMs,
    quotaBytes: account.quotaBytes,
    usedBytes: 0,
    modseq: firstModseq,
    nextMessage: 1,
    nextMailbox: 1,
    lastUidValidity: 0,
    prunedModseq: 0,
    changedModseq: 0,
    vanishedModseq: 0,
    mailboxes: {},
    subscriptions: [...new Set(account.mailboxes.filter(({ subscribed }) => subscribed).map(({ name }) => mailboxName(name)))],
  }
  for (const mailbox of account.mailboxes) addMailbox(document, mailbox, firstModseq, nowMs)
  return document
}

export function changeAccount(accountNo: number, change: AccountChange, ifVersion: number | null): Operation<Account> {
  return {
    accounts: [accountNo],
    plan(step) {
      const now = step.account(accountNo)
      if (now === null) throw new MailError('account-unknown')
      if (ifVersion !== null && now.credentialVersion !== ifVersion) throw new MailError('conflict', 'the account has changed meanwhile')
      const draft = step.draft(accountNo)
      draft.name = change.name ?? now.name
      draft.role = change.role ?? now.role
      draft.state = change.state ?? now.state
      draft.quotaBytes = change.quotaBytes ?? now.quotaBytes
      if (change.lockClause !== undefined) draft.lockClause = change.lockClause
      if (change.passwordHash !== undefined) draft.passwordHash = change.passwordHash
      if (draft.role !== now.role || draft.state !== now.state || draft.passwordHash !== now.passwordHash) draft.credentialVersion++
      return accountOf(draft)
    },
  }
}
