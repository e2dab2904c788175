/**
 * Terms in months and in working days (Civil Code 2015 Điều 147, 148; decisions D-11, D-16, D-22). Hours (Điều 8.3d) are
 * counted from the minute and never rolled; they need no calendar. Pure; civil dates in Vietnam.
 */
import type { WorkCalendar } from './work-calendar.ts'

/** The same day so many months later, or the last day of that month (148.3). Always from the first date, never chained. */
export function addMonths(date: Temporal.PlainDate, months: number): Temporal.PlainDate {
  return date.add({ months }, { overflow: 'constrain' })
}

/** That day, or the next working day when it is a day off (148.5). */
export function rollForward(date: Temporal.PlainDate, calendar: WorkCalendar): Temporal.PlainDate {
  let day = date
  while (!calendar.isWorkingDay(day)) day = day.add({ days: 1 })
  return day
}

export interface MonthTerm {
  /** The corresponding day, before 148.5. */
  readonly rawEnd: Temporal.PlainDate
  /** Last day of the term; it ends at 24:00 (148.6). */
  readonly lastDay: Temporal.PlainDate
  /** The system acts at 00:00 of this day. */
  readonly actOn: Temporal.PlainDate
  /** A year it depends on has no final table. */
  readonly provisional: boolean
}

/** The day of the event is not counted (147.2). */
export function monthTerm(event: Temporal.PlainDate, months: number, calendar: WorkCalendar): MonthTerm {
  const rawEnd = addMonths(event, months)
  const lastDay = rollForward(rawEnd, calendar)
  return { rawEnd, lastDay, actOn: lastDay.add({ days: 1 }), provisional: calendar.isProvisional(rawEnd.year) || calendar.isProvisional(lastDay.year) }
}

/** The Nth working day after the day of receipt: due by its end (D-11). */
export function dueAfterWorkingDays(received: Temporal.PlainDate, workingDays: number, calendar: WorkCalendar): Temporal.PlainDate {
  let day = received
  for (let left = workingDays; left > 0; ) {
    day = day.add({ days: 1 })
    if (calendar.isWorkingDay(day)) left -= 1
  }
  return day
}

/** Latest day to announce something for `start`, so that so many full working days lie between (Điều 8.2, D-22). */
export function latestNotice(start: Temporal.PlainDate, fullWorkingDays: number, calendar: WorkCalendar): Temporal.PlainDate {
  let day = start
  for (let left = fullWorkingDays; left > 0; ) {
    day = day.subtract({ days: 1 })
    if (calendar.isWorkingDay(day)) left -= 1
  }
  // Notices are given on working days.
  do day = day.subtract({ days: 1 })
  while (!calendar.isWorkingDay(day))
  return day
}
