/**
 * Mojibake: UTF-8 or legacy Vietnamese bytes that some program read as windows-1252 and encoded as UTF-8 again, so
 * that "Việt" stands as "Viá»‡t" (regulation 3-charsets §3.2, last row, and §3.4).
 *
 * Text that holds a letter outside windows-1252 was never mangled so and is never touched ("Hoà" in Unicode would be
 * "Hồ" in VNI), nor is a single word.
 */
import { detect } from './detect.ts'
import { decodeUtf8, decodeVietnamese } from './legacy.ts'
import { windows1252 } from './single-byte.ts'

const toByte = new Map<number, number>()
for (let byte = 0; byte < 256; byte++) toByte.set(windows1252[byte]!, byte)

/** Sequences of bytes above 0x7F that must have been UTF-8 before a text is taken for mangled UTF-8. */
const minSequences = 2

/** Letters alone ("â: à") prove nothing: words of this length, so many of them, must speak for a legacy encoding. */
const minWordLetters = 2
const minWords = 2
const notLetters = /[^\p{L}\p{M}\u00a1-\u00bf]+/u

/** The bytes whose windows-1252 reading `text` is; null when a character is not in windows-1252 or all is ASCII. */
export function windows1252Bytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length)
  let high = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    const byte = code < 0x80 ? code : toByte.get(code)
    if (byte === undefined) return null
    if (byte > 0x7f) high = true
    bytes[index] = byte
  }
  return high ? bytes : null
}

/** The text as it was before it was mangled (NFC), or null when it was not. */
export function repairMojibake(text: string): string | null {
  const bytes = windows1252Bytes(text)
  if (bytes === null) return null
  const utf8 = readUtf8(bytes)
  if (utf8 !== null) return utf8
  if (text.split(notLetters).filter((word) => word.length >= minWordLetters && /[^\x00-\x7f]/.test(word)).length < minWords) return null
  const charset = detect(bytes)
  return charset === null ? null : decodeVietnamese(bytes, charset)
}

function readUtf8(bytes: Uint8Array): string | null {
  let sequences = 0
  for (let index = 1; index < bytes.length; index++) if (bytes[index]! > 0x7f && bytes[index - 1]! >= 0xc2) sequences++
  if (sequences < minSequences) return null
  return decodeUtf8(bytes)
}
