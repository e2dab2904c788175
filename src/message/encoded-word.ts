/**
 * Header text as people read it: RFC 2047 encoded words, raw 8-bit bytes in any charset, and what mail programs make
 * of both. Output is NFC.
 *
 * Differences to the letter of RFC 2047, all seen in real mail: words inside quoted strings are decoded; the bytes of
 * neighbouring words in one charset are joined before they are decoded (many programs cut UTF-8 in the middle of a
 * letter); spaces inside a Q word are allowed.
 */
import { decodeText } from '../vietnamese/charsets/decode.ts'
import { decodeReferences } from '../vietnamese/charsets/references.ts'

const encodedWord = /=\?([^\s?=*]{1,60})(?:\*[^\s?]{0,40})?\?([BbQq])\?([^?\r\n]*)\?=/g

/** Decodes an unfolded header value given as latin1 (one character a byte). */
export function decodeHeaderText(raw: string): string {
  if (isPlain(raw)) return decodeReferences(raw)
  if (!raw.includes('=?')) return decodeReferences(decodeRaw(raw))
  let text = ''
  let last = 0
  let pending: { charset: string; bytes: Buffer[] } | null = null
  const flush = (): void => {
    if (pending !== null) text += decodeText(Buffer.concat(pending.bytes), pending.charset).text
    pending = null
  }
  for (const match of raw.matchAll(encodedWord)) {
    const between = raw.slice(last, match.index)
    const charset = match[1]!.toLowerCase()
    // RFC 2047 §6.2: white space between two encoded words is not shown.
    if (pending === null || /[^ \t]/.test(between) || pending.charset !== charset) {
      const silent = pending !== null && !/[^ \t]/.test(between)
      flush()
      if (!silent) text += decodeRaw(between)
      pending = { charset, bytes: [] }
    }
    pending.bytes.push(wordBytes(match[2]!, match[3]!))
    last = match.index + match[0].length
  }
  flush()
  return decodeReferences((text + decodeRaw(raw.slice(last))).normalize('NFC'))
}

const plainAscii = /^[\x00-\x7f]*$/

function isPlain(raw: string): boolean {
  return !raw.includes('=?') && plainAscii.test(raw)
}

function decodeRaw(raw: string): string {
  return plainAscii.test(raw) ? raw : decodeText(Buffer.from(raw, 'latin1'), null).text
}

function wordBytes(encoding: string, payload: string): Buffer {
  if (encoding === 'B' || encoding === 'b') return Buffer.from(payload, 'base64')
  const text = payload.replace(/_/g, ' ').replace(/=([0-9a-f]{2})/gi, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(text, 'latin1')
}
