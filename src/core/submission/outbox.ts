/**
 * The outbox: the truth about outgoing mail (design §2). What ingress nodes report moves its rows; operators see and move
 * them too. Reports may come twice, late or out of order: a settled row never changes again.
 */
import { recordOutcomes } from '../delivery/mail-log.ts'
import { MailError } from '../errors.ts'
import type { Outbox, OutboxReport } from '../mail.ts'
import type { OutboxSettlement, Store } from '../ports/store.ts'
import type { Clock } from '../ports/world.ts'
import { isSettled, type OutboxRow } from './outbox-row.ts'
import type { ReturnToSender } from './return-to-sender.ts'

/** Beyond the time at which the node wants to try again, so that a slow try is not taken for a lost one. */
const deferredGraceMs = 30 * 60_000
/** When a node does not say when it tries again. */
const defaultRetryMs = 15 * 60_000
/** A report names the rows of one transaction to one domain; more is no report of ours. */
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
    async report(report) {
      if (report.rows.length > maxReportRows) throw new MailError('argument-invalid', 'too many rows in one report')
      const trimmed = { ...report, reply: report.reply.slice(0, maxReplyLength) }
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

async function settle({ store, clock }: Pick<Parts, 'store' | 'clock'>, report: OutboxReport): Promise<void> {
  const atMs = clock.nowMs()
  const known = await Promise.all(report.rows.map((id) => store.outbox.get(id)))
  const open = known.filter((row): row is OutboxRow => row !== null && !isSettled(row))
  if (open.length === 0) return
  const untilMs = report.outcome === 'deferred' ? (report.nextTryAtMs ?? atMs + defaultRetryMs) + deferredGraceMs : null
  const state = report.outcome === 'deferred' ? 'deferred' : 'delivered'
  await store.outbox.settle(open.map(({ id }): OutboxSettlement => ({ id, state, reply: report.reply, atMs, untilMs })))
  if (state === 'deferred') return
  const { reply, status, host, tls } = report
  await recordOutcomes(store.records, atMs, open.map((row) => ({ row, outcome: 'delivered', reply, status, host, tls })))
}
