/** Writes of the outbox. `nextAtMs` follows from each state: see documents.ts. */
import type { Document } from 'mongodb'
import type { Delivery, OutboxSettlement } from '../../../core/ports/store.ts'
import type { OutboxState } from '../../../core/submission/outbox-row.ts'
import type { OutboxIds } from '../ids.ts'
import { accountNoOf, isOutboxId } from '../ids.ts'
import type { Operation } from './operation.ts'
import type { Step } from './step.ts'

export const unsettledStates: readonly OutboxState[] = ['queued', 'handed', 'deferred', 'held']
export const settledStates: readonly OutboxState[] = ['delivered', 'bounced', 'cancelled']

/** Ids of the new rows, in order. */
export function insertOutboxRows(step: Step, delivery: Delivery, { nowMs, outboxIds }: { readonly nowMs: number; readonly outboxIds: OutboxIds }): string[] {
  const { content, transaction } = delivery
  return delivery.outbox.map(({ sender, recipient, dueAtMs, prefix, account }) => {
    const accountNo = account === null ? null : accountNoOf(account)
    const _id = outboxIds.next(nowMs)
    step.insert({
      _id,
      outbox: {
        transaction,
        sender,
        recipient,
        ...(accountNo !== null && { account: accountNo }),
        bodyBytes: content.bodyBytes,
        state: 'queued',
        dueAtMs,
        nextAtMs: dueAtMs,
        createdAtMs: nowMs,
        attempts: 0,
        leaseUntilMs: null,
        lastReply: null,
        lastTryAtMs: null,
      },
      body: content.body,
      prefix,
    })
    return _id
  })
}

/** Unknown and settled rows are passed over. */
export function settleOutbox(step: Step, settlements: readonly OutboxSettlement[]): void {
  for (const settlement of settlements) {
    if (isOutboxId(settlement.id)) step.update({ _id: settlement.id, 'outbox.state': { $in: unsettledStates } }, settled(settlement))
  }
}

export function settleOutboxRows(settlements: readonly OutboxSettlement[]): Operation<void> {
  return { accounts: [], plan: (step) => settleOutbox(step, settlements) }
}

function settled({ state, reply, atMs, untilMs }: OutboxSettlement): Document {
  const tried = { 'outbox.state': state, 'outbox.lastReply': reply, 'outbox.lastTryAtMs': atMs }
  if (state === 'deferred') {
    // Without an end of the lease it would never come due again: then it ends now.
    const leaseUntil = untilMs ?? atMs
    return { $set: { ...tried, 'outbox.leaseUntilMs': leaseUntil, 'outbox.nextAtMs': leaseUntil } }
  }
  if (state === 'queued') return { $set: { ...tried, ...waiting(untilMs ?? atMs) }, $unset: { 'outbox.node': '' } }
  return { $set: { ...tried, 'outbox.leaseUntilMs': null, 'outbox.settledAtMs': atMs }, $unset: { 'outbox.node': '', 'outbox.nextAtMs': '' } }
}

function waiting(dueAtMs: number): Document {
  return { 'outbox.leaseUntilMs': null, 'outbox.dueAtMs': dueAtMs, 'outbox.nextAtMs': dueAtMs }
}

/** Waits in nobody's hand. */
export function queuedAt(nowMs: number): Document {
  return { $set: { 'outbox.state': 'queued', ...waiting(nowMs) }, $unset: { 'outbox.node': '' } }
}

/** A pipeline, because a row that was never tried is as old as its making. */
export const cancelled: Document[] = [
  { $set: { 'outbox.state': 'cancelled', 'outbox.leaseUntilMs': null, 'outbox.settledAtMs': { $ifNull: ['$outbox.lastTryAtMs', '$outbox.createdAtMs'] } } },
  { $unset: ['outbox.node', 'outbox.nextAtMs'] },
]
