/** The outbox of the store port. */
import type { OutboxStore } from '../../core/ports/store.ts'
import type { OutboxRow, OutboxState } from '../../core/submission/outbox-row.ts'
import { accountNoOf, idNo } from './ids.ts'
import { inPages } from './parts.ts'
import type { Parts } from './parts.ts'
import { listOutbox, nextDueAtMs, outboxRow } from './read/outbox.ts'

const unsettledStates: readonly OutboxState[] = ['queued', 'handed', 'deferred', 'held']
const forgetRows = 1_000

export function outboxStore({ reads, writes }: Parts): OutboxStore {
  return {
    claim: (claim) => writes.write('claimOutbox', claim),

    async settle(settlements) {
      if (settlements.length > 0) await writes.write('settleOutboxRows', { settlements })
    },

    release: (node, nowMs) => writes.write('releaseOutbox', { node, nowMs }),

    async get(outbox) {
      const no = idNo('outbox', outbox)
      return no === null ? null : reads.here((connection) => outboxRow(connection, no))
    },

    async list({ states, account, after, limit }) {
      const accountNo = account === undefined ? null : accountNoOf(account)
      const beforeNo = after === undefined ? null : idNo('outbox', after)
      if ((account !== undefined && accountNo === null) || (after !== undefined && beforeNo === null)) return []
      const query = { states: [...new Set(states ?? unsettledStates)], accountNo }
      return inPages(limit, (last: OutboxRow | undefined, rows) => {
        const before = last === undefined ? beforeNo : idNo('outbox', last.id)
        return reads.here((connection) => listOutbox(connection, { ...query, beforeNo: before, limit: rows }))
      })
    },

    retry: (outbox, nowMs) => writes.write('retryOutbox', { no: idNo('outbox', outbox), nowMs }),

    cancel: (outbox) => writes.write('cancelOutbox', { no: idNo('outbox', outbox) }),

    nextDueAtMs: async () => reads.here(nextDueAtMs),

    async forget(beforeMs) {
      let forgotten = 0
      for (;;) {
        const some = await writes.write('forgetOutbox', { beforeMs, limit: forgetRows })
        forgotten += some
        if (some < forgetRows) return forgotten
      }
    },
  }
}
