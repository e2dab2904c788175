/**
 * The records as the administration reads them (Điều 7.2, 12.2c; ): searching by message-id, sender, recipient, address,
 * who acted and time; closed days and purge runs; whether everything is as it was written. A search of what people sent and
 * received is itself recorded.
 */
import type { Actor } from '../administration/actor.ts'
import { auditRecord, type AdministrationContext } from '../administration/context.ts'
import { findEntries } from '../administration/entries.ts'
import { MailError } from '../errors.ts'
import { keysFrom } from '../ports/registry.ts'
import { dayRoots, type DayRoot } from './day-root.ts'
import { createHoldAdministration, type HoldAdministration } from './legal-hold.ts'
import { purgeRunKind, type PurgeRun } from './purge-records.ts'
import type { RecordKind, StoredRecord } from './record.ts'
import { recordKey, type RecordKeyName } from './record-keys.ts'
import { verifyRecords, type Verified, type Verifying } from './verify-records.ts'

export interface RecordPosition {
  readonly atMs: number
  readonly seq: number
}

export interface RecordQuery {
  readonly kind: RecordKind
  /** `address` finds senders and recipients of the mail log, and whom other records are about. */
  readonly by: { readonly name: RecordKeyName; readonly text: string } | null
  /** fromMs ≤ at < toMs */
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly after: RecordPosition | null
  readonly descending: boolean
  readonly limit: number
}

export interface RecordAdministration {
  /** By time. Refuses `argument-invalid`. */
  search(actor: Actor, query: RecordQuery): Promise<readonly StoredRecord[]>
  /** Closed days of a kind, oldest first, from after the day `after`. */
  days(actor: Actor, query: { readonly kind: RecordKind; readonly after: string | null; readonly limit: number }): Promise<readonly DayRoot[]>
  /** Newest first. */
  purgeRuns(actor: Actor, query: { readonly after: { readonly key: string; readonly id: string } | null; readonly limit: number }): Promise<readonly (PurgeRun & { readonly id: string; readonly key: string })[]>
  /** Goes through all records of the kind, in slices; stops at the first break. */
  verify(actor: Actor, kind: RecordKind, verifying?: Verifying): Promise<Verified>
  readonly holds: HoldAdministration
}

const maxPage = 1_000
const target = (subject: string) => ({ agency: null, account: null, subject })

export function createRecordAdministration(context: AdministrationContext): RecordAdministration {
  const { store, authorise } = context
  return {
    async search(actor, query) {
      await authorise(actor, query.kind === 'audit' ? 'audit.read' : 'records.read', target(`records ${query.kind}`))
      if (!(query.limit >= 1 && query.limit <= maxPage)) throw new MailError('argument-invalid', `a limit from 1 to ${maxPage}`, { field: 'limit' })
      if (query.after === null && (query.kind === 'mail' || query.kind === 'sign-in')) await recordSearch(context, actor, query)
      return search(context, query)
    },
    async days(actor, { kind, after, limit }) {
      await authorise(actor, 'audit.read', target(`days ${kind}`))
      const days: DayRoot[] = []
      for await (const { value } of dayRoots({ store }, kind)) {
        if (after !== null && value.day <= after) continue
        days.push(value)
        if (days.length >= Math.min(limit, maxPage)) break
      }
      return days
    },
    async purgeRuns(actor, { after, limit }) {
      await authorise(actor, 'audit.read', target('purge-runs'))
      const found = await findEntries(store.registry, purgeRunKind, { ...keysFrom('run '), descending: true, limit: Math.min(limit, maxPage), ...(after === null ? {} : { after }) })
      return found.map(({ id, key, value }) => ({ ...value, id, key }))
    },
    async verify(actor, kind, verifying) {
      await authorise(actor, 'audit.read', target(`verify ${kind}`))
      return verifyRecords(context, kind, verifying)
    },
    holds: createHoldAdministration(context),
  }
}

/** Never what was found. */
async function recordSearch({ store, clock }: AdministrationContext, actor: Actor, { kind, by, fromMs, toMs }: RecordQuery): Promise<void> {
  const after = { kind, by: by?.name ?? null, text: by === null ? null : by.text.slice(0, 250), fromMs, toMs }
  await store.records.append([auditRecord(actor, clock.nowMs(), { action: 'records.search', subject: kind, clause: 'Điều 3.1, 7.2', before: null, after })])
}

async function search({ store }: AdministrationContext, { kind, by, fromMs, toMs, after, descending, limit }: RecordQuery): Promise<readonly StoredRecord[]> {
  const range = { kind, descending, limit, ...(fromMs === null ? {} : { fromMs }), ...(toMs === null ? {} : { toMs }), ...(after === null ? {} : { after }) }
  if (by === null) return store.records.search(range)
  const names: readonly RecordKeyName[] = by.name === 'address' && kind === 'mail' ? ['sender', 'recipient'] : [by.name]
  const found = await Promise.all(names.map((name) => store.records.search({ ...range, key: recordKey(name, by.name === 'message-id' ? by.text.replace(/^\s*<|>\s*$/g, '') : by.text) })))
  if (found.length === 1) return found[0]!
  // Who wrote to himself is found by both.
  const merged = new Map(found.flat().map((record) => [record.seq, record]))
  const sign = descending ? -1 : 1
  return [...merged.values()].sort((a, b) => sign * (a.atMs - b.atMs || a.seq - b.seq)).slice(0, limit)
}
