/** The documents that rows of a move become (core/ports/store-copy.ts, C5). Pure, apart from thread keys that others brought before. */
import type { Document } from 'mongodb'
import type { AccountRow, OutgoingRow, Part, RecordRow, WrittenRows } from '../../../core/ports/store-copy.ts'
import { isSettled } from '../../../core/submission/outbox-row.ts'
import type { AccountDocument, AgencyDocument, DeliveryDocument, HeldDocument, MessageDocument, OutboxDocument, RecipientDocument, RecordDocument, RegistryDocument, TombstoneDocument } from '../documents.ts'
import { deliveryId, recipientId, registryId, registryKeyId, tombstoneId } from '../documents.ts'
import { idDigits, isOutboxId, packKey } from '../ids.ts'
import { threadKeysOf } from '../write/threads.ts'

/** New documents by their collections, in the order in which they go in. */
export type Documents = readonly (readonly [collection: string, documents: readonly Document[]])[]

type ToDocuments<P extends Part> = (rows: readonly WrittenRows[P][]) => Documents

export const documentsOf: { readonly [P in Exclude<Part, 'messages'>]: ToDocuments<P> } = {
  settings: (rows) => [['settings', rows.map(({ key, value }) => ({ _id: key, value }))]],
  agencies: (rows) => [
    [
      'agencies',
      rows.map(({ no, label, name, domains, createdAtMs }): AgencyDocument => ({ _id: no, label, name, ...(domains.length > 0 && { domains }), createdAtMs })),
    ],
  ],
  accounts: (rows) => [['states', rows.map(accountDocument)]],
  tombstones: (rows) => [
    [
      'tombstones',
      rows.map(({ account, modseq, mailbox, atMs, count, removed, uids, destroyed }): TombstoneDocument => {
        const key = packKey(account, mailbox)
        return { _id: tombstoneId(key, modseq), account, modseq, mailbox: key, atMs, count, removed, uids, destroyed }
      }),
    ],
  ],
  deliveries: (rows) => [
    ['states', rows.map(({ transaction, receivedAtMs, facts }): DeliveryDocument => ({ _id: deliveryId(transaction), receivedAtMs, facts }))],
  ],
  held: (rows) => [['held', rows.map(({ transaction, ...row }): HeldDocument => ({ _id: transaction, ...row }))]],
  recipients: (rows) => [
    ['recipients', rows.map(({ transaction, position, ...row }): RecipientDocument => ({ _id: recipientId(transaction, position), held: transaction, position, ...row }))],
  ],
  outbox: (rows) => [['states', rows.map(outboxDocument)]],
  records: (rows) => [['records', rows.map(recordDocument)]],
  registry: (rows) => [
    [
      'registry',
      rows.map(({ kind, id, version, value, keys, bodies }): RegistryDocument => ({
        _id: registryId(kind, id), kind, id, version, value, keys, ...(bodies.length > 0 && { body: bodies }),
      })),
    ],
    ['registryKeys', rows.flatMap(({ kind, id, keys }) => keys.map((key) => ({ _id: registryKeyId(kind, key, id) })))],
  ],
}

function recordDocument({ keys, ...row }: RecordRow): RecordDocument {
  return { _id: `${row.kind}/${row.seq}`, ...row, ...(keys !== '' && { keys: keys.split('\n') }) }
}

/** Of the messages, all keys that they have. */
export function threadKeysIn(rows: readonly WrittenRows['messages'][]): number[] {
  return [...new Set(rows.flatMap(({ account, words }) => threadKeysOf(account, words)))]
}

/** `brought`: thread keys that messages before these have; each key is its first bringer's. */
export function messageDocuments(rows: readonly WrittenRows['messages'][], brought: ReadonlySet<number>): Documents {
  const taken = new Set(brought)
  const documents = rows.map(({ account, no, mailbox, words, ...row }): MessageDocument => {
    const threadKeys = threadKeysOf(account, words).filter((key) => !taken.has(key))
    for (const key of threadKeys) taken.add(key)
    return { _id: packKey(account, no), account, mailbox: packKey(account, mailbox), ...(threadKeys.length > 0 && { threadKeys }), ...row }
  })
  return [['messages', documents]]
}

function accountDocument(row: AccountRow): AccountDocument {
  const { no, aliases, mailboxes, ...rest } = row
  return {
    _id: no,
    rev: 1,
    ...rest,
    localPart: row.address.slice(0, row.address.lastIndexOf('@')),
    addresses: [row.address, ...aliases],
    // Where it was not counted apart, nothing may be passed over.
    changedModseq: row.modseq,
    vanishedModseq: row.modseq,
    mailboxes: Object.fromEntries(mailboxes.map(({ no: mailboxNo, ...mailbox }) => [String(mailboxNo), mailbox])),
  }
}

function outboxDocument({ id, account, node, nextAtMs, ...row }: OutgoingRow): OutboxDocument {
  return {
    _id: outboxId(id),
    ...row,
    ...(account !== null && { account }),
    ...(node !== null && { node }),
    ...(nextAtMs !== null && { nextAtMs }),
    ...(isSettled(row) && { settledAtMs: row.lastTryAtMs ?? row.createdAtMs }),
  }
}

/** A number of the embedded store, filled up with zeros: as text they keep their order, and come before all that are made here. */
export function outboxId(id: string): string {
  return isOutboxId(id) ? id : `q${id.slice(1).padStart(idDigits, '0')}`
}
