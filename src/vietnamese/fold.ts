/**
 * Folding of text for search and comparison: no accents, no đ, lower case (regulation 3-charsets §3.1; design §5.8).
 *
 * `fold` never depends on how the text was composed: NFC, NFD and half-decomposed ("Unicode tổ hợp") spellings of the
 * same letters give the same result. It is idempotent. Invisible characters that word processors put inside words
 * (soft hyphen, zero-width space, byte order mark) are dropped and every space character becomes U+0020, because a
 * reader who searches cannot see them.
 */

/** Code points the table covers; all Vietnamese text and its usual punctuation lie below. */
const tableSize = 0x2100

/** Table value: the character is dropped. */
export const dropped = 0
/** Table value: the character needs the slow path (it folds to several code units, or it is not in the table). */
export const slow = 0xffff

/** Letters with a stroke or a hook that Unicode does not decompose, and ligatures. */
const strokes: Readonly<Record<string, string>> = {
  đ: 'd', ð: 'd', ɖ: 'd', ƀ: 'b', ħ: 'h', ı: 'i', ł: 'l', ø: 'o', ŧ: 't', ƶ: 'z', ǥ: 'g', ɨ: 'i', ɫ: 'l', ɵ: 'o', ʉ: 'u',
  ɓ: 'b', ƈ: 'c', ɗ: 'd', ƒ: 'f', ɠ: 'g', ƙ: 'k', ɲ: 'n', ŋ: 'n', ƥ: 'p', ƭ: 't', ƴ: 'y', ɛ: 'e', ɔ: 'o',
  ß: 'ss', æ: 'ae', œ: 'oe', þ: 'th', 'ĳ': 'ij', ﬁ: 'fi', ﬂ: 'fl', ﬀ: 'ff', ﬃ: 'ffi', ﬄ: 'ffl',
}

const combiningMarks = new RegExp(String.raw`[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]`, 'g')
const invisible = /[\u00ad\u200b-\u200f\u2060\ufeff]/g
const spaces = /[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g
const stroked = new RegExp(`[${Object.keys(strokes).join('')}]`, 'g')
const ascii = /^[\x00-\x7f]*$/

function foldSlowly(text: string): string {
  return text
    .normalize('NFD')
    .replace(combiningMarks, '')
    .replace(invisible, '')
    .replace(spaces, ' ')
    .toLowerCase()
    // Lower case may bring a mark back (İ → i + U+0307).
    .replace(combiningMarks, '')
    .replace(stroked, (letter) => strokes[letter] ?? letter)
    // Hangul was taken apart by NFD: put it together again.
    .normalize('NFC')
}

function buildTable(): Uint16Array {
  const table = new Uint16Array(tableSize)
  for (let code = 0; code < tableSize; code++) {
    const folded = foldSlowly(String.fromCharCode(code))
    if (folded.length === 0) table[code] = dropped
    else table[code] = folded.length === 1 ? folded.charCodeAt(0) : slow
  }
  // Scripts whose marks are parts of letters must be composed again, which only the slow path does.
  table.fill(slow, 0x0370, 0x1e00)
  table[0] = slow
  return table
}

/** The folded unit of each code below its length; {@link dropped}, {@link slow} (so is every code beyond). */
export const foldTable = buildTable()

/**
 * The text without accents, with đ as d, in lower case: "Đặng Quốc Khánh" → "dang quoc khanh".
 * Any string is accepted (lone surrogates stay as they are); ASCII text costs one lower-casing.
 */
export function fold(text: string): string {
  if (ascii.test(text)) return text.toLowerCase()
  const length = text.length
  const units = new Uint16Array(length)
  let written = 0
  let allBits = 0
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    const unit = code < tableSize ? foldTable[code]! : slow
    if (unit === slow) return foldSlowly(text)
    if (unit === dropped) continue
    units[written++] = unit
    allBits |= unit
  }
  if (allBits < 0x100) return Buffer.from(units.subarray(0, written)).toString('latin1')
  return Buffer.from(units.buffer, 0, written * 2).toString('utf16le')
}

/** `fold`, with white space collapsed and trimmed: two texts a reader takes for the same have the same key. */
export function foldKey(text: string): string {
  return fold(text).replace(/\s+/g, ' ').trim()
}
