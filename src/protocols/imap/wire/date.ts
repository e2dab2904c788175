/**
 * Dates on the wire: `date` of SEARCH and `date-time` of APPEND and INTERNALDATE. RFC 9051 §9.
 * INTERNALDATE is shown at +07:00 (design §5.15), the only offset of Vietnam.
 */
import { SyntaxFault } from '../../shared/lexer.ts'
import type { ImapLexer } from './lexer.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const shownOffsetMs = 7 * 3_600_000
const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`)

/** `1-Feb-2026`, quoted or not → `2026-02-01`. */
export function parseDate(lexer: ImapLexer): string {
  const text = lexer.astring()
  const match = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/.exec(text)
  const month = match === null ? -1 : monthIndex(match[2]!)
  const day = Number(match?.[1] ?? 0)
  const year = Number(match?.[3] ?? 0)
  if (month === -1 || !existsDay(year, month, day)) throw new SyntaxFault('Bad date')
  return `${String(year).padStart(4, '0')}-${two(month + 1)}-${two(day)}`
}

/** `"17-Jul-1996 02:44:25 -0700"` (the day may be ` 7`) → epoch milliseconds. */
export function parseDateTime(lexer: ImapLexer): number {
  const match = /^([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$/.exec(lexer.quoted())
  if (match === null) throw new SyntaxFault('Bad date-time')
  const [, day, monthName, year, hour, minute, second, sign, zoneHours, zoneMinutes] = match as unknown as string[]
  const month = monthIndex(monthName!)
  const valid = month !== -1 && existsDay(Number(year), month, Number(day)) && Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60 && Number(zoneMinutes) < 60
  if (!valid) throw new SyntaxFault('Bad date-time')
  const at = new Date(0)
  at.setUTCFullYear(Number(year), month, Number(day))
  at.setUTCHours(Number(hour), Number(minute), Number(second))
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000
  return at.getTime() - (sign === '-' ? -offset : offset)
}

/** `17-Jul-1996 16:44:25 +0700`, the day padded with a space. Years outside 0-9999 are shown as the nearest. */
export function formatDateTime(ms: number): string {
  const at = new Date(Number.isFinite(ms) ? ms + shownOffsetMs : 0)
  const year = Math.min(9999, Math.max(0, at.getUTCFullYear()))
  const day = at.getUTCDate()
  return `${day < 10 ? ` ${day}` : day}-${months[at.getUTCMonth()]}-${String(year).padStart(4, '0')} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0700`
}

function monthIndex(name: string): number {
  return months.findIndex((month) => month.toUpperCase() === name.toUpperCase())
}

function existsDay(year: number, month: number, day: number): boolean {
  const at = new Date(0)
  at.setUTCFullYear(year, month, day)
  return at.getUTCMonth() === month && at.getUTCDate() === day
}
