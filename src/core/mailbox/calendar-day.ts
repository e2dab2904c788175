/**
 * Days as SEARCH compares them (RFC 9051 §6.4.4): INTERNALDATE by the calendar of Vietnam, the Date field as its sender
 * wrote it, both without the time of day. A day is a number: days since 1970-01-01. Pure.
 */

const dayMs = 86_400_000

/** Asia/Ho_Chi_Minh, without summer time since 1975; INTERNALDATE is shown with it (design §5.15). */
const vietnamOffsetMs = 7 * 3_600_000

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** RFC 5322 §3.3 with the obsolete years of §4.3; what stands around it does not matter. */
const written = new RegExp(`(?:^|[^0-9])([0-9]{1,2})[\\s-]+(${months.join('|')})[a-z]*\\.?[\\s,-]+([0-9]{2,4})(?![0-9])`)
const writtenIso = /^\s*([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])/

/** Of `yyyy-mm-dd`; null when there is no such day. */
export function dayOf(date: string): number | null {
  const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(date)
  return match === null ? null : dayNumber(Number(match[1]), Number(match[2]), Number(match[3]))
}

export function dayInVietnam(instantMs: number): number {
  return Math.floor((instantMs + vietnamOffsetMs) / dayMs)
}

export function dayInUtc(instantMs: number): number {
  return Math.floor(instantMs / dayMs)
}

/** The day as a Date field names it, from its lower-case text; null when no day can be read. */
export function dayWritten(field: string): number | null {
  // Comments may hold anything, other dates too.
  const bare = field.replace(/\([^()]*\)/g, ' ')
  const match = written.exec(bare)
  if (match !== null) return dayNumber(fullYear(match[3]!), months.indexOf(match[2]!) + 1, Number(match[1]))
  const iso = writtenIso.exec(bare)
  return iso === null ? null : dayNumber(Number(iso[1]), Number(iso[2]), Number(iso[3]))
}

function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length === 4) return year
  return digits.length === 2 && year < 50 ? year + 2000 : year + 1900
}

function dayNumber(year: number, month: number, day: number): number | null {
  if (month < 1 || month > 12 || day < 1 || day > 31) return null
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCDate() === day ? date.getTime() / dayMs : null
}
