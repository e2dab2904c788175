/**
 * Announcing that the service must stop (Điều 8.2; D-22): three full working days lie between the day of the notice and the
 * start, or the outage is urgent and says why. Pure; `nowMs` is the moment of the announcement.
 */
import { basis, refused, type Basis, type Refused } from '../account/lifecycle/basis.ts'
import { dayOfInstant, daysBetween, type Day } from '../account/lifecycle/civil-day.ts'
import type { Terms } from '../account/lifecycle/terms.ts'

export interface OutagePolicy {
  readonly outage: { readonly fullWorkingDays: number; readonly maxHours: number; readonly maxDaysAhead: number }
}

export interface Outage {
  readonly startAtMs: number
  readonly endAtMs: number
  /** Khẩn cấp: why it cannot wait. */
  readonly urgentReason: string | null
}

export interface OutageRules {
  readonly policy: OutagePolicy
  readonly terms: Terms
}

export const outageBasis: Basis = basis('Điều 8.2', 'D-22')

export interface Announced extends Basis {
  readonly kind: 'announce'
  readonly noticeOn: Day
  /** Last working day on which it would have been in time. */
  readonly latestNotice: Day
  readonly urgent: boolean
  /** By the calendar of a year without a final table. */
  readonly provisional: boolean
}

/** Refuses `notice-too-late` (the detail names the day by which it had to be given), `reason-missing`, `time-invalid`. */
export function decideOutage(outage: Outage, { policy, terms }: OutageRules, nowMs: number): Announced | Refused {
  const { fullWorkingDays, maxHours, maxDaysAhead } = policy.outage
  const { startAtMs, endAtMs, urgentReason } = outage
  if (!(startAtMs > nowMs && endAtMs > startAtMs && endAtMs - startAtMs <= maxHours * 3_600_000)) return refused('time-invalid', outageBasis, { maxHours })
  const noticeOn = dayOfInstant(nowMs)
  const startsOn = dayOfInstant(startAtMs)
  if (daysBetween(noticeOn, startsOn) > maxDaysAhead) return refused('time-invalid', outageBasis, { maxDaysAhead })
  const latestNotice = terms.latestNotice(startsOn, fullWorkingDays)
  const inTime = noticeOn <= latestNotice
  if (!inTime && urgentReason === null) return refused('notice-too-late', outageBasis, { latestNotice, startsOn })
  if (urgentReason !== null && urgentReason.trim() === '') return refused('reason-missing', outageBasis, { latestNotice })
  const provisional = terms.isProvisional(startsOn) || terms.isProvisional(latestNotice)
  return { kind: 'announce', ...outageBasis, noticeOn, latestNotice, urgent: !inTime, provisional }
}

export interface OutageChanged extends Basis {
  readonly kind: 'change'
  /** Whether people lose service at a time that was not announced, so that the term ran anew. */
  readonly announcedAnew: boolean
  readonly announcement: Announced | null
}

/**
 * A change of an announced outage. What lies within the announced time is told at once; what goes beyond it is a new
 * announcement with its own term.
 */
export function decideOutageChange(announced: Outage, changed: Outage, rules: OutageRules, nowMs: number): OutageChanged | Refused {
  if (announced.endAtMs <= nowMs) return refused('already-decided', outageBasis)
  if (!(changed.endAtMs > changed.startAtMs && changed.endAtMs > nowMs)) return refused('time-invalid', outageBasis)
  const within = changed.startAtMs >= announced.startAtMs && changed.endAtMs <= announced.endAtMs
  if (within) return { kind: 'change', ...outageBasis, announcedAnew: false, announcement: null }
  // Once it runs, its end can only be put off as an urgent matter.
  const from = announced.startAtMs <= nowMs ? announced.endAtMs : changed.startAtMs
  const announcement = decideOutage({ ...changed, startAtMs: from }, rules, nowMs)
  return announcement.kind === 'refused' ? announcement : { kind: 'change', ...outageBasis, announcedAnew: true, announcement }
}
