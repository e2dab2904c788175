/** Writes of mailboxes and subscriptions. One write is one modseq, however many mailboxes it touches. */
import { MailError } from '../../../core/errors.ts'
import type { Mailbox, MailboxRole } from '../../../core/mailbox/mailbox.ts'
import type { Connection } from '../connection.ts'
import { keyAccountNo, keyNo, packKey } from '../ids.ts'
import { mailboxByKey, mailboxByName, mailboxByRole } from '../read/mailboxes.ts'
import { mailboxName } from '../rows.ts'
import { giveBack, nextModseq } from './account-state.ts'
import { deleteMessages, selectLeaving } from './leaving.ts'
import { insertTombstone } from './tombstones.ts'

export interface InsertMailbox {
  readonly accountNo: number
  readonly name: string
  readonly role: MailboxRole | null
  readonly modseq: number
  readonly nowMs: number
}

/**
 * UIDVALIDITY is the second of its making, or one more than the last given in the account: it grows even when the clock
 * steps back. Refuses `mailbox-exists`. Returns the key.
 */
export function insertMailbox(connection: Connection, { accountNo, name, role, modseq, nowMs }: InsertMailbox): number {
  if (mailboxByName(connection, accountNo, name) !== null) throw new MailError('mailbox-exists')
  if (role !== null && mailboxByRole(connection, accountNo, role) !== null) throw new MailError('mailbox-exists', `the role ${role} is taken`)
  const state = connection.get<{ next_mailbox: number; last_uid_validity: number }>(
    'UPDATE account_state SET next_mailbox = next_mailbox + 1, last_uid_validity = max(last_uid_validity + 1, ?) WHERE account = ? ' +
      'RETURNING next_mailbox, last_uid_validity',
    Math.floor(nowMs / 1000),
    accountNo,
  )
  if (state === undefined) throw new MailError('account-unknown')
  const key = packKey(accountNo, state.next_mailbox - 1)
  connection.run(
    'INSERT INTO mailbox (key, account, name, role, uid_validity, uid_next, highest_modseq, modseq, created_modseq, messages, unseen, deleted, size_bytes) ' +
      'VALUES (?, ?, ?, ?, ?, 1, 1, ?, ?, 0, 0, 0, 0)',
    key,
    accountNo,
    mailboxName(name),
    role,
    state.last_uid_validity,
    modseq,
    modseq,
  )
  return key
}

export interface CreateMailboxes {
  readonly accountNo: number
  readonly mailboxes: readonly { readonly name: string; readonly role: MailboxRole | null }[]
  readonly nowMs: number
}

export function createMailboxes(connection: Connection, { accountNo, mailboxes, nowMs }: CreateMailboxes): Mailbox[] {
  if (mailboxes.length === 0) return []
  const modseq = nextModseq(connection, accountNo)
  return mailboxes
    .map(({ name, role }) => insertMailbox(connection, { accountNo, name, role, modseq, nowMs }))
    .map((key) => mailboxByKey(connection, key)!)
}

export interface RenameMailboxes {
  readonly accountNo: number
  readonly renames: readonly { readonly mailbox: number | null; readonly name: string }[]
}

/** Names are first set aside, so that mailboxes of one write can swap theirs. */
export function renameMailboxes(connection: Connection, { accountNo, renames }: RenameMailboxes): Mailbox[] {
  const known = renames.map(({ mailbox, name }) => ({ before: knownMailbox(connection, mailbox), key: mailbox!, name: mailboxName(name) }))
  const changing = known.filter(({ before, name }) => before.name !== name)
  if (changing.length > 0) {
    const modseq = nextModseq(connection, accountNo)
    for (const { key } of changing) connection.run('UPDATE mailbox SET name = ? WHERE key = ?', `\u0000${key}`, key)
    for (const { key, name } of changing) {
      if (mailboxByName(connection, accountNo, name) !== null) throw new MailError('mailbox-exists')
      connection.run('UPDATE mailbox SET name = ?, modseq = ? WHERE key = ?', name, modseq, key)
    }
  }
  return known.map(({ key }) => mailboxByKey(connection, key)!)
}

export interface SetRole {
  readonly mailbox: number | null
  readonly role: MailboxRole | null
}

export function setRole(connection: Connection, { mailbox, role }: SetRole): Mailbox {
  const before = knownMailbox(connection, mailbox)
  if (before.role === role) return before
  const accountNo = keyAccountNo(mailbox!)
  if (role !== null && mailboxByRole(connection, accountNo, role) !== null) throw new MailError('mailbox-exists', `the role ${role} is taken`)
  connection.run('UPDATE mailbox SET role = ?, modseq = ? WHERE key = ?', role, nextModseq(connection, accountNo), mailbox)
  return mailboxByKey(connection, mailbox!)!
}

export interface RemoveMailbox {
  readonly mailbox: number | null
  readonly nowMs: number
}

export function removeMailbox(connection: Connection, { mailbox, nowMs }: RemoveMailbox): void {
  knownMailbox(connection, mailbox)
  const key = mailbox!
  const accountNo = keyAccountNo(key)
  const modseq = nextModseq(connection, accountNo)
  const leaving = selectLeaving(connection, key, 'all', false)
  if (leaving.keys.length > 0) {
    deleteMessages(connection, leaving.keys)
    insertTombstone(connection, { mailbox: key, modseq, atMs: nowMs, uids: leaving.uids, destroyed: leaving.keys.map(keyNo) })
    giveBack(connection, accountNo, leaving.bytes, leaving.keys.length)
  }
  connection.run('DELETE FROM mailbox WHERE key = ?', key)
  connection.run('INSERT INTO removed_mailbox (key, modseq, at) VALUES (?, ?, ?)', key, modseq, nowMs)
}

export interface SetSubscribed {
  readonly accountNo: number
  readonly name: string
  readonly subscribed: boolean
}

export function setSubscribed(connection: Connection, { accountNo, name, subscribed }: SetSubscribed): void {
  if (connection.get('SELECT 1 FROM account WHERE no = ?', accountNo) === undefined) throw new MailError('account-unknown')
  const sql = subscribed
    ? 'INSERT INTO subscription (account, name) VALUES (?, ?) ON CONFLICT DO NOTHING'
    : 'DELETE FROM subscription WHERE account = ? AND name = ?'
  connection.run(sql, accountNo, mailboxName(name))
}

/** The mailbox as it is. Refuses `mailbox-unknown`. */
export function knownMailbox(connection: Connection, key: number | null): Mailbox {
  const mailbox = key === null ? null : mailboxByKey(connection, key)
  if (mailbox === null) throw new MailError('mailbox-unknown')
  return mailbox
}
