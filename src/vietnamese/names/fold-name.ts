/**
 * The ASCII form of a name for an address (regulation, names §2.1): strict, because a wrong letter makes a wrong address.
 * What it does not know is refused with its code point, never guessed.
 */

/** Written in many ways; all of them join what stands around them ("H'Bia"). */
export const apostrophes = /['’‘ʼʻ`´′＇ꞌꞋʹʽ‛]/gu
export const dashes = /[-‐‑‒–—―−﹣－]/gu
/** Nothing to see: zero-width characters, soft hyphen, BOM, marks of direction. */
export const invisibles = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu

const letters: Readonly<Record<string, string>> = { đ: 'd', ð: 'd', ɖ: 'd', ƀ: 'b', ɓ: 'b', ŋ: 'ng', ı: 'i' }

export class UnsupportedLetter extends Error {
  readonly codePoint: string
  readonly word: string

  constructor(letter: string, word: string) {
    const codePoint = `U+${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
    super(`${codePoint} in "${word}"`)
    this.codePoint = codePoint
    this.word = word
  }
}

/** `[a-z0-9]*` of one word. Throws UnsupportedLetter. */
export function foldName(word: string): string {
  // Apostrophes first: ´ would decompose into a space and an accent.
  const bare = word.replace(apostrophes, '').replace(invisibles, '').normalize('NFKD').replace(/\p{Mn}/gu, '').toLowerCase()
  let out = ''
  for (const letter of bare) {
    const plain = letters[letter] ?? letter
    if (!/^[a-z0-9]+$/.test(plain)) throw new UnsupportedLetter(letter, word)
    out += plain
  }
  return out
}
