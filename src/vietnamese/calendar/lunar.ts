/**
 * The Vietnamese lunar calendar at UTC+7, from new moons and solar longitudes (J. Meeus, Astronomical Algorithms, 1998,
 * chapters 25 and 49, in the short form of Hồ Ngọc Đức). Good to a few minutes between 1900 and 2100, which decides the day
 * but for new moons within minutes of midnight. Chinese tables differ: Tết 2030 is 02/02 here and 03/02 there.
 */

const zoneDays = 7 / 24
const degrees = Math.PI / 180
const synodicMonthDays = 29.530588853
/** Julian day of the new moon that is number 0 (1900-01-01). */
const firstNewMoon = 2415021.076998695

/** Julian day number of a civil date. */
function julianDay(date: Temporal.PlainDate): number {
  return date.since({ year: 1970, month: 1, day: 1 }, { largestUnit: 'days' }).days + 2440588
}

function civilDate(julian: number): Temporal.PlainDate {
  return Temporal.PlainDate.from({ year: 1970, month: 1, day: 1 }).add({ days: julian - 2440588 })
}

/** Julian day (with fraction, UT) of new moon number `k`. */
function newMoon(k: number): number {
  const t = k / 1236.85
  const mean = 2415020.75933 + 29.53058868 * k + 0.0001178 * t ** 2 - 0.000000155 * t ** 3 + 0.00033 * Math.sin((166.56 + 132.87 * t - 0.009173 * t ** 2) * degrees)
  const sun = (359.2242 + 29.10535608 * k - 0.0000333 * t ** 2 - 0.00000347 * t ** 3) * degrees
  const moon = (306.0253 + 385.81691806 * k + 0.0107306 * t ** 2 + 0.00001236 * t ** 3) * degrees
  const node = (21.2964 + 390.67050646 * k - 0.0016528 * t ** 2 - 0.00000239 * t ** 3) * degrees
  const correction =
    (0.1734 - 0.000393 * t) * Math.sin(sun) + 0.0021 * Math.sin(2 * sun) - 0.4068 * Math.sin(moon) + 0.0161 * Math.sin(2 * moon) -
    0.0004 * Math.sin(3 * moon) + 0.0104 * Math.sin(2 * node) - 0.0051 * Math.sin(sun + moon) - 0.0074 * Math.sin(sun - moon) +
    0.0004 * Math.sin(2 * node + sun) - 0.0004 * Math.sin(2 * node - sun) - 0.0006 * Math.sin(2 * node + moon) +
    0.001 * Math.sin(2 * node - moon) + 0.0005 * Math.sin(2 * moon + sun)
  const deltaT = t < -11
    ? 0.001 + 0.000839 * t + 0.0002261 * t ** 2 - 0.00000845 * t ** 3 - 0.000000081 * t ** 4
    : -0.000278 + 0.000265 * t + 0.000262 * t ** 2
  return mean + correction - deltaT
}

/** The day, in Vietnam, on which new moon number `k` falls. */
function newMoonDay(k: number): number {
  return Math.floor(newMoon(k) + 0.5 + zoneDays)
}

/** Which of the twelve sectors of 30° the sun is in at the start of that day in Vietnam. */
function sunSector(day: number): number {
  const t = (day - 0.5 - zoneDays - 2451545) / 36525
  const anomaly = (357.5291 + 35999.0503 * t - 0.0001559 * t ** 2 - 0.00000048 * t ** 3) * degrees
  const mean = 280.46645 + 36000.76983 * t + 0.0003032 * t ** 2
  const centre = (1.9146 - 0.004817 * t - 0.000014 * t ** 2) * Math.sin(anomaly) + (0.019993 - 0.000101 * t) * Math.sin(2 * anomaly) + 0.00029 * Math.sin(3 * anomaly)
  const longitude = (((mean + centre) % 360) + 360) % 360
  return Math.floor(longitude / 30)
}

/** Number of the new moon that begins month 11 of the lunar year: the month with the winter solstice of `year`. */
function monthEleven(year: number): number {
  const k = Math.floor((julianDay(Temporal.PlainDate.from({ year, month: 12, day: 31 })) - firstNewMoon) / synodicMonthDays)
  // The sun must not have passed the solstice (270°) before the month begins.
  return sunSector(newMoonDay(k)) >= 9 ? k - 1 : k
}

/** How many months after month 11 the leap month lies: the first in which the sun enters no sector. */
function leapOffset(eleven: number): number {
  let offset = 1
  let sector = sunSector(newMoonDay(eleven + offset))
  for (;;) {
    const last = sector
    offset += 1
    sector = sunSector(newMoonDay(eleven + offset))
    if (sector === last || offset >= 14) return offset - 1
  }
}

/** The civil date of a lunar date of the year that begins with Tết in `year`. Not for leap months. */
export function lunarToCivil(year: number, month: number, day: number): Temporal.PlainDate {
  const before = monthEleven(year - 1)
  const after = monthEleven(year)
  let offset = month - 11
  if (offset < 0) offset += 12
  // Thirteen months between two solstices: one of them is leap and pushes those behind it.
  const from = month >= 11 ? after : before
  const to = month >= 11 ? monthEleven(year + 1) : after
  if (to - from === 13 && offset >= leapOffset(from)) offset += 1
  return civilDate(newMoonDay(from + offset) + day - 1)
}

/** First day of the lunar new year. */
export const tet = (year: number): Temporal.PlainDate => lunarToCivil(year, 1, 1)

/** Giỗ Tổ Hùng Vương: the tenth of the third lunar month. */
export const ancestorsDay = (year: number): Temporal.PlainDate => lunarToCivil(year, 3, 10)
