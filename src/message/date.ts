/**
 * The Date field: RFC 5322 §3.3 with the obsolete zones of §4.3, and the forms that programs send instead.
 */

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** Minutes east of UTC (RFC 5322 §4.3); military letters are UTC there, because they were used the wrong way round. */
const zones: Readonly<Record<string, number>> = {
  ut: 0, utc: 0, gmt: 0, z: 0, est: -300, edt: -240, cst: -360, cdt: -300, mst: -420, mdt: -360, pst: -480, pdt: -420, ict: 420,
}

const usual =
  /(?:^|[\s,])(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?,?[\s-]+(\d{2,4})(?:[\s,]+(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:[.,]\d+)?)?\s*(am|pm)?)?\s*(?:([+-]\d{1,2}:?\d{2})|([a-z]{1,5}))?/i
/** `Mon Jan  2 15:04:05 2006` of C programs, the zone before or after the year. */
const asctime = /([a-z]{3})[a-z]*\s+(\d{1,2})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:([+-]\d{4}|[a-z]{1,4})\s+)?(\d{4})(?:\s+([+-]\d{4}))?/i
const iso = /(\d{4})-(\d{2})-(\d{2})(?:[T\s]+(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(z|[+-]\d{2}:?\d{2})?/i

interface Moment {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly zone: string | undefined
}

/** Epoch milliseconds of a Date value, or null when it names no instant. A zone that is missing or unknown is UTC. */
export function parseDate(value: string): number | null {
  const text = value.length > 200 ? value.slice(0, 200) : value
  const plain = text.includes('(') ? text.replace(/\([^()]*\)/g, ' ') : text
  const moment = readUsual(plain) ?? readAsctime(plain) ?? readIso(plain)
  return moment === null ? null : instantOf(moment)
}

function readUsual(text: string): Moment | null {
  const match = usual.exec(text)
  if (match === null) return null
  const month = months.indexOf(match[2]!.toLowerCase())
  if (month < 0) return null
  const half = match[7]?.toLowerCase()
  let hour = Number(match[4] ?? 0)
  if (half === 'pm' && hour < 12) hour += 12
  if (half === 'am' && hour === 12) hour = 0
  return {
    year: fullYear(match[3]!), month, day: Number(match[1]),
    hour, minute: Number(match[5] ?? 0), second: Number(match[6] ?? 0), zone: match[8] ?? match[9],
  }
}

function readAsctime(text: string): Moment | null {
  const match = asctime.exec(text)
  if (match === null) return null
  const month = months.indexOf(match[1]!.toLowerCase())
  if (month < 0) return null
  return {
    year: Number(match[7]), month, day: Number(match[2]),
    hour: Number(match[3]), minute: Number(match[4]), second: Number(match[5] ?? 0), zone: match[6] ?? match[8],
  }
}

function readIso(text: string): Moment | null {
  const match = iso.exec(text)
  if (match === null) return null
  return {
    year: Number(match[1]), month: Number(match[2]) - 1, day: Number(match[3]),
    hour: Number(match[4] ?? 0), minute: Number(match[5] ?? 0), second: Number(match[6] ?? 0), zone: match[7],
  }
}

/** RFC 5322 §4.3: two digits below 50 are 20xx, else 19xx; three digits count from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year
  return digits.length === 3 ? 1900 + year : year
}

function instantOf(moment: Moment): number | null {
  const { year, month, day, hour, minute, second } = moment
  if (year < 1900 || year > 9999 || month > 11 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60) return null
  const local = Date.UTC(year, month, day, hour, minute, second)
  // 31 April is no day; a leap second may run over.
  if (new Date(Date.UTC(year, month, day)).getUTCDate() !== day) return null
  return local - zoneMinutes(moment.zone) * 60_000
}

function zoneMinutes(zone: string | undefined): number {
  if (zone === undefined) return 0
  const match = /^([+-])(\d{1,2}):?(\d{2})$/.exec(zone)
  if (match === null) return zones[zone.toLowerCase()] ?? 0
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return match[1] === '-' ? -minutes : minutes
}
