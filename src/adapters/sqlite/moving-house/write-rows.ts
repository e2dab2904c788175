/** How the rows of a move are put into the tables (core/ports/store-copy.ts, C3, C5). Each function runs within a transaction. */
import type { AccountRow, MailboxRow, Part, WrittenRows } from '../../../core/ports/store-copy.ts'
import type { Connection } from '../connection.ts'
import { idNo, packKey } from '../ids.ts'
import { insertRecord } from '../write/records.ts'
import { putSetting } from '../write/settings.ts'
import { threadHashes } from '../write/threads.ts'

type Write<P extends Part> = (connection: Connection, row: WrittenRows[P]) => void

/** Outbox rows of the province that came from an embedded store once: the number, filled up with zeros. */
const movedId = /^q0{9}([0-9a-z]{14})$/

export const writeRow: { readonly [P in Part]: Write<P> } = {
  settings: putSetting,

  agencies(connection, { no, label, name, domains, createdAtMs }) {
    connection.run('INSERT INTO agency (no, label, name, created_at) VALUES (?, ?, ?, ?)', no, label, name, createdAtMs)
    domains.forEach((domain, position) => connection.run('INSERT INTO agency_domain (domain, agency, position) VALUES (?, ?, ?)', domain, no, position))
  },

  accounts(connection, row) {
    insertAccount(connection, row)
    connection.run('INSERT INTO address (address, account, is_primary) VALUES (?, ?, 1)', row.address, row.no)
    for (const alias of row.aliases) connection.run('INSERT INTO address (address, account, is_primary) VALUES (?, ?, 0)', alias, row.no)
    for (const mailbox of row.mailboxes) insertMailbox(connection, row.no, mailbox)
    for (const name of row.subscriptions) connection.run('INSERT INTO subscription (account, name) VALUES (?, ?)', row.no, name)
  },

  messages(connection, { account, no, mailbox, uid, modseq, createdModseq, flags, keywords, receivedAtMs, sentAtMs, sizeBytes, thread, body, prefix, forms, text, words }) {
    const key = packKey(account, no)
    connection.run(
      'INSERT INTO message (key, mailbox, uid, modseq, created_modseq, flags, keywords, received_at, sent_at, size, thread, body, prefix) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      key, packKey(account, mailbox), uid, modseq, createdModseq, flags, keywords, receivedAtMs, sentAtMs, sizeBytes, thread, body, prefix,
    )
    connection.run('INSERT INTO message_form (key, forms, text) VALUES (?, ?, ?)', key, forms, text)
    // In the order of the messages: who was the first to bring a key names its thread.
    for (const hash of threadHashes(words)) connection.run('INSERT INTO thread_key (account, hash, thread) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', account, hash, thread)
  },

  tombstones(connection, { account, modseq, mailbox, atMs, count, removed, uids, destroyed }) {
    const key = packKey(account, mailbox)
    if (removed) connection.run('INSERT INTO removed_mailbox (key, modseq, at) VALUES (?, ?, ?)', key, modseq, atMs)
    if (removed && count === 0) return
    connection.run('INSERT INTO tombstone (mailbox, modseq, at, uid_count, uids, destroyed) VALUES (?, ?, ?, ?, ?, ?)', key, modseq, atMs, count, uids, destroyed)
  },

  deliveries(connection, { transaction, receivedAtMs, facts }) {
    connection.run('INSERT INTO delivery (txn, received_at, facts) VALUES (?, ?, ?)', transaction, receivedAtMs, facts)
  },

  held(connection, { transaction, receivedAtMs, remaining, body, bodyBytes, sentAtMs, messageId, references, baseSubject, forms, text }) {
    connection.run(
      'INSERT INTO held (txn, received_at, remaining, body, body_bytes, sent_at, message_id, reference_ids, base_subject, forms, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      transaction, receivedAtMs, remaining, body, bodyBytes, sentAtMs, messageId, JSON.stringify(references), baseSubject, forms, text,
    )
  },

  recipients(connection, { transaction, position, refused, account, mailbox, role, flags, keywords, extraBytes, prefix }) {
    const held = connection.get<{ no: number }>('SELECT no FROM held WHERE txn = ?', transaction)!.no
    if (refused !== '') {
      connection.run('INSERT INTO held_refusal (held, position, account, code) VALUES (?, ?, ?, ?)', held, position, account, refused)
      return
    }
    connection.run(
      'INSERT INTO held_recipient (held, position, account, mailbox, role, flags, keywords, extra_bytes, prefix) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      held, position, account, mailbox, role, flags, keywords, extraBytes, prefix,
    )
  },

  outbox(connection, { id, transaction, sender, recipient, account, body, bodyBytes, prefix, state, dueAtMs, nextAtMs, createdAtMs, attempts, node, leaseUntilMs, lastReply, lastTryAtMs }) {
    connection.run(
      'INSERT INTO outbox (no, txn, sender, recipient, account, body, body_bytes, prefix, state, due_at, next_at, created_at, attempts, node, lease_until, last_reply, last_try_at) ' +
        'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      outboxNo(id), transaction, sender, recipient, account, body, bodyBytes, prefix, state, dueAtMs, nextAtMs, createdAtMs, attempts, node, leaseUntilMs, lastReply, lastTryAtMs,
    )
  },

  records(connection, { atMs, keys, ...row }) {
    insertRecord(connection, { ...row, at: atMs, keys: keys === '' ? [] : keys.split('\n') })
  },

  registry(connection, { kind, id, version, value, keys, bodies }) {
    connection.run('INSERT INTO registry (kind, id, version, value) VALUES (?, ?, ?, ?)', kind, id, version, value)
    for (const key of keys) connection.run('INSERT INTO registry_key (kind, key, id) VALUES (?, ?, ?)', kind, key, id)
    for (const body of bodies) connection.run('INSERT INTO registry_body (body, kind, id) VALUES (?, ?, ?)', body, kind, id)
  },
}

