/**
 * From a full name as it is written to family, middle and given names (requirements §1.4, names §2.2, D-20). A proposal: the
 * three fields that an officer fills in win, and what is flagged must be confirmed by a person.
 */
import { detect } from '../charsets/detect.ts'
import { decodeVietnamese } from '../charsets/legacy.ts'
import { windows1252Bytes } from '../charsets/mojibake.ts'
import { compoundFamilies, trailingClans } from './clans.ts'
import { apostrophes, dashes, foldName, invisibles, UnsupportedLetter } from './fold-name.ts'

export type NameFlag = 'confirm' | 'no-family' | 'family-last' | 'single-token' | 'eth-for-d'

export interface PersonName {
  /** As written: NFC, one space between words. */
  readonly full: string
  readonly family: readonly string[]
  readonly middle: readonly string[]
  readonly given: readonly string[]
  readonly flags: readonly NameFlag[]
}

export type NameReading =
  | { readonly kind: 'name'; readonly name: PersonName }
  | { readonly kind: 'empty' }
  /** Control characters. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unsupported'; readonly codePoint: string; readonly word: string }
  /** Digits or punctuation: a person must look. */
  | { readonly kind: 'needs-human'; readonly reason: string }
  /** Looks like bytes of an old encoding: show both, ask. */
  | { readonly kind: 'legacy'; readonly charset: string; readonly converted: string; readonly asTyped: Exclude<NameReading, { readonly kind: 'legacy' }> }

export function readName(raw: string): NameReading {
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(raw)) return { kind: 'refused', reason: 'control character' }
  // Before anything is removed: the ư of TCVN3 is a soft hyphen.
  const legacy = suspectLegacy(raw)
  const asTyped = readTyped(raw)
  return legacy === null ? asTyped : { kind: 'legacy', ...legacy, asTyped }
}

function suspectLegacy(raw: string): { charset: string; converted: string } | null {
  const bytes = windows1252Bytes(raw.normalize('NFC'))
  const charset = bytes === null ? null : detect(bytes)
  return charset === null ? null : { charset, converted: decodeVietnamese(bytes!, charset).normalize('NFC') }
}

function readTyped(raw: string): Exclude<NameReading, { kind: 'legacy' }> {
  const full = normaliseName(raw)
  if (full === '') return { kind: 'empty' }
  if (/[\d.,()/&@;:!?"<>[\]{}|\\_=+*#%$^~]/.test(full)) return { kind: 'needs-human', reason: 'punctuation or digits' }
  const words = wordsOf(full)
  try {
    if (words.some((word) => foldName(word) === '')) return { kind: 'needs-human', reason: 'a word without letters' }
  } catch (error) {
    if (!(error instanceof UnsupportedLetter)) throw error
    return { kind: 'unsupported', codePoint: error.codePoint, word: error.word }
  }
  if (words.length === 0) return { kind: 'empty' }
  const eth = /[ðÐ]/.test(full) ? (['eth-for-d'] as const) : []
  const { family, middle, given, flags } = split(words)
  return { kind: 'name', name: { full, family, middle, given, flags: [...flags, ...eth] } }
}

/** NFC, one kind of apostrophe and of hyphen, one space, nothing invisible. */
export function normaliseName(raw: string): string {
  return raw
    .normalize('NFC')
    .replace(apostrophes, "'")
    .replace(dashes, '-')
    .replace(invisibles, '')
    .replace(/[\s\u00a0]+/gu, ' ')
    .trim()
}

/** A hyphen separates words, but "H-Bia" is "H'Bia". */
function wordsOf(full: string): string[] {
  return full
    .replace(/(^|\s)([HYKhyk])-(?=\p{L})/gu, "$1$2'")
    .split(/[\s-]+/)
    .filter((word) => word !== '')
}

const joinedMarker = /^[HYK]'./iu
const isLone = (word: string, marker: string): boolean => word.toUpperCase() === marker

type Split = Pick<PersonName, 'family' | 'middle' | 'given' | 'flags'>

function split(words: readonly string[]): Split {
  if (words.length === 1) return { family: [], middle: [], given: words, flags: ['single-token'] }
  const [first] = words as [string, ...string[]]
  const marked = joinedMarker.test(first) || isLone(first, 'H') || isLone(first, 'Y') || (isLone(first, 'A') && words.length === 2)
  return marked ? splitMarked(words) : splitFamilyFirst(words)
}

/** Given name first: the clan, if it is known, stands last. */
function splitMarked(words: readonly string[]): Split {
  const clan = longest(trailingClans, (size) => words.slice(-size), words.length - 1)
  if (clan === 0) return { family: [], middle: [], given: words, flags: ['no-family', 'confirm'] }
  return { family: words.slice(-clan), middle: [], given: words.slice(0, -clan), flags: ['family-last'] }
}

function splitFamilyFirst(words: readonly string[]): Split {
  const size = longest(compoundFamilies, (count) => words.slice(0, count), words.length - 1) || 1
  const family = words.slice(0, size)
  const rest = words.slice(size)
  const marker = rest.findIndex((word) => joinedMarker.test(word) || isLone(word, 'H') || isLone(word, 'Y'))
  if (marker < 0) return { family, middle: rest.slice(0, -1), given: rest.slice(-1), flags: [] }
  const given = rest.slice(marker)
  return { family, middle: rest.slice(0, marker), given, flags: given.length > 1 ? ['confirm'] : [] }
}

/** How many words the longest listed name has that stands there; 0 when none does. */
function longest(list: readonly string[], take: (size: number) => readonly string[], most: number): number {
  const known = new Set(list.map((name) => name.split(' ').map(foldName).join(' ')))
  for (let size = Math.min(most, 4); size > 0; size--) if (known.has(take(size).map(foldName).join(' '))) return size
  return 0
}
