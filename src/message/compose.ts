/**
 * Small pure pieces for messages that the server itself writes or amends: bounces, notices, submitted mail.
 */
import { asBuffer, fieldName, isBlankLine, isContinuation, lineEnd, scanHeader } from './header.ts'

/** RFC 2047 §2: an encoded word has at most 75 characters; 45 bytes of UTF-8 make 60 of base64. */
const maxWordBytes = 45

const printable = /^[\x20-\x7e]*$/

/**
 * Header text (RFC 2047): printable ASCII as it is, everything else as UTF-8 encoded words in base64, folded between
 * words, NFC. Line breaks and controls become spaces, so that no text can add a field.
 */
export function encodeHeaderText(text: string): string {
  const plain = text.normalize('NFC').replace(/[\x00-\x1f\x7f\u2028\u2029]+/g, ' ').trim()
  if (printable.test(plain) && !plain.includes('=?')) return plain
  const words: string[] = []
  let word = ''
  let bytes = 0
  for (const char of plain) {
    const size = Buffer.byteLength(char)
    if (bytes + size > maxWordBytes) {
      words.push(word)
      word = ''
      bytes = 0
    }
    word += char
    bytes += size
  }
  words.push(word)
  return words.map((piece) => `=?UTF-8?B?${Buffer.from(piece, 'utf8').toString('base64')}?=`).join('\r\n ')
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (value: number): string => String(value).padStart(2, '0')

/** An instant as RFC 5322 §3.3 writes it, e.g. `Mon, 02 Jan 2023 10:00:00 +0700`. */
export function formatDate(epochMs: number, offsetMinutes: number): string {
  const local = new Date(epochMs + offsetMinutes * 60_000)
  const offset = Math.abs(offsetMinutes)
  const zone = `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(offset / 60))}${two(offset % 60)}`
  const day = `${days[local.getUTCDay()]}, ${two(local.getUTCDate())} ${months[local.getUTCMonth()]} ${String(local.getUTCFullYear()).padStart(4, '0')}`
  return `${day} ${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())} ${zone}`
}

/**
 * The message without the fields of its top header that have one of these names; all other bytes as they were. The
 * input itself when there is nothing to remove.
 * @param names lower case
 */
export function removeFields(bytes: Uint8Array, names: ReadonlySet<string>): Uint8Array {
  const buffer = asBuffer(bytes)
  const end = buffer.length
  const pieces: Buffer[] = []
  let at = 0
  let from = 0
  let removing = false
  while (at < end && !isBlankLine(buffer, at, end)) {
    const next = lineEnd(buffer, at, end)
    if (!isContinuation(buffer, at)) {
      const named = fieldName(buffer, at, next)
      const remove = named !== null && names.has(named.name)
      if (remove && !removing) pieces.push(buffer.subarray(from, at))
      if (!remove && removing) from = at
      removing = remove
    }
    at = next
  }
  if (removing) from = at
  if (pieces.length === 0 && from === 0) return bytes
  pieces.push(buffer.subarray(from))
  return Buffer.concat(pieces)
}

/** The bytes without these ranges, which are in order and apart. */
export function cutFields(bytes: Uint8Array, fields: readonly { readonly start: number; readonly end: number }[]): Buffer {
  const buffer = asBuffer(bytes)
  const pieces: Buffer[] = []
  let from = 0
  for (const { start, end } of fields) {
    pieces.push(buffer.subarray(from, start))
    from = end
  }
  pieces.push(buffer.subarray(from))
  return Buffer.concat(pieces)
}

/** Whether the top header has a field of this name (lower case). */
export function hasField(bytes: Uint8Array, name: string): boolean {
  return scanHeader(bytes).fields.some((field) => field.name === name)
}
