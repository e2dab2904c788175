/**
 * Statements of the one `update` command by which a group writes `states`. All of them may insert, so that nothing need be counted:
 * an account that is not what it was taken for is not found, and making it anew meets its key; a delivery that is there already
 * is found, and then the answer does not list it as made.
 */
import type { Document } from 'mongodb'
import type { AccountDocument, DeliveryDocument, OutboxDocument } from '../documents.ts'
import type { UpdateStatement } from '../write-commands.ts'

/** What changed, on the condition that nobody else has changed anything. */
export function accountUpdate(base: AccountDocument, now: AccountDocument): UpdateStatement {
  now.rev = base.rev + 1
  const set: Document = {}
  const unset: Document = {}
  for (const [field, value] of Object.entries(now)) {
    if (field !== 'mailboxes' && value !== base[field as keyof AccountDocument]) set[field] = value
  }
  for (const [no, mailbox] of Object.entries(now.mailboxes)) {
    if (mailbox !== base.mailboxes[no]) set[`mailboxes.${no}`] = mailbox
  }
  for (const no of Object.keys(base.mailboxes)) if (now.mailboxes[no] === undefined) unset[`mailboxes.${no}`] = ''
  return { q: { _id: base._id, rev: base.rev }, u: { $set: set, ...(Object.keys(unset).length > 0 && { $unset: unset }) }, upsert: true }
}

/** Changes nothing; holds when nobody else has changed anything. */
export function accountProof({ _id, rev }: AccountDocument): UpdateStatement {
  return { q: { _id, rev }, u: { $set: { rev } }, upsert: true }
}

/** Of a delivery or an outbox row: changes nothing when it is there. */
export function stateInsert({ _id, ...rest }: DeliveryDocument | OutboxDocument): UpdateStatement {
  return { q: { _id }, u: { $setOnInsert: rest }, upsert: true }
}
