/**
 * Terms of the regulation on civil days, for one version of the working calendar (requirements §1.6; D-16). What
 * vietnamese/calendar computes is remembered here: a night's run asks for the same few hundred days 30,000 times.
 */
import { addMonths, dueAfterWorkingDays, latestNotice, monthTerm, rollForward } from '../../../vietnamese/calendar/terms.ts'
import { createWorkCalendar, type WorkCalendar, type WorkYear } from '../../../vietnamese/calendar/work-calendar.ts'
import { addDays, dayAfter, type Day } from './civil-day.ts'

export interface VersionedCalendar extends WorkCalendar {
  /** Which tables it was made of; stored with every deadline that is fixed by it. */
  readonly version: string
}

export interface Term {
  /** The day of the event; not counted (Civil Code 147.2). */
  readonly from: Day
  readonly rawEnd: Day
  /** After 148.5; the term ends with this day. */
  readonly lastDay: Day
  /** At 00:00 of this day the system acts. */
  readonly actOn: Day
  /** A year that it depends on has no final table ("dự kiến"). */
  readonly provisional: boolean
}

export interface Terms {
  readonly calendarVersion: string
  months(from: Day, months: number): Term
  /** Consecutive days. */
  days(from: Day, days: number): Term
  /** The Nth working day after the day. */
  dueOn(received: Day, workingDays: number): Day
  /** Latest working day for a notice, so many full working days before the start. */
  latestNotice(start: Day, fullWorkingDays: number): Day
  /** The Nth working day before the day. */
  workingDayBefore(day: Day, workingDays: number): Day
  isWorkingDay(day: Day): boolean
  isProvisional(day: Day): boolean
}

/** What a table per year that the Sở edits gives; `version` changes with every edit. */
export function versionedCalendar(edited: readonly WorkYear[], version: string): VersionedCalendar {
  return { ...createWorkCalendar(edited), version }
}

const plain = (day: Day): Temporal.PlainDate => Temporal.PlainDate.from(day)

/** Terms that are remembered; far more than the days of one run. */
const maxRemembered = 20_000

export function createTerms(calendar: VersionedCalendar): Terms {
  const remembered = new Map<string, Term>()
  const once = (key: string, make: () => Term): Term => {
    const found = remembered.get(key)
    if (found !== undefined) return found
    if (remembered.size >= maxRemembered) remembered.clear()
    const made = make()
    remembered.set(key, made)
    return made
  }
  return {
    calendarVersion: calendar.version,
    months: (from, months) =>
      once(`${from}m${months}`, () => {
        const { rawEnd, lastDay, actOn, provisional } = monthTerm(plain(from), months, calendar)
        return { from, rawEnd: rawEnd.toString(), lastDay: lastDay.toString(), actOn: actOn.toString(), provisional }
      }),
    days: (from, days) =>
      once(`${from}d${days}`, () => {
        const rawEnd = plain(from).add({ days })
        const last = rollForward(rawEnd, calendar)
        const lastDay = last.toString()
        const provisional = calendar.isProvisional(rawEnd.year) || calendar.isProvisional(last.year)
        return { from, rawEnd: rawEnd.toString(), lastDay, actOn: dayAfter(lastDay), provisional }
      }),
    dueOn: (received, workingDays) => dueAfterWorkingDays(plain(received), workingDays, calendar).toString(),
    latestNotice: (start, fullWorkingDays) => latestNotice(plain(start), fullWorkingDays, calendar).toString(),
    workingDayBefore(day, workingDays) {
      let found = day
      for (let left = workingDays; left > 0; ) {
        found = addDays(found, -1)
        if (calendar.isWorkingDay(plain(found))) left -= 1
      }
      return found
    },
    isWorkingDay: (day) => calendar.isWorkingDay(plain(day)),
    isProvisional: (day) => calendar.isProvisional(plain(day).year),
  }
}

/** The same day so many months later, or the last of that month; for terms that 148.5 does not roll. */
export function monthsLater(day: Day, months: number): Day {
  return addMonths(plain(day), months).toString()
}
