/** Rows of the schema as the words of the core, and back where both directions are needed. Pure. */
import type { Account, AccountState, LockClause, Role } from '../../core/account/account.ts'
import type { Flags } from '../../core/mailbox/flags.ts'
import { noFlags } from '../../core/mailbox/flags.ts'
import type { Mailbox, MailboxRole } from '../../core/mailbox/mailbox.ts'
import type { RecordKind, StoredRecord } from '../../core/record/record.ts'
import type { OutboxRow, OutboxState } from '../../core/submission/outbox-row.ts'
import { id, keyNo } from './ids.ts'

export const accountColumns =
  'a.no, a.agency, a.address, a.name, a.kind, a.role, a.state, a.lock_clause, a.password_hash, a.credential_version, a.created_at, ' +
  's.quota_bytes, s.used_bytes, s.modseq'
export const accountTables = 'account a JOIN account_state s ON s.account = a.no'

export interface AccountRow {
  no: number
  agency: number
  address: string
  name: string
  kind: Account['kind']
  role: Role
  state: AccountState
  lock_clause: LockClause | null
  password_hash: string | null
  credential_version: number
  created_at: number
  quota_bytes: number
  used_bytes: number
  modseq: number
}

export function accountOf(row: AccountRow): Account {
  return {
    id: id('account', row.no),
    agency: id('agency', row.agency),
    address: row.address,
    name: row.name,
    kind: row.kind,
    role: row.role,
    state: row.state,
    lockClause: row.lock_clause,
    quotaBytes: row.quota_bytes,
    usedBytes: row.used_bytes,
    passwordHash: row.password_hash,
    credentialVersion: row.credential_version,
    createdAtMs: row.created_at,
    modseq: row.modseq,
  }
}

export interface MailboxRow {
  key: number
  account: number
  name: string
  role: MailboxRole | null
  uid_validity: number
  uid_next: number
  highest_modseq: number
  modseq: number
  created_modseq: number
  messages: number
  unseen: number
  deleted: number
  size_bytes: number
}

export function mailboxOf(row: MailboxRow): Mailbox {
  return {
    id: id('mailbox', keyNo(row.key)),
    account: id('account', row.account),
    name: row.name,
    role: row.role,
    uidValidity: row.uid_validity,
    uidNext: row.uid_next,
    highestModseq: row.highest_modseq,
    modseq: row.modseq,
    createdModseq: row.created_modseq,
    messages: row.messages,
    unseen: row.unseen,
    deleted: row.deleted,
    sizeBytes: row.size_bytes,
  }
}

/** RFC 9051 §5.1: INBOX in any case is that one mailbox; other names are exact. */
export function mailboxName(name: string): string {
  return name.toUpperCase() === 'INBOX' ? 'INBOX' : name
}

/** Keywords as the column holds them: null for none, else one a line (a keyword is an atom: it has no line end). */
export function keywordsText(keywords: readonly string[]): string | null {
  return keywords.length === 0 ? null : keywords.join('\n')
}

export function keywordsOf(text: string | null): readonly string[] {
  return text === null ? noFlags.keywords : text.split('\n')
}

export function flagsOfRow(bits: number, keywords: string | null): Flags {
  return { bits, keywords: keywordsOf(keywords) }
}

export interface OutboxTableRow {
  no: number
  txn: string
  sender: string
  recipient: string
  account: number | null
  body: string
  body_bytes: number
  state: OutboxState
  due_at: number
  created_at: number
  attempts: number
  node: string | null
  lease_until: number | null
  last_reply: string | null
  last_try_at: number | null
  prefix: Uint8Array
}

export function outboxRowOf(row: OutboxTableRow): OutboxRow {
  return {
    id: id('outbox', row.no),
    transaction: row.txn,
    sender: row.sender,
    recipient: row.recipient,
    account: row.account === null ? null : id('account', row.account),
    body: row.body,
    bodyBytes: row.body_bytes,
    prefix: row.prefix,
    state: row.state,
    dueAtMs: row.due_at,
    createdAtMs: row.created_at,
    attempts: row.attempts,
    node: row.node,
    leaseUntilMs: row.lease_until,
    lastReply: row.last_reply,
    lastTryAtMs: row.last_try_at,
  }
}

export interface RecordRow {
  kind: RecordKind
  seq: number
  at: number
  actor: string
  action: string
  subject: string
  clause: string | null
  detail: string
  hash: string
  keys: string
}

export function recordOf(row: RecordRow): StoredRecord {
  return {
    seq: row.seq,
    kind: row.kind,
    atMs: row.at,
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    clause: row.clause,
    detail: JSON.parse(row.detail) as StoredRecord['detail'],
    hash: row.hash,
    keys: row.keys === '' ? [] : row.keys.split('\n'),
  }
}
