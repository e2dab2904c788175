/**
 * Content-Transfer-Encoding: RFC 2045 §6.7 (quoted-printable), §6.8 (base64), and uuencode as it was once sent. Never
 * fails: what is not encoded correctly comes out as well as it can.
 */

/** The bytes that an encoded body stands for; unknown and identity encodings give the body itself, uncopied. */
export function decodeTransfer(body: Buffer, encoding: string): Buffer {
  switch (encoding) {
    case 'base64':
      return decodeBase64(body.toString('latin1'))
    case 'quoted-printable':
      return decodeQuotedPrintable(body)
    case 'x-uuencode':
    case 'uuencode':
    case 'x-uue':
      return decodeUuencode(body.toString('latin1'))
    default:
      return body
  }
}

/** More pieces than any program joins: then the padding is noise. */
const maxPieces = 1000

/** Base64 with anything else between its letters ignored; padding in the middle (joined pieces) starts a new piece. */
export function decodeBase64(text: string): Buffer {
  const padding = text.indexOf('=')
  if (padding < 0 || !/[A-Za-z0-9+/]/.test(text.slice(padding))) return Buffer.from(text, 'base64')
  const pieces = text.split(/=+/, maxPieces + 1)
  if (pieces.length > maxPieces) return Buffer.from(text.replaceAll('=', ''), 'base64')
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64')))
}

const LF = 0x0a
const CR = 0x0d
const EQUALS = 0x3d

/** Quoted-printable; a bad escape stands for itself, white space before a line end is transport padding. */
export function decodeQuotedPrintable(body: Buffer): Buffer {
  const decoded = Buffer.allocUnsafe(body.length)
  let written = 0
  let at = 0
  while (at < body.length) {
    const byte = body[at]!
    if (byte === EQUALS) {
      const high = hexDigit(body[at + 1])
      const low = hexDigit(body[at + 2])
      if (high >= 0 && low >= 0) {
        decoded[written++] = (high << 4) | low
        at += 3
        continue
      }
      const next = softBreakEnd(body, at + 1)
      if (next > 0) {
        at = next
        continue
      }
    } else if (byte === 0x20 || byte === 0x09) {
      const stop = spacesEnd(body, at)
      if (stop === body.length || body[stop] === LF || (body[stop] === CR && body[stop + 1] === LF)) {
        at = stop
        continue
      }
      while (at < stop) decoded[written++] = body[at++]!
      continue
    }
    decoded[written++] = byte
    at++
  }
  return decoded.subarray(0, written)
}

function spacesEnd(body: Buffer, start: number): number {
  let at = start
  while (body[at] === 0x20 || body[at] === 0x09) at++
  return at
}

/** The offset after a soft line break whose `=` stands before `start`, or 0. */
function softBreakEnd(body: Buffer, start: number): number {
  const at = spacesEnd(body, start)
  if (at >= body.length) return body.length
  if (body[at] === LF) return at + 1
  if (body[at] === CR && body[at + 1] === LF) return at + 2
  return 0
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** The lines between `begin` and `end`; without a `begin` line all lines count. */
function decodeUuencode(text: string): Buffer {
  const lines = text.split(/\r?\n/)
  const begin = lines.findIndex((line) => /^begin [0-7]{3,4} /.test(line))
  const pieces: Buffer[] = []
  for (const line of lines.slice(begin + 1)) {
    if (line === 'end' || line === '' || line === '`') break
    const length = (line.charCodeAt(0) - 32) & 63
    const piece = Buffer.alloc(Math.ceil(length / 3) * 3)
    for (let group = 0; group * 3 < length; group++) {
      let bits = 0
      for (let index = 0; index < 4; index++) bits = (bits << 6) | (((line.charCodeAt(1 + group * 4 + index) || 32) - 32) & 63)
      piece.writeUIntBE(bits & 0xffffff, group * 3, 3)
    }
    pieces.push(piece.subarray(0, length))
  }
  return Buffer.concat(pieces)
}
