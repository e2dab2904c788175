/** The outbox of the store port. */
import { randomUUID } from 'node:crypto'
import type { Document } from 'mongodb'
import { MailError } from '../../core/errors.ts'
import type { OutboxStore } from '../../core/ports/store.ts'
import { earlierHolders } from '../../core/submission/holder.ts'
import type { OutboxRow, OutboxState } from '../../core/submission/outbox-row.ts'
import type { OutboxDocument } from './documents.ts'
import { accountNoOf, isOutboxId } from './ids.ts'
import type { Parts } from './parts.ts'
import { dueFind, listFind, nextDueFind } from './read/outbox.ts'
import { outboxRowOf } from './translations.ts'
import { cancelled, queuedAt, settledStates, settleOutboxRows, unsettledStates } from './write/outbox.ts'

const forgetRows = 1_000

export function outboxStore({ connection, reads, writes }: Parts): OutboxStore {
  /** Claims of one node take turns: side by side they would find the same rows. */
  let claiming: Promise<unknown> = Promise.resolve()

  return {
    claim(claim) {
      const next = claiming.then(() => claimRows(claim))
      claiming = next.catch(() => undefined) // The caller has `next` and hears of it; the following claim only waits its turn.
      return next
    },

    async settle(settlements) {
      if (settlements.length > 0) await writes.write(settleOutboxRows(settlements))
    },

    async release(node, nowMs) {
      const { from, below, except } = earlierHolders(node)
      const filter = { node: { $gte: from, $lt: below, ...(except !== null && { $ne: except }) }, state: { $in: ['handed', 'deferred'] satisfies OutboxState[] } }
      const { modifiedCount } = await connection.write((session) => connection.outbox.updateMany(filter, queuedAt(nowMs), { session }))
      return modifiedCount
    },

    async get(outbox) {
      const found = isOutboxId(outbox) ? await reads.one<OutboxDocument>('states', { filter: { _id: outbox } }) : null
      return found === null ? null : outboxRowOf(found)
    },

    async list({ states, account, after, limit }) {
      const accountNo = account === undefined ? null : accountNoOf(account)
      if ((account !== undefined && accountNo === null) || (after !== undefined && !isOutboxId(after))) return []
      const query = { states: [...new Set(states ?? unsettledStates)], accountNo, before: after ?? null, limit }
      return (await reads.find<OutboxDocument>('states', listFind(query))).map(outboxRowOf)
    },

    // A handed row is being tried at this moment.
    retry: (outbox, nowMs) => changeOne(outbox, unsettledStates.filter((state) => state !== 'handed'), queuedAt(nowMs)),

    cancel: (outbox) => changeOne(outbox, unsettledStates, cancelled),

    async nextDueAtMs() {
      const [next] = await reads.find<OutboxDocument>('states', nextDueFind)
      return next?.nextAtMs ?? null
    },

    async forget(beforeMs) {
      let forgotten = 0
      for (;;) {
        const filter = { settledAtMs: { $lt: beforeMs } }
        const found = await reads.find<{ _id: string }>('states', { filter, projection: { _id: 1 }, limit: forgetRows })
        if (found.length === 0) return forgotten
        const ids = found.map(({ _id }) => _id)
        const { deletedCount } = await connection.write((session) => connection.outbox.deleteMany({ _id: { $in: ids } }, { session }))
        forgotten += deletedCount
      }
    },
  }

  /**
   * The rows that are due, each taken on the condition that it is due still; those that another node was faster with are not
   * among the answer, and others are looked for in their place.
   */
  async function claimRows({ node, nowMs, leaseUntilMs, limit }: Parameters<OutboxStore['claim']>[0]): Promise<OutboxRow[]> {
    const claimed: OutboxRow[] = []
    while (claimed.length < limit) {
      const due = await reads.find<{ _id: string }>('states', dueFind(nowMs, limit - claimed.length))
      if (due.length === 0) break
      const ids = due.map(({ _id }) => _id)
      const claim = randomUUID()
      const taken: Document = { state: 'handed', node: node, leaseUntilMs: leaseUntilMs, nextAtMs: leaseUntilMs, claim: claim }
      const update = { $set: taken, $inc: { attempts: 1 } }
      const filter = { _id: { $in: ids }, nextAtMs: { $lte: nowMs } }
      await connection.write((session) => connection.outbox.updateMany(filter, update, { session }))
      const rows = await reads.find<OutboxDocument>('states', { filter: { _id: { $in: ids }, claim: claim } })
      const order = new Map(ids.map((id, i) => [id, i]))
      claimed.push(...rows.sort((a, b) => order.get(a._id)! - order.get(b._id)!).map(outboxRowOf))
      if (leaseUntilMs <= nowMs) break
    }
    return claimed
  }

  async function changeOne(outbox: string, states: readonly OutboxState[], update: Document | Document[]): Promise<void> {
    const filter = { _id: outbox, state: { $in: [...states] } }
    const changed = isOutboxId(outbox) ? await connection.write((session) => connection.outbox.updateOne(filter, update, { session })) : { matchedCount: 0 }
    if (changed.matchedCount > 0) return
    const row = isOutboxId(outbox) ? await reads.one<OutboxDocument>('states', { filter: { _id: outbox } }) : null
    if (row === null) throw new MailError('outbox-row-unknown')
    if (settledStates.includes(row.state)) throw new MailError('conflict', `the row is ${row.state}`)
  }
}
