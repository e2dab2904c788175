/**
 * Which days the civil service works (Labour Code 2019 Điều 111, 112; Resolution 28/2026/QH16), as a table per year that the
 * Sở edits: days off, Saturdays worked in exchange, the source, and whether the year's notice is out. A year without a final
 * table is computed and provisional ("dự kiến"). Pure; dates are civil dates in Vietnam.
 */
import { ancestorsDay, tet } from './lunar.ts'

export interface WorkYear {
  readonly year: number
  /** Weekdays off, `yyyy-mm-dd`. */
  readonly off: readonly string[]
  /** Saturdays (or Sundays) worked. */
  readonly worked: readonly string[]
  readonly source: string
  readonly status: 'final' | 'draft'
}

export interface WorkCalendar {
  isWorkingDay(date: Temporal.PlainDate): boolean
  /** Whether a year's answer may still change. */
  isProvisional(year: number): boolean
}

/** Years whose notices are known (regulation, requirements §1.6). */
export const announcedYears: readonly WorkYear[] = [
  {
    year: 2025,
    off: ['2025-01-01', '2025-01-27', '2025-01-28', '2025-01-29', '2025-01-30', '2025-01-31', '2025-04-07', '2025-04-30', '2025-05-01', '2025-05-02', '2025-09-01', '2025-09-02'],
    worked: ['2025-04-26'],
    source: 'TB 6150/TB-BLĐTBXH',
    status: 'final',
  },
  {
    year: 2026,
    off: [
      '2026-01-01', '2026-01-02', '2026-02-16', '2026-02-17', '2026-02-18', '2026-02-19', '2026-02-20', '2026-04-27', '2026-04-30', '2026-05-01',
      '2026-08-31', '2026-09-01', '2026-09-02', '2026-11-24',
    ],
    worked: ['2026-01-10', '2026-08-22'],
    source: 'CV 12729/VPCP-KGVX, TB 9441/TB-BNV, CV 3383/BNV-CVL, NQ 28/2026/QH16',
    status: 'final',
  },
]

const isWeekend = (date: Temporal.PlainDate): boolean => date.dayOfWeek >= 6

/**
 * What the law alone gives for a year without a notice: New Year, Tết (the eve and four days), Giỗ Tổ, 30/4, 1/5, National Day
 * with the day after, Culture Day from 2026; one that falls on a weekend is made up on the next working day (Điều 111.3),
 * Culture Day is not.
 */
export function provisionalYear(year: number): WorkYear {
  const day = (month: number, of: number): Temporal.PlainDate => Temporal.PlainDate.from({ year, month, day: of })
  const newYear = tet(year)
  const holidays = [
    day(1, 1),
    ...[-1, 0, 1, 2, 3].map((days) => newYear.add({ days })),
    ancestorsDay(year),
    day(4, 30),
    day(5, 1),
    day(9, 2),
    day(9, 3),
  ]
  const off = new Set(holidays.map(String))
  for (const holiday of holidays.filter(isWeekend)) {
    let next = holiday.add({ days: 1 })
    while (isWeekend(next) || off.has(next.toString())) next = next.add({ days: 1 })
    off.add(next.toString())
  }
  if (year >= 2026) off.add(day(11, 24).toString())
  const weekdays = [...off].filter((date) => !isWeekend(Temporal.PlainDate.from(date))).sort()
  return { year, off: weekdays, worked: [], source: 'Bộ luật Lao động 2019 Điều 111, 112; NQ 28/2026/QH16 (dự kiến)', status: 'draft' }
}

/** The given years win over the announced ones, those over the computed ones. */
export function createWorkCalendar(edited: readonly WorkYear[] = []): WorkCalendar {
  const known = new Map([...announcedYears, ...edited].map((one) => [one.year, one]))
  const sets = new Map<number, { readonly off: ReadonlySet<string>; readonly worked: ReadonlySet<string> }>()
  const setsOf = (year: number): { readonly off: ReadonlySet<string>; readonly worked: ReadonlySet<string> } => {
    const found = sets.get(year)
    if (found !== undefined) return found
    const table = known.get(year) ?? provisionalYear(year)
    const made = { off: new Set(table.off), worked: new Set(table.worked) }
    sets.set(year, made)
    return made
  }
  return {
    isWorkingDay(date) {
      const { off, worked } = setsOf(date.year)
      const text = date.toString()
      if (off.has(text)) return false
      return worked.has(text) || !isWeekend(date)
    },
    isProvisional: (year) => known.get(year)?.status !== 'final',
  }
}
