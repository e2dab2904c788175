/**
 * Character references in text that is not HTML: old web forms wrote "Vi&#7879;t Nam" into subjects and plain text
 * (regulation 3-charsets §3.2, row NCR).
 */

const reference = /&#(?:x([0-9a-f]{2,4})|([0-9]{2,5}));/gi

/** Fewer references may be meant literally, as in a text about HTML. */
const minReferences = 2

/** Letters of Vietnamese above ASCII. */
function isVietnamese(code: number): boolean {
  return (code >= 0xc0 && code <= 0x1b0) || (code >= 0x1ea0 && code <= 0x1ef9) || (code >= 0x300 && code <= 0x323)
}

/** The text with its references to Vietnamese letters replaced (NFC), when there are at least two of them. */
export function decodeReferences(text: string): string {
  if (!text.includes('&#')) return text
  let found = 0
  const decoded = text.replace(reference, (whole, hex: string | undefined, decimal: string | undefined) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    if (!isVietnamese(code)) return whole
    found++
    return String.fromCharCode(code)
  })
  return found >= minReferences ? decoded.normalize('NFC') : text
}
