/** Writes of accounts and addresses (Điều 4.2, 5, 6). */
import type { Account } from '../../../core/account/account.ts'
import { MailError } from '../../../core/errors.ts'
import type { AccountChange, NewAccount } from '../../../core/ports/store.ts'
import type { Connection } from '../connection.ts'
import { idNo, maxAccountNo } from '../ids.ts'
import { accountByNo } from '../read/accounts.ts'
import { mailboxName } from '../rows.ts'
import { insertMailbox } from './mailboxes.ts'

export interface CreateAccount {
  readonly account: NewAccount
  readonly nowMs: number
}

/** Mailboxes and account begin at modseq 1: making them is the account's first write. */
const firstModseq = 1

export function createAccount(connection: Connection, { account, nowMs }: CreateAccount): Account {
  const agencyNo = idNo('agency', account.agency)
  if (agencyNo === null || connection.get('SELECT 1 FROM agency WHERE no = ?', agencyNo) === undefined) throw new MailError('agency-unknown')
  if (addressOwner(connection, account.address) !== null) throw new MailError('address-taken', 'the address is taken', { address: account.address })
  if (!account.mailboxes.some((mailbox) => mailboxName(mailbox.name) === 'INBOX')) {
    throw new MailError('argument-invalid', 'an account is made with INBOX')
  }
  const no = connection.insert(
    'INSERT INTO account (agency, address, local_part, name, kind, role, state, lock_clause, password_hash, credential_version, created_at) ' +
      'VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, 1, ?)',
    agencyNo,
    account.address,
    account.address.slice(0, account.address.lastIndexOf('@')),
    account.name,
    account.kind,
    account.role,
    account.state,
    account.passwordHash,
    account.createdAtMs,
  )
  if (no > maxAccountNo) throw new MailError('limit-reached', 'the store has used up its account numbers')
  connection.run('INSERT INTO address (address, account, is_primary) VALUES (?, ?, 1)', account.address, no)
  connection.run(
    'INSERT INTO account_state (account, modseq, next_message, next_mailbox, last_uid_validity, quota_bytes, used_bytes, pruned_modseq, stale_threads) ' +
      'VALUES (?, ?, 1, 1, 0, ?, 0, 0, 0)',
    no,
    firstModseq,
    account.quotaBytes,
  )
  for (const mailbox of account.mailboxes) {
    insertMailbox(connection, { accountNo: no, name: mailbox.name, role: mailbox.role, modseq: firstModseq, nowMs })
    if (mailbox.subscribed) {
      connection.run('INSERT INTO subscription (account, name) VALUES (?, ?) ON CONFLICT DO NOTHING', no, mailboxName(mailbox.name))
    }
  }
  return accountByNo(connection, no)!
}

export interface ChangeAccount {
  readonly accountNo: number
  readonly change: AccountChange
  readonly ifVersion: number | null
}

export function changeAccount(connection: Connection, { accountNo, change, ifVersion }: ChangeAccount): Account {
  const now = accountByNo(connection, accountNo)
  if (now === null) throw new MailError('account-unknown')
  if (ifVersion !== null && now.credentialVersion !== ifVersion) throw new MailError('conflict', 'the account has changed meanwhile')
  const next = {
    name: change.name ?? now.name,
    role: change.role ?? now.role,
    state: change.state ?? now.state,
    lockClause: change.lockClause === undefined ? now.lockClause : change.lockClause,
    passwordHash: change.passwordHash === undefined ? now.passwordHash : change.passwordHash,
  }
  const credentialChanged = next.role !== now.role || next.state !== now.state || next.passwordHash !== now.passwordHash
  connection.run(
    'UPDATE account SET name = ?, role = ?, state = ?, lock_clause = ?, password_hash = ?, credential_version = credential_version + ? WHERE no = ?',
    next.name,
    next.role,
    next.state,
    next.lockClause,
    next.passwordHash,
    credentialChanged ? 1 : 0,
    accountNo,
  )
  if (change.quotaBytes !== undefined) connection.run('UPDATE account_state SET quota_bytes = ? WHERE account = ?', change.quotaBytes, accountNo)
  return accountByNo(connection, accountNo)!
}

export interface RenameAccount {
  readonly accountNo: number
  readonly address: string
  /** The old primary address stays as an alias. */
  readonly keepOld: boolean
}

/** A new primary address, which may be an alias of the account already. Refuses `account-unknown`, `address-taken`. */
export function renameAccount(connection: Connection, { accountNo, address, keepOld }: RenameAccount): Account {
  const now = accountByNo(connection, accountNo)
  if (now === null) throw new MailError('account-unknown')
  const owner = addressOwner(connection, address)
  if (owner !== null && owner !== accountNo) throw new MailError('address-taken', 'the address is taken', { address })
  if (address === now.address) return now
  if (keepOld) connection.run('UPDATE address SET is_primary = 0 WHERE address = ?', now.address)
  else connection.run('DELETE FROM address WHERE address = ?', now.address)
  connection.run('INSERT INTO address (address, account, is_primary) VALUES (?, ?, 1) ON CONFLICT (address) DO UPDATE SET is_primary = 1', address, accountNo)
  connection.run('UPDATE account SET address = ?, local_part = ? WHERE no = ?', address, address.slice(0, address.lastIndexOf('@')), accountNo)
  return accountByNo(connection, accountNo)!
}

export interface AliasArgs {
  readonly accountNo: number
  readonly address: string
}

export function addAlias(connection: Connection, { accountNo, address }: AliasArgs): void {
  if (connection.get('SELECT 1 FROM account WHERE no = ?', accountNo) === undefined) throw new MailError('account-unknown')
  if (addressOwner(connection, address) !== null) throw new MailError('address-taken')
  connection.run('INSERT INTO address (address, account, is_primary) VALUES (?, ?, 0)', address, accountNo)
}

export function removeAlias(connection: Connection, { accountNo, address }: AliasArgs): void {
  const row = connection.get<{ account: number; is_primary: number }>('SELECT account, is_primary FROM address WHERE address = ?', address)
  if (row === undefined || row.account !== accountNo) throw new MailError('address-unknown')
  if (row.is_primary === 1) throw new MailError('not-permitted', 'the primary address stays')
  connection.run('DELETE FROM address WHERE address = ?', address)
}

function addressOwner(connection: Connection, address: string): number | null {
  return connection.get<{ account: number }>('SELECT account FROM address WHERE address = ?', address)?.account ?? null
}
