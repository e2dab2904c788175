/** The forms of a personal address (Điều 4.2a, 4.2b, 4.2c; decisions D-3, D-6). Pure. */
import { foldName } from './fold-name.ts'
import type { PersonName } from './parse-name.ts'

/** Given name in full, then initials of family and middle names. */
export function baseForm({ family, middle, given }: PersonName): string {
  return given.map(foldName).join('') + initials(family) + initials(middle)
}

/** Adjacent middle name and given name in full, then initials of the family and of all other middle names; null without a middle name. */
export function extendedForm({ family, middle, given }: PersonName): string | null {
  const adjacent = middle.at(-1)
  return adjacent === undefined ? null : foldName(adjacent) + given.map(foldName).join('') + initials(family) + initials(middle.slice(0, -1))
}

function initials(words: readonly string[]): string {
  return words.map((word) => foldName(word)[0] ?? '').join('')
}

export interface Origin {
  readonly birthDate: Temporal.PlainDate | null
  readonly homeTown: string | null
  readonly birthPlace: string | null
}

/** Điều 4.2c, cumulative and of fixed width: dd, ddmm, ddmmyyyy, + home town, + birth place. Stops at what is not known. */
export function suffixes({ birthDate, homeTown, birthPlace }: Origin): string[] {
  if (birthDate === null) return []
  const two = (n: number): string => String(n).padStart(2, '0')
  const day = two(birthDate.day)
  const month = day + two(birthDate.month)
  const year = month + String(birthDate.year).padStart(4, '0')
  const levels = [day, month, year]
  if (homeTown === null) return levels
  levels.push(year + place(homeTown))
  if (birthPlace !== null) levels.push(year + place(homeTown) + place(birthPlace))
  return levels
}

const place = (name: string): string => name.normalize('NFC').split(/[\s,.-]+/).map(foldName).join('')
