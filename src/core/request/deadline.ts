/**
 * A due date in working days (Điều 6.3b, D-11): fixed at receipt with the version of the calendar, recomputed when a year
 * table changes, never to an earlier day; every value that it had stays on record (requirements §1.6).
 */
import { dayAfter, dayOfInstant, type Day } from '../account/lifecycle/civil-day.ts'
import type { Terms } from '../account/lifecycle/terms.ts'

export interface Deadline {
  readonly receivedOn: Day
  readonly workingDays: number
  /** Due by the end of this day. */
  readonly due: Day
  readonly calendarVersion: string
  /** A year that it depends on has no final table ("dự kiến"). */
  readonly provisional: boolean
  /** What it was before, the oldest first. */
  readonly earlier: readonly { readonly due: Day; readonly calendarVersion: string }[]
}

/** The day of receipt is not counted (Civil Code 147.2). */
export function fixDeadline(receivedAtMs: number, workingDays: number, terms: Terms): Deadline {
  const receivedOn = dayOfInstant(receivedAtMs)
  const due = terms.dueOn(receivedOn, workingDays)
  return { receivedOn, workingDays, due, calendarVersion: terms.calendarVersion, provisional: isProvisional(receivedOn, due, terms), earlier: [] }
}

const isProvisional = (from: Day, to: Day, terms: Terms): boolean => terms.isProvisional(from) || terms.isProvisional(to)

export interface Recomputed {
  /** `kept`: the calendar gives an earlier day, the one that was told holds. */
  readonly kind: 'unchanged' | 'later' | 'kept'
  /** What the calendar gives now; logged beside the day that holds. */
  readonly computed: Day
  readonly deadline: Deadline
}

/** By the calendar as it is now; for deadlines that are still open. */
export function recomputeDeadline(deadline: Deadline, terms: Terms): Recomputed {
  const computed = terms.dueOn(deadline.receivedOn, deadline.workingDays)
  const provisional = isProvisional(deadline.receivedOn, computed, terms)
  if (terms.calendarVersion === deadline.calendarVersion) return { kind: 'unchanged', computed, deadline }
  const kind = computed === deadline.due ? 'unchanged' : computed > deadline.due ? 'later' : 'kept'
  const due = kind === 'later' ? computed : deadline.due
  const earlier = [...deadline.earlier, { due: deadline.due, calendarVersion: deadline.calendarVersion }]
  return { kind, computed, deadline: { ...deadline, due, calendarVersion: terms.calendarVersion, provisional, earlier } }
}

export type ReminderKind = 'due-tomorrow' | 'overdue'

export interface Reminder {
  readonly kind: ReminderKind
  readonly on: Day
  readonly tell: 'super-administrator' | 'head-of-owner'
}

/** When the Sở is reminded: on the working day before, and its head at 00:00 after the last day (R-6.3b). */
export function remindersOf({ due }: Deadline, terms: Terms, workingDaysBefore: number): readonly Reminder[] {
  return [
    { kind: 'due-tomorrow', on: terms.workingDayBefore(due, workingDaysBefore), tell: 'super-administrator' },
    { kind: 'overdue', on: dayAfter(due), tell: 'head-of-owner' },
  ]
}

/** The reminder to send today, if one is due that was not sent; the later one stands for both. */
export function reminderDue(reminders: readonly Reminder[], sent: readonly ReminderKind[], today: Day): Reminder | null {
  const last = reminders.findLast(({ on }) => on <= today)
  return last === undefined || sent.includes(last.kind) ? null : last
}
