/** Documents as the words of the core. Pure. */
import type { Account, Address } from '../../core/account/account.ts'
import type { Agency } from '../../core/agency/agency.ts'
import type { Mailbox, StoredMessage } from '../../core/mailbox/mailbox.ts'
import type { StoredRecord } from '../../core/record/record.ts'
import type { OutboxRow } from '../../core/submission/outbox-row.ts'
import type { AccountDocument, AgencyDocument, MailboxState, MessageDocument, OutboxDocument, RecordDocument } from './documents.ts'
import type { FlagSets } from './flag-sets.ts'
import { id, keyNo } from './ids.ts'

export function agencyOf(document: AgencyDocument): Agency {
  return {
    id: id('agency', document._id),
    label: document.label,
    name: document.name,
    domains: document.domains ?? [],
    createdAtMs: document.createdAtMs,
  }
}

export function accountOf(document: AccountDocument): Account {
  return {
    id: id('account', document._id),
    agency: id('agency', document.agency),
    address: document.address,
    name: document.name,
    kind: document.kind,
    role: document.role,
    state: document.state,
    lockClause: document.lockClause,
    quotaBytes: document.quotaBytes,
    usedBytes: document.usedBytes,
    passwordHash: document.passwordHash,
    credentialVersion: document.credentialVersion,
    createdAtMs: document.createdAtMs,
    modseq: document.modseq,
  }
}

export function addressesOf(document: Pick<AccountDocument, '_id' | 'address' | 'addresses'>): Address[] {
  const account = id('account', document._id)
  const aliases = document.addresses.filter((address) => address !== document.address).sort()
  return [document.address, ...aliases].map((address) => ({ address, account, primary: address === document.address }))
}

export function mailboxOf(accountNo: number, no: number, state: MailboxState): Mailbox {
  return { id: id('mailbox', no), account: id('account', accountNo), ...state }
}

/** In the order of the names' UTF-8 bytes. */
export function mailboxesOf(document: Pick<AccountDocument, '_id' | 'mailboxes'>): Mailbox[] {
  return Object.entries(document.mailboxes)
    .map(([no, state]) => mailboxOf(document._id, Number(no), state))
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
}

/** RFC 9051 §5.1: INBOX in any case is that one mailbox; other names are exact. */
export function mailboxName(name: string): string {
  return name.toUpperCase() === 'INBOX' ? 'INBOX' : name
}

/** A message as a read brings it: forms and text only when they were asked for. */
export type ReadMessage = Omit<MessageDocument, 'forms' | 'text' | 'threadKeys'> & { readonly forms?: Uint8Array; readonly text?: Uint8Array }

export function storedMessageOf(document: ReadMessage, flagSets: FlagSets): StoredMessage {
  return {
    id: id('message', keyNo(document._id)),
    mailbox: id('mailbox', keyNo(document.mailbox)),
    uid: document.uid,
    modseq: document.modseq,
    createdModseq: document.createdModseq,
    threadId: id('thread', document.thread),
    flags: flagSets.of(document.flags, document.keywords),
    receivedAtMs: document.receivedAtMs,
    sentAtMs: document.sentAtMs,
    sizeBytes: document.sizeBytes,
    prefix: document.prefix,
    body: document.body,
    forms: document.forms ?? null,
    text: document.text ?? null,
  }
}

export function outboxRowOf(document: OutboxDocument): OutboxRow {
  return {
    id: document._id,
    transaction: document.transaction,
    sender: document.sender,
    recipient: document.recipient,
    account: document.account === undefined ? null : id('account', document.account),
    body: document.body,
    bodyBytes: document.bodyBytes,
    prefix: document.prefix,
    state: document.state,
    dueAtMs: document.dueAtMs,
    createdAtMs: document.createdAtMs,
    attempts: document.attempts,
    node: document.node ?? null,
    leaseUntilMs: document.leaseUntilMs,
    lastReply: document.lastReply,
    lastTryAtMs: document.lastTryAtMs,
  }
}

export function recordOf(document: RecordDocument): StoredRecord {
  return {
    seq: document.seq,
    kind: document.kind,
    atMs: document.atMs,
    actor: document.actor,
    action: document.action,
    subject: document.subject,
    clause: document.clause,
    detail: JSON.parse(document.detail) as StoredRecord['detail'],
    hash: document.hash,
    keys: document.keys ?? [],
  }
}
