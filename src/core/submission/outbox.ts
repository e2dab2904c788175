/**
 * The outbox: the truth about outgoing mail (design §2). What ingress nodes report moves its rows; operators see and move
 * them too. Reports may come twice, late or out of order: a settled row never changes again.
 */
import { recordOutcomes } from '../delivery/mail-log.ts'
import { MailError } from '../errors.ts'
import type { Outbox, OutboxReport } from '../mail.ts'
import type { OutboxSettlement, Store } from '../ports/store.ts'
import type { Clock } from '../ports/world.ts'
import { isSettled, type OutboxId, type OutboxRow } from './outbox-row.ts'
import type { ReturnToSender } from './return-to-sender.ts'

/** Beyond the time at which the node wants to try again, so that a slow try is not taken for a lost one. */
const deferredGraceMs = 30 * 60_000
/** When a node does not say when it tries again. */
const defaultRetryMs = 15 * 60_000
/** A report or a question names the rows of one transaction to one domain; more is none of ours. */
const maxReportRows = 10_000
const maxReplyLength = 1000

interface Parts {
  readonly store: Pick<Store, 'outbox' | 'records'>
  readonly clock: Clock
  readonly returnToSender: ReturnToSender
  readonly wakeOutbox: () => void
}

export function createOutbox({ store, clock, returnToSender, wakeOutbox }: Parts): Outbox {
  return {
    list: (query) => store.outbox.list(query),
    get: (id) => store.outbox.get(id),
    async retry(id) {
      await store.outbox.retry(id, clock.nowMs())
      wakeOutbox()
    },
    async cancel(id) {
      const row = await store.outbox.get(id)
      await store.outbox.cancel(id)
      if (row !== null) await recordOutcomes(store.records, clock.nowMs(), [{ row, outcome: 'cancelled', reply: '', status: null, host: null, tls: false }])
    },
    async unwanted(ids, node) {
      requireBounded(ids)
      const rows = await Promise.all(ids.map((id) => store.outbox.get(id)))
      return ids.filter((_, index) => !mayGoOut(rows[index]!, node))
    },
    async report(report) {
      requireBounded(report.rows)
      const trimmed = { ...report, reply: report.reply.slice(0, maxReplyLength) }
      if (trimmed.inDoubt === true) await recordDoubt({ store, clock }, trimmed)
      if (trimmed.outcome === 'bounced') await returnToSender.rows(new Map(trimmed.rows.map((id) => [id, trimmed])))
      else await settle({ store, clock }, trimmed)
    },
    async release(node) {
      const released = await store.outbox.release(node, clock.nowMs())
      if (released > 0) wakeOutbox()
      return released
    },
  }
}

function requireBounded(rows: readonly OutboxId[]): void {
  if (rows.length > maxReportRows) throw new MailError('argument-invalid', 'too many rows at once')
}

/**
 * A row is its holder's to send. One that nobody holds any more was taken for lost, and is handed over anew; one that another holds by
 * now was given to it because whoever had it before was slower than its lease, or is a run of that node that has ended.
 */
function mayGoOut(row: OutboxRow | null, node: string): boolean {
  return row !== null && !isSettled(row) && row.state !== 'held' && row.node === node
}

/** Kept in the mail log whatever comes of it: nobody but the other server knows whether the message arrived. */
async function recordDoubt({ store, clock }: Pick<Parts, 'store' | 'clock'>, { rows, reply, status, host, tls }: OutboxReport): Promise<void> {
  const known = await Promise.all(rows.map((id) => store.outbox.get(id)))
  const there = known.filter((row) => row !== null)
  await recordOutcomes(store.records, clock.nowMs(), there.map((row) => ({ row, outcome: 'in-doubt', reply, status, host, tls })))
}

async function settle({ store, clock }: Pick<Parts, 'store' | 'clock'>, report: OutboxReport): Promise<void> {
  const atMs = clock.nowMs()
  const known = await Promise.all(report.rows.map((id) => store.outbox.get(id)))
  const open = known.filter((row): row is OutboxRow => row !== null && !isSettled(row))
  const { reply, status, host, tls } = report
  if (report.outcome === 'delivered') {
    // The cancelling came too late; the row stays cancelled, and the log says what happened.
    const late = known.filter((row) => row?.state === 'cancelled') as OutboxRow[]
    await recordOutcomes(store.records, atMs, late.map((row) => ({ row, outcome: 'delivered', reply, status, host, tls })))
  }
  if (open.length === 0) return
  const untilMs = report.outcome === 'deferred' ? (report.nextTryAtMs ?? atMs + defaultRetryMs) + deferredGraceMs : null
  const state = report.outcome === 'deferred' ? 'deferred' : 'delivered'
  await store.outbox.settle(open.map(({ id }): OutboxSettlement => ({ id, state, reply: report.reply, atMs, untilMs })))
  if (state === 'deferred') return
  await recordOutcomes(store.records, atMs, open.map((row) => ({ row, outcome: 'delivered', reply, status, host, tls })))
}
