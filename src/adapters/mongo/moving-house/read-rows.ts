/** What each part of the province's store is read from (core/ports/store-copy.ts, C2), in the order of its keys. Pure. */
import type { Document } from 'mongodb'
import type { Key, Part, Rows } from '../../../core/ports/store-copy.ts'
import { staysBehind } from '../../../core/ports/store-copy.ts'
import type { AccountDocument, AgencyDocument, DeliveryDocument, HeldDocument, MessageDocument, OutboxDocument, RecipientDocument, RecordDocument, RegistryDocument, TombstoneDocument } from '../documents.ts'
import { deliveryId } from '../documents.ts'
import { isOutboxId, keyNo, packKey } from '../ids.ts'

export interface PartRead<P extends Part, D> {
  readonly collection: string
  /** Of what comes after `after`. */
  readonly filter: (after: Key | null) => Document
  readonly sort: Document
  /** Null for a document that is none of this part. */
  readonly rowOf: (document: D) => Rows[P] | null
}

type Reads = {
  readonly settings: PartRead<'settings', { readonly _id: string; readonly value: string }>
  readonly agencies: PartRead<'agencies', AgencyDocument>
  readonly accounts: PartRead<'accounts', AccountDocument>
  readonly messages: PartRead<'messages', MessageDocument>
  readonly tombstones: PartRead<'tombstones', TombstoneDocument>
  readonly deliveries: PartRead<'deliveries', DeliveryDocument>
  readonly held: PartRead<'held', HeldDocument>
  readonly recipients: PartRead<'recipients', RecipientDocument>
  readonly outbox: PartRead<'outbox', OutboxDocument>
  readonly records: PartRead<'records', RecordDocument>
  readonly registry: PartRead<'registry', RegistryDocument>
}

/** Past everything that begins with `delivery/`, or with the `q` of the outbox. */
const afterDeliveries = 'delivery0'
const afterOutbox = 'r'

export const reads: Reads = {
  settings: {
    collection: 'settings',
    filter: (after) => (after === null ? {} : { _id: { $gt: after[0] } }),
    sort: { _id: 1 },
    rowOf: ({ _id, value }) => (staysBehind(_id) ? null : { key: _id, value }),
  },

  agencies: {
    collection: 'agencies',
    filter: numbersAfter,
    sort: { _id: 1 },
    rowOf: ({ _id, label, name, domains = [], createdAtMs }) => ({ no: _id, label, name, domains, createdAtMs }),
  },

  accounts: { collection: 'states', filter: numbersAfter, sort: { _id: 1 }, rowOf: accountRow },

  messages: {
    collection: 'messages',
    filter: (after) => (after === null ? {} : { _id: { $gt: packKey(Number(after[0]), Number(after[1])) } }),
    sort: { _id: 1 },
    rowOf: ({ _id, account, mailbox, uid, modseq, createdModseq, flags, keywords, receivedAtMs, sentAtMs, sizeBytes, thread, body, prefix, forms, text }) => ({
      account, no: keyNo(_id), mailbox: keyNo(mailbox), uid, modseq, createdModseq, flags, keywords, receivedAtMs, sentAtMs, sizeBytes, thread, body, prefix, forms, text,
    }),
  },

  tombstones: {
    collection: 'tombstones',
    filter: (after) => after === null ? {} : afterFields(['account', 'modseq', 'mailbox'], [after[0]!, after[1]!, packKey(Number(after[0]), Number(after[2]))]),
    sort: { account: 1, modseq: 1, mailbox: 1 },
    rowOf: ({ account, modseq, mailbox, atMs, count, removed, uids, destroyed }) => ({ account, modseq, mailbox: keyNo(mailbox), atMs, count, removed, uids, destroyed }),
  },

  deliveries: {
    collection: 'states',
    filter: (after) => ({ _id: { $gt: deliveryId(String(after?.[0] ?? '')), $lt: afterDeliveries } }),
    sort: { _id: 1 },
    rowOf: ({ _id, receivedAtMs, facts }) => ({ transaction: _id.slice(deliveryId('').length), receivedAtMs, facts }),
  },

  held: {
    collection: 'held',
    filter: (after) => (after === null ? {} : afterFields(['receivedAtMs', '_id'], after)),
    sort: { receivedAtMs: 1, _id: 1 },
    rowOf: ({ _id, receivedAtMs, remaining, body, bodyBytes, sentAtMs, messageId, references, baseSubject, forms, text }) => ({
      transaction: _id, receivedAtMs, remaining, body, bodyBytes, sentAtMs, messageId, references, baseSubject, forms, text,
    }),
  },

  recipients: {
    collection: 'recipients',
    filter: (after) => (after === null ? {} : afterFields(['held', 'position'], after)),
    sort: { held: 1, position: 1 },
    rowOf: recipientRow,
  },

  outbox: {
    collection: 'states',
    filter: (after) => ({ _id: { $gt: String(after?.[0] ?? 'q'), $lt: afterOutbox } }),
    sort: { _id: 1 },
    rowOf: outgoingRow,
  },

  records: {
    collection: 'records',
    filter: (after) => (after === null ? {} : afterFields(['kind', 'seq'], after)),
    sort: { kind: 1, seq: 1 },
    rowOf: ({ kind, seq, atMs, actor, action, subject, clause, detail, hash, keys = [] }) => ({ kind, seq, atMs, actor, action, subject, clause, detail, hash, keys: keys.join('\n') }),
  },

  registry: {
    collection: 'registry',
    filter: (after) => (after === null ? {} : afterFields(['kind', 'id'], after)),
    sort: { kind: 1, id: 1 },
    rowOf: ({ kind, id, version, value, keys, body = [] }) => ({ kind, id, version, value, keys: [...keys].sort(), bodies: [...body].sort() }),
  },
}

