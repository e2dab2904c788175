/** Reads of the outbox. */
import type { OutboxState } from '../../../core/submission/outbox-row.ts'
import type { Find } from '../read-side.ts'

export interface ListOutbox {
  readonly states: readonly OutboxState[]
  readonly accountNo: number | null
  /** Older than this one; null: from the newest. */
  readonly before: string | null
  readonly limit: number
}

/** What the other documents of `states` don't have. */
const isRow = { dueAtMs: { $exists: true } }

/** Newest first: the states' parts of the index are merged in the order of the ids. */
export function listFind({ states, accountNo, before, limit }: ListOutbox): Find {
  return {
    filter: {
      ...(accountNo !== null && { account: accountNo }),
      state: { $in: states },
      ...isRow,
      ...(before !== null && { _id: { $lt: before } }),
    },
    sort: { _id: -1 },
    limit,
    hint: accountNo === null ? 'outbox-by-state' : 'outbox-by-account',
  }
}

/** Oldest first. */
export function dueFind(nowMs: number, limit: number): Find {
  return { filter: { nextAtMs: { $lte: nowMs } }, projection: { _id: 1 }, sort: { nextAtMs: 1, _id: 1 }, limit, hint: 'outbox-by-next' }
}

export const nextDueFind: Find = {
  filter: { nextAtMs: { $exists: true } },
  projection: { nextAtMs: 1 },
  sort: { nextAtMs: 1 },
  limit: 1,
  hint: 'outbox-by-next',
}
