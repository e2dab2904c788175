/**
 * What a delivery has beside its recipients, whether it is committed or held: the idempotency key with the facts, outbox rows,
 * settlements, and the held delivery that it ends.
 */
import type { Delivery } from '../../../core/ports/store.ts'
import { deliveryId } from '../documents.ts'
import type { OutboxIds } from '../ids.ts'
import { insertOutboxRows, settleOutbox } from './outbox.ts'
import type { Step } from './step.ts'

export interface NewDelivery {
  readonly delivery: Delivery
  readonly nowMs: number
  readonly outboxIds: OutboxIds
}

/** Of the operations that change a held delivery. */
export const heldKey = (transaction: string): string => `held/${transaction}`

/** A second one of the same transaction must find the first committed; so must what ends the same held delivery. */
export function keysOf({ transaction, finishes }: Delivery): string[] {
  return [deliveryId(transaction), ...(finishes === undefined ? [] : [heldKey(finishes)])]
}

/** About what the documents beside the recipients' weigh. */
export function deliveryBytes({ outbox, facts }: Delivery): number {
  return outbox.reduce((sum, { prefix }) => sum + 500 + prefix.byteLength, 200 + JSON.stringify(facts).length)
}

/** Returns the ids of the outbox rows, in order. */
export function insertTransaction(step: Step, { delivery, nowMs, outboxIds }: NewDelivery): string[] {
  const { transaction, receivedAtMs, facts, settles, finishes } = delivery
  step.deliveries.push({ _id: deliveryId(transaction), receivedAtMs, facts: JSON.stringify(facts) })
  const outbox = insertOutboxRows(step, delivery, { nowMs, outboxIds })
  if (settles !== undefined) settleOutbox(step, settles)
  if (finishes !== undefined) dropHeld(step, finishes)
  return outbox
}

export function dropHeld(step: Step, transaction: string): void {
  step.delete('held', { _id: transaction })
  step.delete('recipients', { held: transaction })
}
