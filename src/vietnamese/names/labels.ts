/**
 * Labels of agencies, communes and units, proposed from their official names (Điều 4.1; R-4.1a to R-4.1c; decisions D-7,
 * D-21). Proposals only: the Sở owns the table, and uniqueness is enforced there. Throws UnsupportedLetter.
 */
import { foldName } from './fold-name.ts'
import { normaliseName } from './parse-name.ts'

/** Words without a meaning of their own, compared WITH accents: "Tài" is not "tại". */
const functionWords: ReadonlySet<string> = new Set(['và', 'với', 'của', 'các', 'những', 'thuộc', 'tại', 'về', 'cho', 'trong', 'ở'])
const communeTypes = /^(?:(?:ủy|uỷ) ban nhân dân |ubnd )?(?:xã|phường|đặc khu|thị trấn) /iu
const maxFullUnitLabel = 15

const wordsOf = (name: string): string[] => name.split(/[\s,;–-]+/u).filter((word) => word !== '')
const meaningful = (words: readonly string[]): string[] => words.filter((word) => !functionWords.has(word.toLocaleLowerCase('vi')))
/** HĐND, UBND, TTCĐS: abbreviations that stay whole. */
const isAbbreviation = (word: string): boolean => word.length > 1 && word === word.toLocaleUpperCase('vi') && /\p{Lu}/u.test(word)

function initialsOf(name: string): string {
  return meaningful(wordsOf(name)).map((word) => (isAbbreviation(word) ? foldName(word) : (foldName(word)[0] ?? ''))).join('')
}

/** Initials of a department's name; a commune's own name in full. */
export function proposeAgencyLabel(officialName: string): string {
  const name = normaliseName(officialName)
  const type = communeTypes.exec(name)
  return type === null ? initialsOf(name) : wordsOf(name.slice(type[0].length)).map(foldName).join('')
}

/** Local part of a unit's mailbox: the name in full without "Phòng" up to 15 characters, else initials with the type word (D-7). */
export function proposeUnitLocal(officialName: string, maxFull = maxFullUnitLabel): string {
  const name = normaliseName(officialName)
  if (wordsOf(name).length === 1) return foldName(name)
  const full = name
    .replace(/^phòng\s+/iu, '')
    .split(/\s*-\s*|\s*,\s*/)
    .map((piece) => wordsOf(piece).map(foldName).join(''))
    .filter((piece) => piece !== '')
    .join('-')
  return full.length <= maxFull ? full : initialsOf(name)
}
