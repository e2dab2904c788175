/**
 * Every index, in one place; made at the start (migrations/). Those of `mail` are sparse: each holds the one kind of document
 * that has its fields (documents.ts).
 *
 * - `message-view` answers the view of a mailbox and the selection for STORE alone.
 * - `message-changes` is the change log; with the mailbox at its end, so that other mailboxes' entries are passed over in it.
 * - `body`: who names it, a message, an outbox row or a held delivery.
 */
import type { IndexDescription } from 'mongodb'

export const indexes: Readonly<Record<string, readonly IndexDescription[]>> = {
  agencies: [
    { name: 'label', key: { label: 1 }, unique: true },
    { name: 'domains', key: { domains: 1 }, unique: true, partialFilterExpression: { 'domains.0': { $exists: true } } },
  ],
  accounts: [
    { name: 'addresses', key: { addresses: 1 }, unique: true },
    { name: 'by-address', key: { address: 1 } },
    { name: 'by-local-part', key: { localPart: 1, address: 1 } },
    { name: 'by-agency', key: { agency: 1, address: 1 } },
    { name: 'by-role', key: { role: 1, address: 1 } },
  ],
  mail: [
    { name: 'message-view', key: { mailbox: 1, uid: 1, modseq: 1, flags: 1, keywords: 1 }, sparse: true },
    { name: 'message-changes', key: { account: 1, modseq: 1, uid: 1, mailbox: 1 }, sparse: true },
    { name: 'message-threads', key: { threadKeys: 1 }, sparse: true },
    { name: 'body', key: { body: 1 }, sparse: true },
    { name: 'tombstone-changes', key: { 'tombstone.account': 1, 'tombstone.modseq': 1, 'tombstone.mailbox': 1 }, sparse: true },
    { name: 'tombstone-by-age', key: { 'tombstone.atMs': 1, 'tombstone.account': 1 }, sparse: true },
    { name: 'delivery-by-age', key: { 'delivery.receivedAtMs': 1 }, sparse: true },
    { name: 'outbox-by-next', key: { 'outbox.nextAtMs': 1, _id: 1 }, partialFilterExpression: { 'outbox.nextAtMs': { $gte: -Number.MAX_VALUE } } },
    { name: 'outbox-by-state', key: { 'outbox.state': 1, _id: -1 }, partialFilterExpression: { 'outbox.state': { $exists: true } } },
    { name: 'outbox-by-account', key: { 'outbox.account': 1, 'outbox.state': 1, _id: -1 }, partialFilterExpression: { 'outbox.account': { $exists: true } } },
    { name: 'outbox-by-node', key: { 'outbox.node': 1 }, sparse: true },
    { name: 'outbox-settled', key: { 'outbox.settledAtMs': 1 }, sparse: true },
    { name: 'held-by-age', key: { 'held.receivedAtMs': 1 }, sparse: true },
    { name: 'recipients', key: { 'recipient.held': 1, 'recipient.refused': 1, 'recipient.position': 1 }, sparse: true },
  ],
  records: [{ name: 'by-kind', key: { kind: 1, seq: 1 }, unique: true }],
  blobs: [
    { name: 'by-use', key: { usedAtMs: 1 } },
    { name: 'by-file', key: { file: 1 }, sparse: true },
  ],
}
