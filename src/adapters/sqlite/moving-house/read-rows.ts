/** What each part of the embedded store is read from (core/ports/store-copy.ts, C2), in the order of its keys. */
import type { SQLInputValue } from 'node:sqlite'
import type { AccountRow, Key, MailboxRow, MessageRow, Part, RegistryRow, Rows, TombstoneRow } from '../../../core/ports/store-copy.ts'
import { staysBehind } from '../../../core/ports/store-copy.ts'
import type { Connection } from '../connection.ts'
import { id, idNo, keyAccountNo, keyNo, keysPerAccount, packKey } from '../ids.ts'

type Read<P extends Part> = (connection: Connection, after: Key | null) => Iterable<Rows[P]>

/** One row after the other, as SQLite finds them: the names in the statement are those of the row. */
function* rows<R>(connection: Connection, sql: string, ...values: SQLInputValue[]): Generator<R> {
  yield* connection.db.prepare(sql).iterate(...values) as Iterable<R>
}

const text = (after: Key | null, at = 0): string => String(after?.[at] ?? '')
const number = (after: Key | null, at = 0): number => Number(after?.[at] ?? -1)

export const readRows: { readonly [P in Part]: Read<P> } = {
  *settings(connection, after) {
    for (const row of rows<Rows['settings']>(connection, 'SELECT key, value FROM setting WHERE key > ? ORDER BY key', text(after))) if (!staysBehind(row.key)) yield { ...row }
  },

  *agencies(connection, after) {
    const sql = 'SELECT no, label, name, created_at AS createdAtMs FROM agency WHERE no > ? ORDER BY no'
    for (const row of rows<Omit<Rows['agencies'], 'domains'>>(connection, sql, number(after))) {
      const domains = connection.rows<[string]>('SELECT domain FROM agency_domain WHERE agency = ? ORDER BY position', row.no).map(([domain]) => domain)
      yield { ...row, domains }
    }
  },

  *accounts(connection, after) {
    const sql =
      'SELECT a.no, a.agency, a.address, a.name, a.kind, a.role, a.state, a.lock_clause AS lockClause, a.password_hash AS passwordHash, ' +
      'a.credential_version AS credentialVersion, a.created_at AS createdAtMs, s.quota_bytes AS quotaBytes, s.used_bytes AS usedBytes, s.modseq, ' +
      's.next_message AS nextMessage, s.next_mailbox AS nextMailbox, s.last_uid_validity AS lastUidValidity, s.pruned_modseq AS prunedModseq ' +
      'FROM account a JOIN account_state s ON s.account = a.no WHERE a.no > ? ORDER BY a.no'
    for (const row of rows<Omit<AccountRow, 'aliases' | 'mailboxes' | 'subscriptions'>>(connection, sql, number(after))) {
      yield { ...row, aliases: aliasesOf(connection, row.no), mailboxes: mailboxesOf(connection, row.no), subscriptions: subscriptionsOf(connection, row.no) }
    }
  },

  *messages(connection, after) {
    // Without its forms a message would be damage: the join must not hide it.
    const sql =
      'SELECT m.key, m.mailbox, m.uid, m.modseq, m.created_modseq AS createdModseq, m.flags, m.keywords, m.received_at AS receivedAtMs, m.sent_at AS sentAtMs, ' +
      'm.size AS sizeBytes, m.thread, m.body, m.prefix, f.forms, f.text FROM message m LEFT JOIN message_form f ON f.key = m.key WHERE m.key > ? ORDER BY m.key'
    const from = after === null ? -1 : packKey(number(after), number(after, 1))
    for (const { key, mailbox, ...row } of rows<Omit<MessageRow, 'account' | 'no'> & { key: number }>(connection, sql, from)) {
      if (row.forms === null) throw new Error(`message ${key} has no forms`)
      yield { account: keyAccountNo(key), no: keyNo(key), mailbox: keyNo(mailbox), ...row }
    }
  },

  *tombstones(connection, after) {
    const first = after === null ? 0 : number(after)
    for (const { no: account } of rows<{ no: number }>(connection, 'SELECT no FROM account WHERE no >= ? ORDER BY no', first)) {
      for (const row of tombstonesOf(connection, account)) if (account > first || after === null || isAfter(row, after)) yield row
    }
  },

  *deliveries(connection, after) {
    const sql = 'SELECT txn AS "transaction", received_at AS receivedAtMs, facts FROM delivery WHERE txn > ? ORDER BY txn'
    for (const row of rows<Rows['deliveries']>(connection, sql, text(after))) yield { ...row }
  },

  *held(connection, after) {
    const sql =
      'SELECT txn AS "transaction", received_at AS receivedAtMs, remaining, body, body_bytes AS bodyBytes, sent_at AS sentAtMs, message_id AS messageId, ' +
      'reference_ids AS refs, base_subject AS baseSubject, forms, text FROM held WHERE (received_at, txn) > (?, ?) ORDER BY received_at, txn'
    for (const { refs, ...row } of rows<Omit<Rows['held'], 'references'> & { refs: string }>(connection, sql, number(after), text(after, 1))) {
      yield { ...row, references: JSON.parse(refs) as string[] }
    }
  },

  *recipients(connection, after) {
    for (const { no, txn } of rows<{ no: number; txn: string }>(connection, 'SELECT no, txn FROM held WHERE txn >= ? ORDER BY txn', text(after))) {
      const position = after !== null && txn === after[0] ? number(after, 1) : -1
      for (const row of rows<Omit<Rows['recipients'], 'transaction'>>(connection, recipientsSql, no, position, no, position)) yield { transaction: txn, ...row }
    }
  },

  *outbox(connection, after) {
    const sql =
      'SELECT no, txn AS "transaction", sender, recipient, account, body, body_bytes AS bodyBytes, prefix, state, due_at AS dueAtMs, next_at AS nextAtMs, ' +
      'created_at AS createdAtMs, attempts, node, lease_until AS leaseUntilMs, last_reply AS lastReply, last_try_at AS lastTryAtMs FROM outbox WHERE no > ? ORDER BY no'
    const from = after === null ? 0 : (idNo('outbox', text(after)) ?? 0)
    for (const { no, ...row } of rows<Omit<Rows['outbox'], 'id'> & { no: number }>(connection, sql, from)) yield { id: id('outbox', no), ...row }
  },

  *records(connection, after) {
    const sql = 'SELECT kind, seq, at AS atMs, actor, action, subject, clause, detail, hash, keys FROM record WHERE (kind, seq) > (?, ?) ORDER BY kind, seq'
    for (const row of rows<Rows['records']>(connection, sql, text(after), number(after, 1))) yield { ...row }
  },

  *registry(connection, after) {
    const sql = 'SELECT kind, id, version, value FROM registry WHERE (kind, id) > (?, ?) ORDER BY kind, id'
    for (const row of rows<Omit<RegistryRow, 'keys' | 'bodies'>>(connection, sql, text(after), text(after, 1))) {
      const keys = connection.rows<[string]>('SELECT key FROM registry_key WHERE kind = ? AND id = ?', row.kind, row.id).map(([key]) => key)
      const bodies = connection.rows<[string]>('SELECT body FROM registry_body WHERE kind = ? AND id = ?', row.kind, row.id).map(([body]) => body)
      yield { ...row, keys: keys.sort(), bodies: bodies.sort() }
    }
  },
}

