/**
 * Purging records whose time is over (Điều 7.2; ): by whole closed days, the day's root staying; never before
 * core/record/retention.ts says so, never what a legal hold covers. A day of the audit with anything that is held stays whole, so
 * that its chain can be computed; of the logs only what is held stays.
 *
 * What goes is written down first (kind `purge-run`, an audit record, and a record in each log from which its numbering goes
 * on), then it goes, then the day is marked as done: stopped at any point, the next run goes on.
 */
import { dayOfInstant, type Day } from '../account/lifecycle/civil-day.ts'
import { legalHolds } from '../account/lifecycle-change.ts'
import type { AdministrationContext } from '../administration/context.ts'
import { entryKind, findEntries, put, type Kept } from '../administration/entries.ts'
import { instantKey } from '../administration/access.ts'
import type { NewRecord, RecordKind, StoredRecord } from './record.ts'
import { recordKinds } from './record.ts'
import { chained, dayRootKind, dayRoots, keptKey, pendingPurgeKey, recordsAtOnce, type DayRoot } from './day-root.ts'
import { covers, purgeBoundaryMs, retentionBasis, type LegalHold } from './retention.ts'

export interface PurgedDays {
  readonly days: number
  readonly records: number
  readonly keptByHold: number
  readonly from: Day
  readonly to: Day
}

export interface PurgeRun {
  readonly atMs: number
  readonly day: Day
  readonly kinds: Readonly<Partial<Record<RecordKind, PurgedDays>>>
}

export const purgeRunKind = entryKind<PurgeRun>({ name: 'purge-run', keys: ({ atMs }) => [`run ${instantKey(atMs)}`] })

type PurgeContext = Pick<AdministrationContext, 'store' | 'clock' | 'secrets' | 'random' | 'terms' | 'settings'>

/** Of one commit; a long neglected store needs several. */
const daysOfRun = 100

interface Planned {
  readonly root: Kept<DayRoot>
  readonly records: number
  readonly kept: { readonly count: number; readonly root: string } | null
}

/** Returns how many records went. */
export async function purgeRecords(context: PurgeContext, signal: AbortSignal): Promise<number> {
  const holds = await legalHolds(context.store)
  const agencies = await agencyDomains(context)
  let purged = await finishPending(context, holds, agencies, signal)
  for (;;) {
    const plan = await planRun(context, holds, agencies, signal)
    if (plan.length === 0) return purged
    await commitRun(context, plan)
    purged += await finishPending(context, holds, agencies, signal)
  }
}

type Domains = ReadonlyMap<string, string>

async function agencyDomains({ store }: PurgeContext): Promise<Domains> {
  const domains = new Map<string, string>()
  for await (const { id, domains: own } of store.agencies.list()) for (const domain of own) domains.set(domain, id)
  return domains
}

/** Whom a record names: its keys without their names, and the agencies of its addresses. */
export function subjectsOf({ actor, subject, keys }: Pick<StoredRecord, 'actor' | 'subject' | 'keys'>, domains: Domains): readonly string[] {
  const named = [actor, subject, ...keys.map((key) => key.slice(key.indexOf(':') + 1))]
  const agencies = named.flatMap((name) => domains.get(name.slice(name.lastIndexOf('@') + 1)) ?? [])
  return [...new Set([...named, ...agencies])]
}

const isHeld = (record: StoredRecord, holds: readonly LegalHold[], domains: Domains): boolean =>
  holds.some((hold) => covers(hold, { kind: record.kind, atMs: record.atMs, subjects: subjectsOf(record, domains) }))

async function planRun(context: PurgeContext, holds: readonly LegalHold[], domains: Domains, signal: AbortSignal): Promise<readonly Planned[]> {
  const rules = { policy: context.settings.regulation, terms: await context.terms() }
  const nowMs = context.clock.nowMs()
  const plan: Planned[] = []
  for (const kind of recordKinds) {
    const boundary = purgeBoundaryMs(kind, rules, nowMs)
    for await (const root of dayRoots(context, kind, 'whole')) {
      signal.throwIfAborted()
      if (root.value.lastAtMs >= boundary) break
      const kept = holds.length === 0 ? null : await keptOf(context, root.value, (record) => isHeld(record, holds, domains))
      if (kept !== null && (kind === 'audit' || kept.count === root.value.count)) continue
      plan.push({ root, kept, records: root.value.count - (kept?.count ?? 0) })
      if (plan.length === daysOfRun) return plan
    }
  }
  return plan.length > 0 ? plan : releasedDays(context, holds, domains)
}

