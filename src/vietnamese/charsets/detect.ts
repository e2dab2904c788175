/**
 * Which Vietnamese encoding are these bytes in? (regulation 3-charsets §3.4). Each candidate decoder is scored by the
 * share of words with bytes above 0x7F that it turns into well-formed syllables; the best one is believed when it
 * reaches 0.6 and lies 0.15 above windows-1252, so French, Spanish or German text stays what it is.
 */
import { decodeUtf8, decodeVietnamese } from './legacy.ts'
import type { VietnameseCharset } from './labels.ts'
import { mapBytes, windows1252 } from './single-byte.ts'
import { isCommonSyllable, syllableScore } from './syllable.ts'

/** Ties go to the earlier one. */
const candidates: readonly VietnameseCharset[] = ['windows-1258', 'tcvn3', 'vni', 'viscii', 'vps']

const acceptedScore = 0.6
const requiredLead = 0.15

/** Enough words to decide; more would only cost time on long foreign texts. */
const maxWords = 96
/** A longer run without a space is not a word (base64, a table drawn with letters). */
const maxWordBytes = 40

/** A declared Vietnamese charset is doubted when its own reading scores below this… */
const doubtfulScore = 0.4
/** …on at least this many words, and another one scores at least this. */
const minWordsForDoubt = 3
const convincingScore = 0.85

interface Reading {
  readonly charset: VietnameseCharset
  readonly score: number
  readonly common: number
}

/**
 * The charset that reads these bytes (which are not valid UTF-8) as Vietnamese, or null when none does. A single word
 * is believed only when it cannot be windows-1252.
 */
export function detect(bytes: Uint8Array): VietnameseCharset | null {
  const found = highWords(bytes)
  if (found.length === 0) return null
  const western = scoreWords(found.map((word) => mapBytes(word, windows1252)))
  if (western === null) return null
  const best = bestReading(found)
  if (best === null || best.score < acceptedScore || best.score < western.score + requiredLead) return null
  if (found.length === 1 && !found.some((word) => impossibleInWindows1252(mapBytes(word, windows1252)))) return null
  return best.charset
}

/**
 * A better charset for bytes that were declared to be in `declared`, or null when the label can be believed.
 */
export function distrusts(bytes: Uint8Array, declared: VietnameseCharset): VietnameseCharset | 'utf-8' | null {
  const found = highWords(bytes)
  if (found.length < minWordsForDoubt) return null
  const own = scoreWords(found.map((word) => decodeVietnamese(word, declared)))
  if (own === null || own.score >= doubtfulScore) return null
  if (decodeUtf8(bytes) !== null) return 'utf-8'
  const best = bestReading(found)
  return best !== null && best.charset !== declared && best.score >= convincingScore ? best.charset : null
}

/** Whether the first reading of some words is better Vietnamese than the second. */
export function readsBetter(reading: string, than: string): boolean {
  const first = scoreWords([reading])
  const second = scoreWords([than])
  return first !== null && (second === null || first.score > second.score)
}

function bestReading(found: readonly Uint8Array[]): Reading | null {
  let best: Reading | null = null
  for (const charset of candidates) {
    const scored = scoreWords(found.map((word) => decodeVietnamese(word, charset)))
    if (scored === null) continue
    if (best === null || scored.score + scored.common > best.score + best.common) best = { charset, ...scored }
  }
  return best
}

/** The distinct words that hold a byte above 0x7F (or a letter of VISCII or VN1 in C0), in order. */
function highWords(bytes: Uint8Array): Uint8Array[] {
  const found = new Map<string, Uint8Array>()
  let start = -1
  let high = false
  for (let index = 0; index <= bytes.length; index++) {
    const byte = bytes[index] ?? 0x20
    if (isWordByte(byte)) {
      if (start < 0) start = index
      if (byte > 0x7f) high = true
      continue
    }
    if (high && index - start <= maxWordBytes) {
      const word = bytes.subarray(start, index)
      found.set(Buffer.from(word).toString('latin1'), word)
      if (found.size === maxWords) break
    }
    start = -1
    high = false
  }
  return [...found.values()]
}

function isWordByte(byte: number): boolean {
  if (byte > 0x7f || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)) return true
  return byte < 0x20 && byte !== 0 && (byte < 0x07 || byte > 0x0d) && byte !== 0x1b
}

const inner = /[\s\u00a0\u2013\u2014\u2026]+/
const edges = /^[\u2018\u2019\u201a\u201c\u201d\u201e«•·©®°§¶™(]+|[\u2018\u2019\u201a\u201c\u201d\u201e»•·©®°™]+$/g
const onlyLetters = /^[\p{L}\p{M}]+$/u

/** Mean syllable score and a small bonus for frequent words; null when nothing but punctuation is there. */
function scoreWords(texts: readonly string[]): { score: number; common: number } | null {
  let total = 0
  let sum = 0
  let frequent = 0
  for (const text of texts) {
    for (const piece of text.split(inner)) {
      const word = piece.replace(edges, '')
      if (word === '') continue
      total++
      if (!onlyLetters.test(word)) continue
      sum += syllableScore(word)
      if (isCommonSyllable(word)) frequent++
    }
  }
  return total === 0 ? null : { score: sum / total, common: (0.2 * frequent) / total }
}

/** Signs between letters, capitals inside a word, three accents in a row: nobody wrote that in windows-1252. */
function impossibleInWindows1252(word: string): boolean {
  const plain = word.replace(edges, '')
  return !onlyLetters.test(plain) || /\p{Ll}\p{Lu}|[\u0080-\uffff]{3}/u.test(plain)
}
