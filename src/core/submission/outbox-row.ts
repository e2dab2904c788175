/** Outgoing mail: one row per outside recipient; the row is the truth, Haraka's queue file a working copy (design §2). */
import type { AccountId, BlobId } from '../mailbox/mailbox.ts'

export type OutboxId = string

/**
 * queued → handed (lease) → delivered | deferred → … | bounced; cancelled by the operator or sender; held until released.
 * `deferred` means that the ingress node still has it and tries again; its lease is longer.
 */
export type OutboxState = 'queued' | 'handed' | 'deferred' | 'delivered' | 'bounced' | 'cancelled' | 'held'

export interface NewOutboxRow {
  /** Envelope sender, '' for the null sender. */
  readonly sender: string
  readonly recipient: string
  readonly dueAtMs: number
  /** Trace lines before the body. */
  readonly prefix: Uint8Array
  /** Account that submitted it; null for system mail and forwards of outside mail. */
  readonly account: AccountId | null
}

export interface OutboxRow extends NewOutboxRow {
  readonly id: OutboxId
  readonly transaction: string
  readonly body: BlobId
  readonly bodyBytes: number
  readonly state: OutboxState
  readonly createdAtMs: number
  readonly attempts: number
  /** Holder of the lease while `handed` or `deferred` (holder.ts). */
  readonly node: string | null
  readonly leaseUntilMs: number | null
  readonly lastReply: string | null
  readonly lastTryAtMs: number | null
}

/** Settled rows never change again. */
export function isSettled(row: Pick<OutboxRow, 'state'>): boolean {
  return row.state === 'delivered' || row.state === 'bounced' || row.state === 'cancelled'
}
