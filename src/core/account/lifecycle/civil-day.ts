/**
 * Civil days in Vietnam as the policies compare them: `yyyy-mm-dd`, so that texts sort as the days do and go into records
 * and answers as they are. Asia/Ho_Chi_Minh is UTC+7 without summer time; a day begins and ends at 24:00 (Civil Code 148.6).
 */

/** `yyyy-mm-dd`, year 0001 to 9999. */
export type Day = string

const vietnamOffsetMs = 7 * 3_600_000
const dayMs = 86_400_000
const epoch = Temporal.PlainDate.from('1970-01-01')

/** A night asks for the same few hundred days for every account: both directions are remembered, up to so many days. */
const maxRemembered = 50_000
const names = new Map<number, Day>()
const numbers = new Map<Day, number>()

/** Name of the day that is so many days after 1970-01-01. */
function nameOf(days: number): Day {
  const known = names.get(days)
  if (known !== undefined) return known
  if (names.size >= maxRemembered) names.clear()
  const name = epoch.add({ days }).toString()
  names.set(days, name)
  return name
}

function numberOf(day: Day): number {
  const known = numbers.get(day)
  if (known !== undefined) return known
  if (numbers.size >= maxRemembered) numbers.clear()
  const days = epoch.until(day, { largestUnit: 'days' }).days
  numbers.set(day, days)
  return days
}

/** The day in Vietnam on which the instant falls. */
export const dayOfInstant = (atMs: number): Day => nameOf(Math.floor((atMs + vietnamOffsetMs) / dayMs))

/** 00:00 of the day in Vietnam, epoch milliseconds. */
export const startOfDayMs = (day: Day): number => numberOf(day) * dayMs - vietnamOffsetMs

export const addDays = (day: Day, days: number): Day => nameOf(numberOf(day) + days)

export const dayAfter = (day: Day): Day => addDays(day, 1)

/** How many days later `to` is than `from`; negative when it is earlier. */
export const daysBetween = (from: Day, to: Day): number => numberOf(to) - numberOf(from)

/** Whether the text names a day that exists. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < '0001') return false
  const [year, month, day] = text.split('-').map(Number)
  const made = Temporal.PlainDate.from({ year: year!, month: Math.min(Math.max(month!, 1), 12), day: Math.max(day!, 1) }, { overflow: 'constrain' })
  return made.toString() === text
}

/** The latest of the given days; null when there is none. */
export function latest(...days: readonly (Day | null)[]): Day | null {
  let found: Day | null = null
  for (const day of days) if (day !== null && (found === null || day > found)) found = day
  return found
}