/** Of a collection whose other documents have texts for keys. */
function numbersAfter(after: Key | null): Document {
  return { _id: { $gt: Number(after?.[0] ?? -1) } }
}

/** What stands after these values in the order of the fields: written out, so that an index answers it. */
function afterFields(fields: readonly string[], values: readonly (string | number)[]): Document {
  return { $or: fields.map((field, at) => ({ ...Object.fromEntries(fields.slice(0, at).map((before, i) => [before, values[i]])), [field]: { $gt: values[at] } })) }
}

function accountRow(document: AccountDocument): Rows['accounts'] {
  const { _id, agency, address, addresses, name, kind, role, state, lockClause, passwordHash, credentialVersion, createdAtMs } = document
  const { quotaBytes, usedBytes, modseq, nextMessage, nextMailbox, lastUidValidity, prunedModseq, mailboxes, subscriptions } = document
  return {
    no: _id, agency, address, aliases: addresses.filter((one) => one !== address).sort(), name, kind, role, state, lockClause, passwordHash, credentialVersion, createdAtMs,
    quotaBytes, usedBytes, modseq, nextMessage, nextMailbox, lastUidValidity, prunedModseq,
    mailboxes: Object.entries(mailboxes).map(([no, mailbox]) => mailboxRow(Number(no), mailbox)).sort((a, b) => a.no - b.no),
    subscriptions: [...subscriptions].sort(),
  }
}

function mailboxRow(no: number, mailbox: AccountDocument['mailboxes'][string]): Rows['accounts']['mailboxes'][number] {
  const { name, role, uidValidity, uidNext, highestModseq, modseq, createdModseq, messages, unseen, deleted, sizeBytes } = mailbox
  return { no, name, role, uidValidity, uidNext, highestModseq, modseq, createdModseq, messages, unseen, deleted, sizeBytes }
}

function recipientRow({ held, position, refused, account, mailbox, role, flags, keywords, extraBytes, prefix }: RecipientDocument): Rows['recipients'] {
  const known = { transaction: held, position, refused, account }
  return refused === ''
    ? { ...known, mailbox, role, flags, keywords, extraBytes, prefix }
    : { ...known, mailbox: null, role: null, flags: 0, keywords: null, extraBytes: 0, prefix: new Uint8Array() }
}

function outgoingRow(document: OutboxDocument): Rows['outbox'] | null {
  const { _id, transaction, sender, recipient, account = null, body, bodyBytes, prefix, state, dueAtMs, nextAtMs = null, createdAtMs } = document
  const { attempts, node = null, leaseUntilMs, lastReply, lastTryAtMs } = document
  if (!isOutboxId(_id)) return null
  return { id: _id, transaction, sender, recipient, account, body, bodyBytes, prefix, state, dueAtMs, nextAtMs, createdAtMs, attempts, node, leaseUntilMs, lastReply, lastTryAtMs }
}
