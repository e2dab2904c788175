/**
 * Closed days: once a day in Vietnam is over, each kind of record leaves its root: first and last number, how many, and
 * a hash over all of them, so that what is left verifies after a purge. Kind `day-root`, id `kind day`; whoever closes days
 * also writes one audit record `day.closed` a day with the roots.
 *
 * A day's root covers the records from after the one before up to the first record of a later day: numbers without a gap. A
 * record that was written late lies in the next root; none is left out.
 */
import { dayAfter, dayOfInstant, startOfDayMs, type Day } from '../account/lifecycle/civil-day.ts'
import type { AdministrationContext } from '../administration/context.ts'
import { entryKind, findEntries, put, type Kept } from '../administration/entries.ts'
import { isMailError } from '../errors.ts'
import { keysFrom } from '../ports/registry.ts'
import { canonicalRecord, recordKinds, type NewRecord, type RecordKind, type StoredRecord } from './record.ts'

export interface DayRoot {
  readonly kind: RecordKind
  readonly day: Day
  readonly firstSeq: number
  readonly lastSeq: number
  readonly count: number
  /** Audit: hash of the last record, in the one chain of all days. Others: the same chain over the records of the day, begun anew. */
  readonly root: string
  readonly firstAtMs: number
  /** Latest moment of any of them. */
  readonly lastAtMs: number
  readonly purge: DayPurge | null
}

/** What became of the day's records when their time had come. */
export interface DayPurge {
  /** Id of the purge-run. */
  readonly run: string
  /** Those that a legal hold keeps, with the hash over them. */
  readonly kept: { readonly count: number; readonly root: string } | null
  /** Written before anything goes; true when all of it is gone. */
  readonly done: boolean
}

export const pendingPurgeKey = 'purge pending'
export const keptKey = 'purge kept'
const dayKey = (kind: RecordKind, day: Day): string => `day ${kind} ${day}`
const unpurgedKey = (kind: RecordKind, day: Day): string => `whole ${kind} ${day}`

export const dayRootKind = entryKind<DayRoot>({
  name: 'day-root',
  keys: ({ kind, day, purge }) => [
    dayKey(kind, day),
    ...(purge === null ? [unpurgedKey(kind, day)] : []),
    ...(purge !== null && !purge.done ? [pendingPurgeKey] : []),
    ...(purge?.kept ? [keptKey] : []),
  ],
})

export const dayRootId = (kind: RecordKind, day: Day): string => `${kind} ${day}`

type RootContext = Pick<AdministrationContext, 'store' | 'clock' | 'secrets'>

/** By day; those whose records are all there alone with `whole`. */
export async function* dayRoots({ store }: Pick<RootContext, 'store'>, kind: RecordKind, only?: 'whole'): AsyncGenerator<Kept<DayRoot>> {
  const range = keysFrom(only === 'whole' ? unpurgedKey(kind, '') : dayKey(kind, ''))
  for (let after: { readonly key: string; readonly id: string } | undefined; ; ) {
    const page = await findEntries(store.registry, dayRootKind, { ...range, limit: rootsAtOnce, ...(after === undefined ? {} : { after }) })
    yield* page
    if (page.length < rootsAtOnce) return
    after = page.at(-1)!
  }
}

const rootsAtOnce = 200
export const recordsAtOnce = 1_000

/** One link of the chain: also what the stores compute for audit records. */
export function chained(sha256: (text: string) => string, previous: string, record: StoredRecord): string {
  return sha256(previous + canonicalRecord(record.seq, record))
}

/** Closes every day that is over. Returns how many days. Another node that does the same at the same moment does no harm. */
export async function closeDays(context: RootContext, signal: AbortSignal): Promise<number> {
  const closed = new Map<Day, DayRoot[]>()
  for (const kind of recordKinds) {
    for await (const root of rootsToClose(context, kind, signal)) closed.set(root.day, [...(closed.get(root.day) ?? []), root])
  }
  for (const [day, roots] of [...closed].sort(([a], [b]) => (a < b ? -1 : 1))) {
    signal.throwIfAborted()
    const entries = roots.map((root) => put(dayRootKind, dayRootId(root.kind, day), root, 0))
    try {
      await context.store.registry.commit({ entries, records: [closedRecord(day, roots, context.clock.nowMs())] })
    } catch (error) {
      if (!isMailError(error, 'conflict')) throw error
      return 0
    }
  }
  return closed.size
}

function closedRecord(day: Day, roots: readonly DayRoot[], atMs: number): NewRecord {
  const after = Object.fromEntries(roots.map(({ kind, firstSeq, lastSeq, count, root }) => [kind, { firstSeq, lastSeq, count, root }]))
  return { kind: 'audit', atMs, actor: 'system', action: 'day.closed', subject: day, clause: 'Điều 7.2', detail: { before: null, after, via: 'clock' } }
}

async function* rootsToClose(context: RootContext, kind: RecordKind, signal: AbortSignal): AsyncGenerator<DayRoot> {
  const nowMs = context.clock.nowMs()
  const today = dayOfInstant(nowMs)
  const [last] = await findEntries(context.store.registry, dayRootKind, { ...keysFrom(dayKey(kind, '')), descending: true, limit: 1 })
  let [after, lastDay] = [last?.value.lastSeq ?? 0, last?.value.day ?? null]
  let hash = kind === 'audit' ? (last?.value.root ?? '') : ''
  let open: DayRoot | null = null
  for (;;) {
    signal.throwIfAborted()
    const page: readonly StoredRecord[] = await context.store.records.read({ kind, after, limit: recordsAtOnce })
    for (const record of page) {
      // A moment that has not come yet is that of a wrong clock: it holds up nothing.
      const later: boolean = open !== null && record.atMs <= nowMs && record.atMs >= startOfDayMs(dayAfter(open.day))
      if (open !== null && later) {
        yield open
        lastDay = open.day
        open = null
        if (kind !== 'audit') hash = ''
      }
      if (open === null) {
        const day = firstDay(dayOfInstant(Math.min(record.atMs, nowMs)), lastDay)
        if (day >= today) return
        open = { kind, day, firstSeq: record.seq, lastSeq: record.seq, count: 0, root: hash, firstAtMs: record.atMs, lastAtMs: record.atMs, purge: null }
      }
      hash = chained(context.secrets.sha256, hash, record)
      open = { ...open, lastSeq: record.seq, count: open.count + 1, root: hash, lastAtMs: Math.max(open.lastAtMs, record.atMs) }
    }
    if (page.length < recordsAtOnce) break
    after = page.at(-1)!.seq
  }
  if (open !== null) yield open
}

/** A root's day is its own: what came late opens the day after the last. */
const firstDay = (day: Day, last: Day | null): Day => (last !== null && day <= last ? dayAfter(last) : day)