const recipientsSql =
  "SELECT position, '' AS refused, account, mailbox, role, flags, keywords, extra_bytes AS extraBytes, prefix FROM held_recipient WHERE held = ? AND position > ? " +
  "UNION ALL SELECT position, code, account, NULL, NULL, 0, NULL, 0, x'' FROM held_refusal WHERE held = ? AND position > ? ORDER BY position"

function aliasesOf(connection: Connection, account: number): string[] {
  const sql = 'SELECT address FROM address WHERE account = ? AND is_primary = 0'
  return connection.rows<[string]>(sql, account).map(([address]) => address).sort()
}

function mailboxesOf(connection: Connection, account: number): MailboxRow[] {
  const sql =
    'SELECT key, name, role, uid_validity AS uidValidity, uid_next AS uidNext, highest_modseq AS highestModseq, modseq, created_modseq AS createdModseq, ' +
    'messages, unseen, deleted, size_bytes AS sizeBytes FROM mailbox WHERE key BETWEEN ? AND ? ORDER BY key'
  const found = connection.all<Omit<MailboxRow, 'no'> & { key: number }>(sql, packKey(account, 0), packKey(account, keysPerAccount - 1))
  return found.map(({ key, ...mailbox }) => ({ no: keyNo(key), ...mailbox }))
}

function subscriptionsOf(connection: Connection, account: number): string[] {
  return connection.rows<[string]>('SELECT name FROM subscription WHERE account = ?', account).map(([name]) => name).sort()
}

/** Of an account: few and small enough to be put in order here. A mailbox that went stands with the tombstone of its messages. */
function tombstonesOf(connection: Connection, account: number): TombstoneRow[] {
  const of = [packKey(account, 0), packKey(account, keysPerAccount - 1)] as const
  const removed = new Map(connection.rows<[key: number, modseq: number, at: number]>('SELECT key, modseq, at FROM removed_mailbox WHERE key BETWEEN ? AND ?', ...of).map((row) => [`${row[0]}/${row[1]}`, row]))
  const sql = 'SELECT mailbox, modseq, at AS atMs, uid_count AS count, uids, destroyed FROM tombstone WHERE mailbox BETWEEN ? AND ?'
  const found = connection.all<Omit<TombstoneRow, 'account' | 'removed'>>(sql, ...of).map(({ mailbox, ...row }): TombstoneRow => {
    const isRemoved = removed.delete(`${mailbox}/${row.modseq}`)
    return { account, mailbox: keyNo(mailbox), ...row, removed: isRemoved }
  })
  for (const [key, modseq, atMs] of removed.values()) {
    found.push({ account, modseq, mailbox: keyNo(key), atMs, count: 0, removed: true, uids: new Uint8Array(), destroyed: new Uint8Array() })
  }
  return found.sort((a, b) => a.modseq - b.modseq || a.mailbox - b.mailbox)
}

function isAfter({ modseq, mailbox }: TombstoneRow, after: Key): boolean {
  return modseq > number(after, 1) || (modseq === number(after, 1) && mailbox > number(after, 2))
}

const tables: { readonly [P in Part]: string } = {
  settings: 'setting',
  agencies: 'agency',
  accounts: 'account',
  messages: 'message',
  tombstones: 'tombstone',
  deliveries: 'delivery',
  held: 'held',
  recipients: 'held_recipient',
  outbox: 'outbox',
  records: 'record',
  registry: 'registry',
}

export function countRows(connection: Connection, part: Part): number {
  // The counters of mailboxes are sums (P6), and far fewer.
  if (part === 'messages') return connection.get<{ n: number }>('SELECT coalesce(sum(messages), 0) AS n FROM mailbox')!.n
  return connection.get<{ n: number }>(`SELECT count(*) AS n FROM ${tables[part]}`)!.n
}
