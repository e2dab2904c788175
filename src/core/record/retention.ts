/**
 * How long records are kept (Điều 7.2; ): system, mail, sign-in and error logs three calendar months by the rule of
 * the Civil Code, the evidence of Điều 5, 6, 10 and 12 for its own term; never shorter to make room, never during a legal
 * hold. Pure.
 */
import { basis, type Basis } from '../account/lifecycle/basis.ts'
import { addDays, dayAfter, dayOfInstant, startOfDayMs, type Day } from '../account/lifecycle/civil-day.ts'
import { monthsLater, type Terms } from '../account/lifecycle/terms.ts'

export type KeptKind = 'system' | 'mail' | 'sign-in' | 'error' | 'audit' | 'request' | 'case' | 'decision' | 'tombstone'

export interface RetentionPolicy {
  readonly retention: { readonly logMonths: number; readonly evidenceMonths: number }
}

const logKinds: ReadonlySet<KeptKind> = new Set<KeptKind>(['system', 'mail', 'sign-in', 'error'])

export const retentionBasis = (kind: KeptKind): Basis => (logKinds.has(kind) ? basis('Điều 7.2', 'D-16') : basis('Điều 5, 6, 10, 12', 'D-16'))

export function retentionMonths(kind: KeptKind, { retention }: RetentionPolicy): number {
  return logKinds.has(kind) ? retention.logMonths : retention.evidenceMonths
}

/** What must not be purged whatever its age: by account or agency, and by time. Nulls hold everything. */
export interface LegalHold {
  readonly id: string
  readonly accounts: readonly string[] | null
  readonly agencies: readonly string[] | null
  readonly fromAtMs: number | null
  readonly toAtMs: number | null
  readonly releasedAtMs: number | null
}

export interface KeptRecord {
  readonly kind: KeptKind
  readonly atMs: number
  /** Addresses, account ids and agencies that it names. */
  readonly subjects: readonly string[]
}

export type RetentionDecision =
  /** `until`: the first day on which it may go. */
  | ({ readonly kind: 'keep'; readonly until: Day } & Basis)
  | ({ readonly kind: 'held'; readonly hold: string } & Basis)
  | ({ readonly kind: 'purge' } & Basis)

export interface RetentionRules {
  readonly policy: RetentionPolicy
  readonly terms: Terms
}

/** The first day, at 00:00 in Vietnam, on which a record of that moment may be purged. */
export function purgeableOn(kind: KeptKind, atMs: number, { policy, terms }: RetentionRules): Day {
  return terms.months(dayOfInstant(atMs), retentionMonths(kind, policy)).actOn
}

export function decideRetention(record: KeptRecord, holds: readonly LegalHold[], rules: RetentionRules, nowMs: number): RetentionDecision {
  const on = retentionBasis(record.kind)
  const until = purgeableOn(record.kind, record.atMs, rules)
  if (until > dayOfInstant(nowMs)) return { kind: 'keep', until, ...on }
  const hold = holds.find((one) => covers(one, record))
  return hold === undefined ? { kind: 'purge', ...on } : { kind: 'held', hold: hold.id, ...on }
}

export function covers({ accounts, agencies, fromAtMs, toAtMs, releasedAtMs }: LegalHold, { atMs, subjects }: KeptRecord): boolean {
  if (releasedAtMs !== null) return false
  if ((fromAtMs !== null && atMs < fromAtMs) || (toAtMs !== null && atMs > toAtMs)) return false
  if (accounts === null && agencies === null) return true
  return subjects.some((one) => (accounts?.includes(one) ?? false) || (agencies?.includes(one) ?? false))
}

/**
 * All records of that kind before this instant may be purged on the day, those on or after it none (holds apart): later
 * events never go earlier, so one boundary serves a whole run. Epoch milliseconds.
 */
export function purgeBoundaryMs(kind: KeptKind, { policy, terms }: RetentionRules, nowMs: number): number {
  const today = dayOfInstant(nowMs)
  const months = retentionMonths(kind, policy)
  // A term is never shorter than its months; the end of a month and days off only make it longer.
  let day = monthsLater(today, -months)
  while (terms.months(day, months).actOn > today) day = addDays(day, -1)
  while (terms.months(dayAfter(day), months).actOn <= today) day = dayAfter(day)
  return startOfDayMs(dayAfter(day))
}
