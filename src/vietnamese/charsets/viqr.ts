/**
 * VIQR (RFC 1456 §2): Vietnamese in ASCII, "Vie^.t Nam". Only for text that is labelled so: the marks are ordinary
 * punctuation elsewhere.
 */

const shapes: Readonly<Record<string, string>> = { '^': '\u0302', '(': '\u0306', '+': '\u031b' }
const shapedBy: Readonly<Record<string, string>> = { '^': 'aeo', '(': 'a', '+': 'ou', '*': 'ou' }
const tones: Readonly<Record<string, string>> = { "'": '\u0301', '`': '\u0300', '?': '\u0309', '~': '\u0303', '.': '\u0323' }

const unit = /\\(.)|(dd|DD|Dd|dD)|([aeiouyAEIOUY])([\^(+*])?(['`?~.])?/gs

/** VIQR text as NFC. A mark that cannot stand after its vowel is left as it is; a backslash takes a mark literally. */
export function decodeViqr(text: string): string {
  return text
    .replace(unit, (whole, literal?: string, dd?: string, vowel?: string, shape?: string, tone?: string) => {
      if (literal !== undefined) return literal
      if (dd !== undefined) return dd[0] === 'd' ? 'đ' : 'Đ'
      if (vowel === undefined) return whole
      if (shape !== undefined && !shapedBy[shape]!.includes(vowel.toLowerCase())) {
        return whole
      }
      const mark = shape === undefined ? '' : (shapes[shape] ?? '\u031b')
      return vowel + mark + (tone === undefined ? '' : tones[tone]!)
    })
    .normalize('NFC')
}
