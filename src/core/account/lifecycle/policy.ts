/**
 * The numbers of Điều 5 and 6 as the lifecycle policies take them; their values, clauses and limits stand in
 * config/regulation.toml. Types only.
 */
import type { Day } from './civil-day.ts'

/** Whether mail that comes in keeps an account from being idle (D-8). */
export type ReceiveMode = 'literal-filtered' | 'literal' | 'ignore'

export interface LifecyclePolicy {
  /** R-Q2, D-15: no clock starts before the regulation is in force. */
  readonly regulation: { readonly effectiveFrom: Day }
  /** Điều 6.2a. */
  readonly idle: {
    readonly months: number
    readonly receive: ReceiveMode
    readonly warnDaysBefore: readonly number[]
    readonly absenceNeedsDocument: boolean
    readonly maxAbsenceMonths: number
  }
  /** Điều 6.2d. */
  readonly defaultPassword: {
    readonly months: number
    readonly warnDaysBefore: readonly number[]
    /** D-12: the clock runs again after a restoration. */
    readonly restartAfterRestoration: boolean
  }
  /** D-19. */
  readonly administrators: { readonly idleDays: number; readonly warnDaysBefore: readonly number[] }
  /** Điều 5.4, 8.3đ, D-14. */
  readonly revocation: {
    readonly proposeAfterMonths: number
    readonly maxSnoozeMonths: number
    readonly keepContentMonths: number
    /** 0: an address is never given to another person. */
    readonly reissueAddressAfterMonths: number
  }
  /** Reports and reminders that lock nobody (D-8, D-19, R-10.9). */
  readonly reminders: { readonly idleReportDays: number; readonly noSignInDays: number }
}