/** Null: the next one. Those of a number come first, so all stay in their order. */
function outboxNo(id: string): number | null {
  const moved = movedId.exec(id)
  return moved === null ? idNo('outbox', id) : Number.parseInt(moved[1]!, 36)
}

function insertAccount(connection: Connection, row: AccountRow): void {
  const localPart = row.address.slice(0, row.address.lastIndexOf('@'))
  connection.run(
    'INSERT INTO account (no, agency, address, local_part, name, kind, role, state, lock_clause, password_hash, credential_version, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    row.no, row.agency, row.address, localPart, row.name, row.kind, row.role, row.state, row.lockClause, row.passwordHash, row.credentialVersion, row.createdAtMs,
  )
  connection.run(
    'INSERT INTO account_state (account, modseq, next_message, next_mailbox, last_uid_validity, quota_bytes, used_bytes, pruned_modseq, stale_threads) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)',
    row.no, row.modseq, row.nextMessage, row.nextMailbox, row.lastUidValidity, row.quotaBytes, row.usedBytes, row.prunedModseq,
  )
}

function insertMailbox(connection: Connection, account: number, mailbox: MailboxRow): void {
  const { no, name, role, uidValidity, uidNext, highestModseq, modseq, createdModseq, messages, unseen, deleted, sizeBytes } = mailbox
  connection.run(
    'INSERT INTO mailbox (key, account, name, role, uid_validity, uid_next, highest_modseq, modseq, created_modseq, messages, unseen, deleted, size_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    packKey(account, no), account, name, role, uidValidity, uidNext, highestModseq, modseq, createdModseq, messages, unseen, deleted, sizeBytes,
  )
}

/** Every table that rows stand in, apart from the settings. */
export const rowTables: readonly string[] = [
  'agency', 'agency_domain', 'account', 'account_state', 'address', 'mailbox', 'removed_mailbox', 'subscription', 'message', 'message_form', 'thread_key', 'tombstone',
  'delivery', 'held', 'held_recipient', 'held_refusal', 'outbox', 'record', 'record_key', 'registry', 'registry_key', 'registry_body',
]
