/**
 * Deliveries to very many accounts: kept first, then filed in slices. A recipient's row goes in the commit that files or
 * refuses it, so that each is filed exactly once, whatever dies in between.
 */
import { MailError } from '../../../core/errors.ts'
import type { MailboxRole, MessageContent } from '../../../core/mailbox/mailbox.ts'
import type { Delivery, DeliveryRecipient, Filed, HeldSlice } from '../../../core/ports/store.ts'
import type { Connection } from '../connection.ts'
import { flagsOfRow, keywordsText } from '../rows.ts'
import type { CommitDelivery } from './deliveries.ts'
import { fileOne } from './filing.ts'
import { insertOutboxRows, settleOutbox } from './outbox.ts'
import { targetOf } from './targets.ts'
import type { RecipientRefusal } from './targets.ts'
import { threadHashes } from './threads.ts'
import { insertTransaction } from './transactions.ts'

export function holdDelivery(connection: Connection, { delivery, nowMs }: CommitDelivery): { kind: 'held' | 'duplicate' } {
  if (!insertTransaction(connection, delivery)) return { kind: 'duplicate' }
  const held = insertHeld(connection, delivery)
  delivery.recipients.forEach((recipient, position) => insertRecipient(connection, held, position, recipient))
  insertOutboxRows(connection, delivery, nowMs)
  if (delivery.settles !== undefined) settleOutbox(connection, delivery.settles)
  if (delivery.finishes !== undefined) dropHeld(connection, delivery.finishes)
  return { kind: 'held' }
}

function insertHeld(connection: Connection, { transaction, receivedAtMs, content, recipients }: Delivery): number {
  return connection.insert(
    'INSERT INTO held (txn, received_at, remaining, body, body_bytes, sent_at, message_id, reference_ids, base_subject, forms, text) ' +
      'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    transaction,
    receivedAtMs,
    recipients.length,
    content.body,
    content.bodyBytes,
    content.sentAtMs,
    content.messageId,
    JSON.stringify(content.references),
    content.baseSubject,
    content.forms,
    content.text,
  )
}

function insertRecipient(connection: Connection, held: number, position: number, { account, target, prefix, flags, extraBytes }: DeliveryRecipient): void {
  connection.run(
    'INSERT INTO held_recipient (held, position, account, mailbox, role, flags, keywords, extra_bytes, prefix) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    held,
    position,
    account,
    'mailbox' in target ? target.mailbox : null,
    'role' in target ? target.role : null,
    flags.bits,
    keywordsText(flags.keywords),
    extraBytes,
    prefix,
  )
}

interface HeldRow {
  no: number
  received_at: number
  remaining: number
  body: string
  body_bytes: number
  sent_at: number | null
  message_id: string | null
  reference_ids: string
  base_subject: string
  forms: Uint8Array
  text: Uint8Array
}

interface HeldRecipientRow {
  position: number
  account: string
  mailbox: string | null
  role: MailboxRole | null
  flags: number
  keywords: string | null
  extra_bytes: number
  prefix: Uint8Array
}

export interface FileHeld {
  readonly transaction: string
  readonly limit: number
}

export function fileHeld(connection: Connection, { transaction, limit }: FileHeld): HeldSlice | null {
  const held = connection.get<HeldRow>('SELECT * FROM held WHERE txn = ?', transaction)
  if (held === undefined) return null
  const content = contentOf(held)
  const hashes = threadHashes(content)
  const filed: (Filed & { account: string })[] = []
  const recipients = connection.all<HeldRecipientRow>('SELECT * FROM held_recipient WHERE held = ? ORDER BY position LIMIT ?', held.no, limit)
  for (const row of recipients) {
    const outcome = fileRecipient(connection, held, row, content, hashes)
    if (typeof outcome === 'string') {
      connection.run('INSERT INTO held_refusal (held, position, account, code) VALUES (?, ?, ?, ?)', held.no, row.position, row.account, outcome)
    } else filed.push({ ...outcome, account: row.account })
    connection.run('DELETE FROM held_recipient WHERE held = ? AND position = ?', held.no, row.position)
  }
  if (recipients.length > 0) connection.run('UPDATE held SET remaining = remaining - ? WHERE no = ?', recipients.length, held.no)
  const refused = connection.all<{ account: string; code: RecipientRefusal }>('SELECT account, code FROM held_refusal WHERE held = ? ORDER BY position', held.no)
  return { filed, remaining: held.remaining - recipients.length, refused: refused.map(({ account, code }) => ({ account, code })) }
}

function fileRecipient(
  connection: Connection,
  held: HeldRow,
  row: HeldRecipientRow,
  content: MessageContent,
  hashes: readonly number[],
): Filed | RecipientRefusal {
  const target = targetOf(connection, { account: row.account, target: row.mailbox === null ? { role: row.role! } : { mailbox: row.mailbox } })
  if (typeof target === 'string') return target
  return fileOne(connection, {
    mailbox: target,
    content,
    hashes,
    prefix: row.prefix,
    flags: flagsOfRow(row.flags, row.keywords),
    receivedAtMs: held.received_at,
    extraBytes: row.extra_bytes,
  })
}

function contentOf(held: HeldRow): MessageContent {
  return {
    body: held.body,
    bodyBytes: held.body_bytes,
    forms: held.forms,
    text: held.text,
    sentAtMs: held.sent_at,
    messageId: held.message_id,
    references: JSON.parse(held.reference_ids) as string[],
    baseSubject: held.base_subject,
  }
}

/** Nothing happens when it is not held. Refuses `conflict` while recipients are left. */
export function finishHeld(connection: Connection, { transaction }: { readonly transaction: string }): void {
  const held = connection.get<{ remaining: number }>('SELECT remaining FROM held WHERE txn = ?', transaction)
  if (held === undefined) return
  if (held.remaining > 0) throw new MailError('conflict', 'recipients of the held delivery are not filed yet', { remaining: held.remaining })
  dropHeld(connection, transaction)
}

export function dropHeld(connection: Connection, transaction: string): void {
  const held = connection.get<{ no: number }>('SELECT no FROM held WHERE txn = ?', transaction)
  if (held === undefined) return
  for (const sql of ['DELETE FROM held_recipient WHERE held = ?', 'DELETE FROM held_refusal WHERE held = ?', 'DELETE FROM held WHERE no = ?']) {
    connection.run(sql, held.no)
  }
}
