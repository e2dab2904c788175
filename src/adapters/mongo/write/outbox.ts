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
    step.insert('outbox', {
      _id,
      transaction,
      sender,
      recipient,
      ...(accountNo !== null && { account: accountNo }),
      body: content.body,
      bodyBytes: content.bodyBytes,
      prefix,
      state: 'queued',
      dueAtMs,
      nextAtMs: dueAtMs,
      createdAtMs: nowMs,
      attempts: 0,
      leaseUntilMs: null,
      lastReply: null,
      lastTryAtMs: null,
    })
    return _id
  })
}

/** Unknown and settled rows are passed over. */
export function settleOutbox(step: Step, settlements: readonly OutboxSettlement[]): void {
  for (const settlement of settlements) {
    if (isOutboxId(settlement.id)) step.update('outbox', { _id: settlement.id, state: { $in: unsettledStates } }, settled(settlement))
  }
}

export function settleOutboxRows(settlements: readonly OutboxSettlement[]): Operation<void> {
  return { accounts: [], plan: (step) => settleOutbox(step, settlements) }
}

function settled({ state, reply, atMs, untilMs }: OutboxSettlement): Document {
  const tried = { state: state, lastReply: reply, lastTryAtMs: atMs }
  if (state === 'deferred') {
    // Without an end of the lease it would never come due again: then it ends now.
    const leaseUntil = untilMs ?? atMs
    return { $set: { ...tried, leaseUntilMs: leaseUntil, nextAtMs: leaseUntil } }
  }
  if (state === 'queued') return { $set: { ...tried, ...waiting(untilMs ?? atMs) }, $unset: { node: '' } }
  return { $set: { ...tried, leaseUntilMs: null, settledAtMs: atMs }, $unset: { node: '', nextAtMs: '' } }
}

function waiting(dueAtMs: number): Document {
  return { leaseUntilMs: null, dueAtMs: dueAtMs, nextAtMs: dueAtMs }
}

/** Waits in nobody's hand. */
export function queuedAt(nowMs: number): Document {
  return { $set: { state: 'queued', ...waiting(nowMs) }, $unset: { node: '' } }
}

/** A pipeline, because a row that was never tried is as old as its making. */
export const cancelled: Document[] = [
  { $set: { state: 'cancelled', leaseUntilMs: null, settledAtMs: { $ifNull: ['$lastTryAtMs', '$createdAtMs'] } } },
  { $unset: ['node', 'nextAtMs'] },
]
