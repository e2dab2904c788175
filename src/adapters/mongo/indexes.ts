/**
 * Every index, in one place; made at the start (migrations/).
 *
 * - `states`: each is sparse or partial and holds one kind of document.
 * - `messages`, `view` answers the view of a mailbox and the selection for STORE alone. `changes` is the change log; with the
 *   mailbox at its end, so that other mailboxes' entries are passed over in it.
 */
import type { IndexDescription } from 'mongodb'

export const indexes: Readonly<Record<string, readonly IndexDescription[]>> = {
  agencies: [
    { name: 'label', key: { label: 1 }, unique: true },
    { name: 'domains', key: { domains: 1 }, unique: true, sparse: true },
  ],
  states: [
    { name: 'addresses', key: { addresses: 1 }, unique: true, sparse: true },
    { name: 'by-address', key: { address: 1 }, sparse: true },
    { name: 'by-local-part', key: { localPart: 1, address: 1 }, sparse: true },
    { name: 'by-agency', key: { agency: 1, address: 1 }, sparse: true },
    { name: 'by-role', key: { role: 1, address: 1 }, sparse: true },
    { name: 'delivery-by-age', key: { receivedAtMs: 1 }, sparse: true },
    { name: 'outbox-by-next', key: { nextAtMs: 1, _id: 1 }, partialFilterExpression: { nextAtMs: { $exists: true } } },
    { name: 'outbox-by-state', key: { state: 1, _id: -1 }, partialFilterExpression: { dueAtMs: { $exists: true } } },
    { name: 'outbox-by-account', key: { account: 1, state: 1, _id: -1 }, partialFilterExpression: { account: { $exists: true } } },
    { name: 'outbox-by-node', key: { node: 1 }, sparse: true },
    { name: 'outbox-settled', key: { settledAtMs: 1 }, sparse: true },
    { name: 'outbox-body', key: { body: 1 }, sparse: true },
  ],
  messages: [
    { name: 'view', key: { mailbox: 1, uid: 1, modseq: 1, flags: 1, keywords: 1 } },
    { name: 'changes', key: { account: 1, modseq: 1, uid: 1, mailbox: 1 } },
    { name: 'threads', key: { threadKeys: 1 }, sparse: true },
    { name: 'body', key: { body: 1 } },
  ],
  tombstones: [
    { name: 'changes', key: { account: 1, modseq: 1, mailbox: 1 } },
    { name: 'by-age', key: { atMs: 1, account: 1 } },
  ],
  held: [
    { name: 'by-age', key: { receivedAtMs: 1 } },
    { name: 'body', key: { body: 1 } },
  ],
  recipients: [{ name: 'by-held', key: { held: 1, refused: 1, position: 1 }, unique: true }],
  records: [
    { name: 'by-kind', key: { kind: 1, seq: 1 }, unique: true },
    { name: 'by-time', key: { kind: 1, atMs: 1, seq: 1 } },
    { name: 'by-key', key: { keys: 1, kind: 1, atMs: 1, seq: 1 }, partialFilterExpression: { keys: { $exists: true } } },
  ],
  registry: [
    { name: 'by-id', key: { kind: 1, id: 1 } },
    { name: 'body', key: { body: 1 }, sparse: true },
  ],
  blobs: [
    { name: 'by-use', key: { usedAtMs: 1 } },
    { name: 'by-file', key: { file: 1 }, sparse: true },
  ],
  'bodies.files': [
    { name: 'by-age', key: { 'metadata.putAtMs': 1 } },
    { name: 'filename_1_uploadDate_1', key: { filename: 1, uploadDate: 1 } },
  ],
  'bodies.chunks': [{ name: 'files_id_1_n_1', key: { files_id: 1, n: 1 }, unique: true }],
}
