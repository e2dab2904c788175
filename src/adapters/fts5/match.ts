/**
 * A question about texts as expressions of FTS5's query language over the tables of columns.ts, and what a hit proves. Pure.
 *
 * A needle of three characters and more is looked for by its trigrams; a shorter one by all trigrams that the index knows to
 * begin with it, because each of its occurrences begins one of them.
 */
import type { TextQuestion } from '../../core/ports/full-text.ts'
import { type OwnColumn, ownColumns, sharedColumn, wholeBody, wholeHeader } from './columns.ts'

export interface Lookup {
  readonly table: 'words' | 'rest'
  readonly match: string
  /** A hit is an occurrence; else it may be one. */
  readonly exact: boolean
}

export interface Match {
  /** Every message that matches is among the hits of one of these; `all`: every message matches. */
  readonly lookups: readonly Lookup[] | 'all'
  /** Bits of {@link IndexedText.whole} without which a message that is not hit may match all the same. */
  readonly whole: number
}

/** Trigrams of a table that begin with `start`, at most `limit`. */
export type Vocabulary = (table: 'words' | 'rest', start: string, limit: number) => readonly string[]

const trigramChars = 3
/** Of a longer needle only so much is looked up, and its hits are no proof. */
const maxPhraseChars = 64
/** More alternatives than so many make a slow search and exclude little. */
const maxAlternatives = 256

/** Null when the question can't be answered from an index. */
export function matchOf(question: TextQuestion, vocabulary: Vocabulary): Match | null {
  const { needle } = question
  if (!isIndexable(needle)) return null
  if (question.area === 'header') return headerMatch(question.name, needle, vocabulary)
  const whole = question.area === 'body' ? wholeBody : wholeBody | wholeHeader
  if (needle === '') return { lookups: 'all', whole }
  const words = inWords(question.area === 'body' ? 'body' : null, needle, vocabulary)
  const rest = question.area === 'body' ? [] : inRest([needle], vocabulary)
  return words === null || rest === null ? null : { lookups: [...words, ...rest], whole }
}

function headerMatch(name: string, needle: string, vocabulary: Vocabulary): Match | null {
  const start = `\n${name}:`
  // A name that no line can have (search-plan.ts answers those itself), or one of characters that the tokenizer alters.
  if (/[:\s]/.test(name) || name === '' || !isIndexable(name)) return null
  if (ownColumns.includes(name as OwnColumn)) {
    const column = `h_${name}`
    if (needle === '') return { lookups: [{ table: 'words', match: `${column} : ${quoted(start)}`, exact: true }], whole: wholeHeader }
    const words = inWords(column, needle, vocabulary)
    const certain = !reachesInto(`${name}: `, needle)
    return words === null ? null : { lookups: words.map((lookup) => ({ ...lookup, exact: lookup.exact && certain })), whole: wholeHeader }
  }
  // Lines of several fields share these columns: a hit may be in another line than the name.
  const rest = inRest([start, ...(charsOf(needle).length < trigramChars ? [] : [needle])], vocabulary)
  if (rest === null) return null
  const lookups = rest.map((lookup) => ({ ...lookup, exact: false }))
  if (!sharedColumn.has(name)) return { lookups, whole: wholeHeader }
  const line = `fields : ${quoted(start)}`
  const more = charsOf(needle).length < trigramChars ? '' : ` AND fields : ${quoted(phrase(needle))}`
  return { lookups: [{ table: 'words', match: line + more, exact: needle === '' }, ...lookups], whole: wholeHeader }
}

/** Whether an occurrence of `needle` could begin in `label`, which stands before the text that is asked about. */
function reachesInto(label: string, needle: string): boolean {
  for (let at = 0; at < label.length; at++) {
    const end = label.slice(at)
    if (end.startsWith(needle) || needle.startsWith(end)) return true
  }
  return false
}

/** In one column of `words`, or in any. */
function inWords(column: string | null, needle: string, vocabulary: Vocabulary): readonly Lookup[] | null {
  const filter = column === null ? '' : `${column} : `
  if (charsOf(needle).length >= trigramChars) {
    const looked = phrase(needle)
    return [{ table: 'words', match: filter + quoted(looked), exact: looked === needle }]
  }
  return alternatives('words', needle, vocabulary, filter)
}

/** All trigrams of all of these; a single trigram that is there is an occurrence. */
function inRest(needles: readonly string[], vocabulary: Vocabulary): readonly Lookup[] | null {
  const [first] = needles
  if (needles.length === 1 && charsOf(first!).length < trigramChars) return alternatives('rest', first!, vocabulary, '')
  const trigrams = new Set(needles.flatMap((needle) => trigramsOf(phrase(needle))))
  const exact = needles.length === 1 && trigrams.size === 1 && charsOf(first!).length === trigramChars
  return [{ table: 'rest', match: [...trigrams].map(quoted).join(' AND '), exact }]
}

function alternatives(table: 'words' | 'rest', needle: string, vocabulary: Vocabulary, filter: string): readonly Lookup[] | null {
  const trigrams = vocabulary(table, needle, maxAlternatives + 1)
  if (trigrams.length > maxAlternatives) return null
  return trigrams.length === 0 ? [] : [{ table, match: `${filter}(${trigrams.map(quoted).join(' OR ')})`, exact: true }]
}

/** NUL ends a query, the tokenizer makes U+FFFE and U+FFFF to U+FFFD, and half a surrogate pair is no character. */
function isIndexable(needle: string): boolean {
  return !/[\0\n\ufffd-\uffff]/.test(needle) && needle.isWellFormed()
}

function phrase(needle: string): string {
  const chars = charsOf(needle)
  return chars.length <= maxPhraseChars ? needle : chars.slice(0, maxPhraseChars).join('')
}

function trigramsOf(text: string): string[] {
  const chars = charsOf(text)
  return chars.slice(0, Math.max(0, chars.length - trigramChars + 1)).map((_, at) => chars.slice(at, at + trigramChars).join(''))
}

function charsOf(text: string): readonly string[] {
  return Array.from(text)
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