/** Days of which a hold kept something that none keeps any more. */
async function releasedDays(context: PurgeContext, holds: readonly LegalHold[], domains: Domains): Promise<readonly Planned[]> {
  const plan: Planned[] = []
  for (let after: { readonly key: string; readonly id: string } | undefined; ; ) {
    const page = await findEntries(context.store.registry, dayRootKind, { from: keptKey, to: `${keptKey}\u0000`, limit: daysOfRun, ...(after === undefined ? {} : { after }) })
    for (const root of page) {
      const before = root.value.purge?.kept?.count ?? 0
      const kept = await keptOf(context, root.value, (record) => isHeld(record, holds, domains))
      if ((kept?.count ?? 0) < before) plan.push({ root, kept, records: before - (kept?.count ?? 0) })
    }
    if (page.length < daysOfRun || plan.length >= daysOfRun) return plan.slice(0, daysOfRun)
    after = page.at(-1)!
  }
}

async function* recordsOf({ store }: Pick<PurgeContext, 'store'>, { kind, firstSeq, lastSeq }: DayRoot): AsyncGenerator<StoredRecord> {
  for (let after = firstSeq - 1; after < lastSeq; ) {
    const page = await store.records.read({ kind, after, limit: recordsAtOnce })
    for (const record of page) if (record.seq <= lastSeq) yield record
    if (page.length < recordsAtOnce) return
    after = page.at(-1)!.seq
  }
}

async function keptOf(context: PurgeContext, root: DayRoot, held: (record: StoredRecord) => boolean): Promise<Planned['kept']> {
  let [count, hash] = [0, '']
  for await (const record of recordsOf(context, root)) {
    if (!held(record)) continue
    count++
    hash = chained(context.secrets.sha256, hash, record)
  }
  return count === 0 ? null : { count, root: hash }
}

async function commitRun({ store, clock, random }: PurgeContext, plan: readonly Planned[]): Promise<void> {
  const atMs = clock.nowMs()
  const id = random.id(atMs)
  const kinds: Partial<Record<RecordKind, PurgedDays>> = {}
  for (const { root: { value }, records, kept } of plan) {
    const so = kinds[value.kind] ?? { days: 0, records: 0, keptByHold: 0, from: value.day, to: value.day }
    kinds[value.kind] = {
      days: so.days + 1,
      records: so.records + records,
      keptByHold: so.keptByHold + (kept?.count ?? 0),
      from: value.day < so.from ? value.day : so.from,
      to: value.day > so.to ? value.day : so.to,
    }
  }
  const run: PurgeRun = { atMs, day: dayOfInstant(atMs), kinds }
  const told = (kind: RecordKind): NewRecord => ({ kind, atMs, actor: 'system', action: 'records.purge', subject: id, clause: retentionBasis(kind).clause, detail: { before: null, after: kinds, via: 'clock' } })
  const logs = (Object.keys(kinds) as RecordKind[]).filter((kind) => kind !== 'audit')
  await store.registry.commit({
    entries: [put(purgeRunKind, id, run, 0), ...plan.map(({ root, kept }) => put(dayRootKind, root.id, { ...root.value, purge: { run: id, kept, done: false } }, root.version))],
    records: [told('audit'), ...logs.map(told)],
  })
}

/** Removes what runs have written down. Whom a new hold covers meanwhile stays. */
async function finishPending(context: PurgeContext, holds: readonly LegalHold[], domains: Domains, signal: AbortSignal): Promise<number> {
  let purged = 0
  for (;;) {
    const pending = await findEntries(context.store.registry, dayRootKind, { from: pendingPurgeKey, to: `${pendingPurgeKey}\u0000`, limit: daysOfRun })
    if (pending.length === 0) return purged
    for (const { id, value, version } of pending) {
      signal.throwIfAborted()
      const { kind, firstSeq, lastSeq } = value
      const keep: number[] = []
      if (holds.length > 0) for await (const record of recordsOf(context, value)) if (isHeld(record, holds, domains)) keep.push(record.seq)
      purged += await context.store.records.purge({ kind, fromSeq: firstSeq, toSeq: lastSeq, keep })
      const kept = keep.length === 0 ? null : await keptOf(context, value, () => true)
      await context.store.registry.commit({ entries: [put(dayRootKind, id, { ...value, purge: { ...value.purge!, kept, done: true } }, version)] })
    }
  }
}
