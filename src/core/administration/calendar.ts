/**
 * The working calendar in force (requirements §1.6, D-16): one document a year (kind `calendar-year`, id = the year) that the Sở
 * edits: weekdays off, Saturdays worked, source, draft or final. Years without a document are those of the announced notices,
 * else the law's. Every deadline keeps the version of the calendar by which it was fixed; an edit recomputes the open ones.
 */
import { basis, refused, mailErrorOf } from '../account/lifecycle/basis.ts'
import { isDay, type Day } from '../account/lifecycle/civil-day.ts'
import { createTerms, versionedCalendar, type Term, type Terms } from '../account/lifecycle/terms.ts'
import { MailError } from '../errors.ts'
import type { Store } from '../ports/store.ts'
import { announcedYears, provisionalYear, type WorkYear } from '../../vietnamese/calendar/work-calendar.ts'
import type { Actor } from './actor.ts'
import { auditRecord, type AdministrationContext } from './context.ts'
import { entry, entryKind, put } from './entries.ts'

export const calendarKind = entryKind<WorkYear>({ name: 'calendar-year', keys: () => [] })

/** More years than anybody edits. */
const maxYears = 200
const noEdits = 'announced'

/** Terms by the calendar as it is now; what is remembered goes when a year is edited, here or on another node. */
export function createTermsReader({ registry }: Pick<Store, 'registry'>): () => Promise<Terms> {
  let known: Terms | null = null
  return async () => {
    const years = await registry.list({ kind: calendarKind.name, limit: maxYears })
    const version = years.length === 0 ? noEdits : years.map(({ id, version: of }) => `${id}.${of}`).join(' ')
    if (known?.calendarVersion !== version) known = createTerms(versionedCalendar(years.map(({ value }) => value as WorkYear), version))
    return known
  }
}

export interface CalendarYearView extends WorkYear {
  /** Of the document; 0: nobody has edited the year. */
  readonly version: number
}

export interface CalendarAdministration {
  /** The year as it counts now. Anybody may read it. */
  year(year: number): Promise<CalendarYearView>
  /** The Sở alone. Refuses `argument-invalid` (a day that is not of the year, a weekend as day off), `conflict`. Returns how many deadlines moved or were kept. */
  setYear(actor: Actor, year: WorkYear, seen?: { readonly ifVersion?: number }): Promise<{ readonly year: CalendarYearView; readonly recomputed: number }>
  /** Months from a day: last day of the term, and the day on which the system acts at 00:00. */
  term(from: Day, months: number): Promise<Term & { readonly calendarVersion: string }>
  /** End of the Nth working day after the day. */
  due(from: Day, workingDays: number): Promise<{ readonly due: Day; readonly provisional: boolean; readonly calendarVersion: string }>
  /** Latest day to announce an outage that begins on the day (Điều 8.2). */
  notice(startsOn: Day): Promise<{ readonly latestNotice: Day; readonly provisional: boolean; readonly calendarVersion: string }>
}

export const calendarBasis = basis('Điều 6.3, 8.2', 'D-16')

/** `recompute` looks at what is open (core/request); it is called after the edit is kept. */
export function createCalendarAdministration(context: AdministrationContext, recompute: () => Promise<number>): CalendarAdministration {
  return {
    year: (year) => yearView(context, year),
    async setYear(actor, given, seen) {
      await context.authorise(actor, 'calendar.edit', { agency: null, account: null, subject: `calendar ${given.year}` })
      await setYear(context, actor, given, seen?.ifVersion ?? null)
      return { year: await yearView(context, given.year), recomputed: await recompute() }
    },
    async term(from, months) {
      requireDay(from)
      requireCount('months', months, maxMonths)
      const terms = await context.terms()
      return { ...terms.months(from, months), calendarVersion: terms.calendarVersion }
    },
    async due(from, workingDays) {
      requireDay(from)
      requireCount('workingDays', workingDays, maxWorkingDays)
      const terms = await context.terms()
      const due = terms.dueOn(from, workingDays)
      return { due, provisional: terms.isProvisional(from) || terms.isProvisional(due), calendarVersion: terms.calendarVersion }
    },
    async notice(startsOn) {
      requireDay(startsOn)
      const terms = await context.terms()
      const latestNotice = terms.latestNotice(startsOn, context.settings.regulation.outage.fullWorkingDays)
      return { latestNotice, provisional: terms.isProvisional(startsOn) || terms.isProvisional(latestNotice), calendarVersion: terms.calendarVersion }
    },
  }
}

const maxMonths = 1_200
const maxWorkingDays = 1_000
const firstYear = 1990
const lastYear = 2100

function requireDay(day: Day): void {
  if (!isDay(day) || !isYear(Number(day.slice(0, 4)))) throw new MailError('argument-invalid', 'a day is written yyyy-mm-dd', { field: 'date', day: day.slice(0, 10) })
}

const isYear = (year: number): boolean => Number.isInteger(year) && year >= firstYear && year <= lastYear

function requireCount(field: string, count: number, max: number): void {
  if (!Number.isInteger(count) || count < 1 || count > max) throw new MailError('argument-invalid', `a whole number from 1 to ${max}`, { field })
}

async function yearView({ store }: Pick<AdministrationContext, 'store'>, year: number): Promise<CalendarYearView> {
  if (!isYear(year)) throw new MailError('argument-invalid', `a year from ${firstYear} to ${lastYear}`, { field: 'year' })
  const kept = await entry(store.registry, calendarKind, String(year))
  if (kept !== null) return { ...kept.value, version: kept.version }
  return { ...(announcedYears.find((one) => one.year === year) ?? provisionalYear(year)), version: 0 }
}

async function setYear(context: AdministrationContext, actor: Actor, given: WorkYear, ifVersion: number | null): Promise<void> {
  const before = await yearView(context, given.year)
  const year = readYear(given)
  if (ifVersion !== null && ifVersion !== before.version) throw new MailError('conflict', 'the year has changed meanwhile', { reason: 'version', version: before.version })
  const { version: _, ...was } = before
  const record = auditRecord(actor, context.clock.nowMs(), { action: 'calendar.set-year', subject: `calendar ${year.year}`, clause: calendarBasis.clause, before: { ...was }, after: { ...year } })
  await context.store.registry.commit({ entries: [put(calendarKind, String(year.year), year, before.version)], records: [record] })
}

const maxSourceLength = 500
const maxDays = 120

function readYear({ year, off, worked, source, status }: WorkYear): WorkYear {
  const wrong = (fault: string, day: string): never => {
    throw mailErrorOf(refused('date-invalid', calendarBasis, { fault, day: day.slice(0, 10) }))
  }
  const days = [...off, ...worked]
  if (days.length > maxDays) wrong('too-many', '')
  for (const day of days) if (!isDay(day) || !day.startsWith(`${year}-`)) wrong('not-of-the-year', day)
  for (const day of off) if (isWeekend(day)) wrong('off-on-a-weekend', day)
  for (const day of worked) if (!isWeekend(day)) wrong('worked-on-a-weekday', day)
  const written = source.normalize('NFC').trim()
  if (written === '' || written.length > maxSourceLength) throw new MailError('argument-invalid', 'the source of the calendar', { field: 'source' })
  return { year, off: [...new Set(off)].sort(), worked: [...new Set(worked)].sort(), source: written, status }
}

const isWeekend = (day: Day): boolean => Temporal.PlainDate.from(day).dayOfWeek >= 6
