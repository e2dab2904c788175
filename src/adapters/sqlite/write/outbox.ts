/** Writes of the outbox. `next_at` follows from each state: see the migration that made the table. */
import { earlierHolders } from '../../../core/submission/holder.ts'
import { MailError } from '../../../core/errors.ts'
import type { Delivery, OutboxSettlement } from '../../../core/ports/store.ts'
import type { OutboxRow, OutboxState } from '../../../core/submission/outbox-row.ts'
import type { Connection } from '../connection.ts'
import { accountNoOf, idNo } from '../ids.ts'
import { outboxRowOf } from '../rows.ts'
import type { OutboxTableRow } from '../rows.ts'

const settled: ReadonlySet<OutboxState> = new Set(['delivered', 'bounced', 'cancelled'])

/** Numbers of the new rows, in order. */
export function insertOutboxRows(connection: Connection, delivery: Delivery, nowMs: number): number[] {
  return delivery.outbox.map((row) =>
    connection.insert(
      'INSERT INTO outbox (txn, sender, recipient, account, body, body_bytes, state, due_at, next_at, created_at, attempts, prefix) ' +
        "VALUES (?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?, 0, ?)",
      delivery.transaction,
      row.sender,
      row.recipient,
      row.account === null ? null : accountNoOf(row.account),
      delivery.content.body,
      delivery.content.bodyBytes,
      row.dueAtMs,
      row.dueAtMs,
      nowMs,
      row.prefix,
    ),
  )
}

export interface ClaimOutbox {
  readonly node: string
  readonly nowMs: number
  readonly leaseUntilMs: number
  readonly limit: number
}

export const dueSql = 'SELECT no FROM outbox WHERE next_at <= ? ORDER BY next_at, no LIMIT ?'

export function claimOutbox(connection: Connection, { node, nowMs, leaseUntilMs, limit }: ClaimOutbox): OutboxRow[] {
  const due = connection.all<{ no: number }>(dueSql, nowMs, limit)
  return due.map(({ no }) => {
    const row = connection.get<OutboxTableRow>(
      "UPDATE outbox SET state = 'handed', node = ?, lease_until = ?, next_at = ?, attempts = attempts + 1 WHERE no = ? RETURNING *",
      node,
      leaseUntilMs,
      leaseUntilMs,
      no,
    )
    return outboxRowOf(row!)
  })
}

export function settleOutbox(connection: Connection, settlements: readonly OutboxSettlement[]): void {
  for (const settlement of settlements) {
    const no = idNo('outbox', settlement.id)
    const row = no === null ? undefined : stateOf(connection, no)
    if (row !== undefined && !settled.has(row.state)) settleOne(connection, no!, settlement)
  }
}

export function settleOutboxRows(connection: Connection, { settlements }: { readonly settlements: readonly OutboxSettlement[] }): void {
  settleOutbox(connection, settlements)
}

function settleOne(connection: Connection, no: number, { state, reply, atMs, untilMs }: OutboxSettlement): void {
  const tried = 'last_reply = ?, last_try_at = ?'
  if (state === 'deferred') {
    // Without an end of the lease it would never come due again: then it ends now.
    const leaseUntil = untilMs ?? atMs
    connection.run(`UPDATE outbox SET state = 'deferred', lease_until = ?, next_at = ?, ${tried} WHERE no = ?`, leaseUntil, leaseUntil, reply, atMs, no)
    return
  }
  const dueAt = state === 'queued' ? (untilMs ?? atMs) : null
  connection.run(
    `UPDATE outbox SET state = ?, due_at = coalesce(?, due_at), next_at = ?, node = NULL, lease_until = NULL, ${tried} WHERE no = ?`,
    state,
    dueAt,
    dueAt,
    reply,
    atMs,
    no,
  )
}

export function releaseOutbox(connection: Connection, { node, nowMs }: { readonly node: string; readonly nowMs: number }): number {
  const { from, below, except } = earlierHolders(node)
  let released = 0
  for (const state of ['handed', 'deferred'] satisfies OutboxState[]) {
    released += connection.run(
      "UPDATE outbox SET state = 'queued', node = NULL, lease_until = NULL, due_at = ?, next_at = ? WHERE state = ? AND node >= ? AND node < ? AND node IS NOT ?",
      nowMs,
      nowMs,
      state,
      from,
      below,
      except,
    )
  }
  return released
}

export function retryOutbox(connection: Connection, { no, nowMs }: { readonly no: number | null; readonly nowMs: number }): void {
  const state = unsettled(connection, no)
  // It is being tried at this moment.
  if (state === 'handed') return
  connection.run(
    "UPDATE outbox SET state = 'queued', node = NULL, lease_until = NULL, due_at = ?, next_at = ? WHERE no = ?",
    nowMs,
    nowMs,
    no,
  )
}

export function cancelOutbox(connection: Connection, { no }: { readonly no: number | null }): void {
  unsettled(connection, no)
  connection.run("UPDATE outbox SET state = 'cancelled', node = NULL, lease_until = NULL, next_at = NULL WHERE no = ?", no)
}

/** Settled rows that were last tried (or, never tried, made) before. At most `limit`. */
export function forgetOutbox(connection: Connection, { beforeMs, limit }: { readonly beforeMs: number; readonly limit: number }): number {
  return connection.run(
    "DELETE FROM outbox WHERE no IN (SELECT no FROM outbox WHERE state IN ('delivered', 'bounced', 'cancelled') " +
      'AND coalesce(last_try_at, created_at) < ? LIMIT ?)',
    beforeMs,
    limit,
  )
}

function unsettled(connection: Connection, no: number | null): OutboxState {
  const row = no === null ? undefined : stateOf(connection, no)
  if (row === undefined) throw new MailError('outbox-row-unknown')
  if (settled.has(row.state)) throw new MailError('conflict', `the row is ${row.state}`)
  return row.state
}

function stateOf(connection: Connection, no: number): { state: OutboxState } | undefined {
  return connection.get<{ state: OutboxState }>('SELECT state FROM outbox WHERE no = ?', no)
}
