/** Reads of the outbox. */
import type { OutboxRow, OutboxState } from '../../../core/submission/outbox-row.ts'
import type { Connection } from '../connection.ts'
import { outboxRowOf } from '../rows.ts'
import type { OutboxTableRow } from '../rows.ts'

export function outboxRow(connection: Connection, no: number): OutboxRow | null {
  const row = connection.get<OutboxTableRow>('SELECT * FROM outbox WHERE no = ?', no)
  return row === undefined ? null : outboxRowOf(row)
}

export interface ListOutbox {
  readonly states: readonly OutboxState[]
  readonly accountNo: number | null
  /** Older than this one; null: from the newest. */
  readonly beforeNo: number | null
  readonly limit: number
}

// One statement a state: each walks its index backwards and stops, whatever the table holds of other states.
export const ofState = 'SELECT * FROM outbox WHERE state = ? AND no < ? ORDER BY no DESC LIMIT ?'
export const ofAccount = 'SELECT * FROM outbox WHERE account = ? AND state = ? AND no < ? ORDER BY no DESC LIMIT ?'

/** Newest first. */
export function listOutbox(connection: Connection, { states, accountNo, beforeNo, limit }: ListOutbox): OutboxRow[] {
  const before = beforeNo ?? Number.MAX_SAFE_INTEGER
  return connection
    .snapshot(() =>
      states.flatMap((state) =>
        accountNo === null
          ? connection.all<OutboxTableRow>(ofState, state, before, limit)
          : connection.all<OutboxTableRow>(ofAccount, accountNo, state, before, limit),
      ),
    )
    .sort((a, b) => b.no - a.no)
    .slice(0, limit)
    .map(outboxRowOf)
}

export const nextDueSql = 'SELECT min(next_at) AS at FROM outbox WHERE next_at IS NOT NULL'

export function nextDueAtMs(connection: Connection): number | null {
  return connection.get<{ at: number | null }>(nextDueSql)!.at
}
