/**
 * Header fields as they stand: RFC 5322 §2.2, §3.6.8. Fields are found by byte offsets; nothing is decoded.
 *
 * Lines end in CRLF or in a bare LF, also mixed. A line that is no field and no continuation (an mbox `From ` line,
 * noise) belongs to no field and is skipped. Values are handed out as latin1 text, one character a byte, so that raw
 * 8-bit headers of any charset come through.
 */
import type { HeaderField } from './types.ts'

const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a

/** A name longer than this is noise before a colon, not the name of a field. */
const maxNameBytes = 256

/** Whether a line that starts at `start` is a field; its name (lower case) and the offset after the colon. */
export function fieldName(bytes: Buffer, start: number, end: number): { name: string; valueStart: number } | null {
  const limit = Math.min(end, start + maxNameBytes)
  let index = start
  while (index < limit) {
    const byte = bytes[index]!
    if (byte === COLON) break
    if (byte <= SPACE || byte >= 0x7f) {
      // RFC 5322 §4.5: white space before the colon was once allowed.
      if (byte !== SPACE && byte !== TAB) return null
      let after = index
      while (after < limit && (bytes[after] === SPACE || bytes[after] === TAB)) after++
      if (bytes[after] !== COLON || after >= limit || index === start) return null
      return { name: bytes.toString('latin1', start, index).toLowerCase(), valueStart: after + 1 }
    }
    index++
  }
  if (index >= limit || index === start) return null
  return { name: bytes.toString('latin1', start, index).toLowerCase(), valueStart: index + 1 }
}

/** Whether the line that starts at `start` is blank (only its line end); `end` is the end of the buffer. */
export function isBlankLine(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start]
  return start < end && (first === LF || (first === CR && start + 1 < end && bytes[start + 1] === LF))
}

/** Whether a line is the continuation of the one before. */
export function isContinuation(bytes: Buffer, start: number): boolean {
  const first = bytes[start]
  return first === SPACE || first === TAB
}

/** The offset after the LF of the line that starts at `start`, or `end`. */
export function lineEnd(bytes: Buffer, start: number, end: number): number {
  const found = bytes.indexOf(LF, start)
  return found < 0 || found >= end ? end : found + 1
}

/** The value of a field: unfolded (RFC 5322 §2.2.3), surrounding white space removed, latin1. */
export function fieldValue(bytes: Buffer, field: Pick<HeaderField, 'valueStart' | 'end'>): string {
  return unfold(bytes.toString('latin1', field.valueStart, field.end))
}

/** Removes the line breaks of folding and the white space around a value. */
export function unfold(value: string): string {
  const trimmed = trimSpace(value)
  return trimmed.includes('\n') ? trimmed.replace(/\r?\n/g, '') : trimmed
}

/**
 * The text without space, tab, CR and LF at its ends. Not `trim`: that takes U+00A0 too, which as latin1 is the last
 * byte of "à" in UTF-8.
 */
export function trimSpace(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isSpace(value.charCodeAt(start))) start++
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB || code === CR || code === LF
}

/** A view of the bytes as a Buffer, without copying. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The fields of the header at the start of `bytes`, with the offset of the body; no limits but the buffer's end. */
export function scanHeader(bytes: Uint8Array, start = 0): { fields: HeaderField[]; bodyStart: number } {
  const buffer = asBuffer(bytes)
  const fields: HeaderField[] = []
  const length = buffer.length
  let at = start
  let open: { name: string; start: number; valueStart: number } | null = null
  const close = (end: number): void => {
    if (open !== null) fields.push({ ...open, end })
    open = null
  }
  while (at < length) {
    if (isBlankLine(buffer, at, length)) {
      close(at)
      return { fields, bodyStart: lineEnd(buffer, at, length) }
    }
    const next = lineEnd(buffer, at, length)
    if (!isContinuation(buffer, at)) {
      close(at)
      const named = fieldName(buffer, at, next)
      if (named !== null) open = { name: named.name, start: at, valueStart: named.valueStart }
    }
    at = next
  }
  close(length)
  return { fields, bodyStart: length }
}
