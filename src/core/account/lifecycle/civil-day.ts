/**
 * Civil days in Vietnam as the policies compare them: `yyyy-mm-dd`, so that texts sort as the days do and go into records
 * and answers as they are. Asia/Ho_Chi_Minh is UTC+7 without summer time; a day begins and ends at 24:00 (Civil Code 148.6).
 */

/** `yyyy-mm-dd`, year 0001 to 9999. */
export type Day = string

const vietnam = '+07:00'

/** The day in Vietnam on which the instant falls. */
export function dayOfInstant(atMs: number): Day {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(vietnam).toPlainDate().toString()
}

/** 00:00 of the day in Vietnam, epoch milliseconds. */
export function startOfDayMs(day: Day): number {
  return Temporal.PlainDate.from(day).toZonedDateTime(vietnam).epochMilliseconds
}

export function addDays(day: Day, days: number): Day {
  return Temporal.PlainDate.from(day).add({ days }).toString()
}

export const dayAfter = (day: Day): Day => addDays(day, 1)

/** How many days later `to` is than `from`; negative when it is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return Temporal.PlainDate.from(from).until(to, { largestUnit: 'days' }).days
}

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
