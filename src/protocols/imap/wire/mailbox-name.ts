/**
 * Mailbox names on the wire: modified UTF-7 (RFC 3501 §5.1.3) ↔ NFC text; UTF-8 after ENABLE UTF8=ACCEPT or IMAP4rev2
 * (RFC 9051 §5.1).
 */
import { MailError } from '../../../core/errors.ts'
import { decodeUtf8 } from '../../shared/lexer.ts'

/**
 * The name a client means. Refuses `name-invalid`: 8-bit characters, an unfinished or damaged shift. A shift that writes
 * what needed none, or two in a row, is forbidden too but harmless: it is read.
 */
export function decodeMailboxName(wire: string, utf8: boolean): string {
  const name = utf8 ? decodeUtf8(wire) : decodeModifiedUtf7(wire)
  if (name === null) throw new MailError('name-invalid', utf8 ? 'Mailbox name is not UTF-8' : 'Mailbox name is not modified UTF-7')
  return name.normalize('NFC')
}

/** The name as a client of RFC 3501 reads it: only ASCII 0x20-0x7e. */
export function encodeModifiedUtf7(name: string): string {
  // Plain ASCII without & is itself.
  if (/^[\x20-\x25\x27-\x7e]*$/.test(name)) return name
  return name.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-'
    const units = Buffer.from(run, 'utf16le').swap16()
    return `&${units.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`
  })
}

/** Null when the text is not modified UTF-7. Characters that are not in a shift stay, wildcards too. */
export function decodeModifiedUtf7(wire: string): string | null {
  if (!/^[\x20-\x7e]*$/.test(wire)) return null
  if (!wire.includes('&')) return wire
  let broken = false
  const text = wire.replace(/&([A-Za-z0-9+,]*)(-?)/g, (_, shifted: string, end: string) => {
    if (end === '') broken = true
    if (shifted === '') return '&'
    const decoded = decodeShift(shifted)
    if (decoded === null) broken = true
    return decoded ?? ''
  })
  return broken ? null : text
}

/** Base64 of UTF-16BE without padding; null when units or surrogate pairs are cut. */
function decodeShift(shifted: string): string | null {
  if (shifted.length % 4 === 1) return null
  const bytes = Buffer.from(shifted.replaceAll(',', '/'), 'base64')
  if (bytes.length === 0 || bytes.length % 2 !== 0) return null
  const text = bytes.swap16().toString('utf16le')
  return text.isWellFormed() ? text : null
}

/** A reference or pattern of LIST with its wildcards; null: no name can match it. */
export function decodeListPattern(wire: string, utf8: boolean): string | null {
  return (utf8 ? decodeUtf8(wire) : decodeModifiedUtf7(wire))?.normalize('NFC') ?? null
}
