/**
 * The folded text by which a message is searched (design §5.5, §5.8), packed for its row: all header fields, one a
 * line, then the readable text and the names of attachments. White space is one space everywhere, so a query must be
 * folded and spaced in the same way (`foldKey`) before it is looked for.
 *
 * Layout: byte 0 the version; byte 1 flags (1: text was left out, 2: compressed, 4: the header is cut off); bytes 2-5 the length of the header
 * text in bytes (uint32, little-endian); then header and body text in UTF-8, compressed with zstd when that pays.
 */
import { constants, zstdCompressSync, zstdDecompressSync, type ZstdOptions } from 'node:zlib'
import { fold } from '../vietnamese/fold.ts'
import { maxFoldedBytes, writeFolded } from '../vietnamese/fold-utf8.ts'
import { decodeHeaderText } from './encoded-word.ts'
import { fieldValue } from './header.ts'
import type { ReadableText } from './readable-text.ts'
import type { HeaderField, ParsedMessage } from './types.ts'

const packedVersion = 1
const flagTruncated = 1
const flagCompressed = 2
const flagHeaderTruncated = 4
const fixedBytes = 6

/**
 * Characters kept of one message. A book has about that much; a text attachment above it (a log, a table) would fill
 * the row of the message, and whoever needs the rest is told by `truncated`.
 */
export const maxSearchChars = 1024 * 1024

/** Of those, what the header may take, so that a huge one leaves room for the text. */
const maxHeaderChars = 256 * 1024

/** Below this zstd saves less than its frame costs. */
const minCompressedBytes = 200
const level1 = { [constants.ZSTD_c_compressionLevel]: 1 }
/** Smaller pieces of output are not taken. */
const minChunkBytes = 128

export interface SearchText {
  /** One line per field in order: `name: decoded folded value\n`. */
  readonly header: string
  /** Folded text of each text part and the name of each attachment, one a line. */
  readonly body: string
  /** Whether text was left out: only the message itself can then say that a word is not in it. */
  readonly truncated: boolean
  /** Whether what was left out is a part of the header. */
  readonly headerTruncated: boolean
}

/** Makes the search text of a message. */
export function packSearchText(bytes: Buffer, parsed: ParsedMessage, readable: ReadableText): Uint8Array {
  const header = headerLines(bytes, parsed.fields)
  const headerTruncated = header.truncated || parsed.limits.includes('header-bytes') || parsed.limits.includes('header-fields')
  const truncated = headerTruncated || readable.truncated || parsed.limits.length > 0
  const written = new TextBytes()
  written.text(header.text)
  const headerBytes = written.length
  for (const [index, text] of [...readable.texts, ...readable.names].entries()) {
    if (index > 0) written.text('\n')
    written.folded(text)
  }
  const text = written.bytes()
  const compressed = text.length >= minCompressedBytes ? zstdCompressSync(text, compression(text.length)) : text
  const pays = compressed.length < text.length
  const payload = pays ? compressed : text
  const packed = Buffer.allocUnsafe(fixedBytes + payload.length)
  packed[0] = packedVersion
  packed[1] =
    (truncated ? flagTruncated : 0) | (headerTruncated ? flagHeaderTruncated : 0) | (pays ? flagCompressed : 0)
  packed.writeUInt32LE(headerBytes, 2)
  payload.copy(packed, fixedBytes)
  return packed
}

/** Sizes said beforehand: smaller tables to clear, and hardly ever a second piece of output. */
function compression(bytes: number): ZstdOptions {
  return { params: level1, pledgedSrcSize: bytes, chunkSize: Math.max(minChunkBytes, bytes >> 1) }
}

/** Text of up to some 170,000 characters is put together in here, so that nothing of it is left to be collected. */
const kept = Buffer.allocUnsafeSlow(512 * 1024)

/** Puts one search text together. One at a time: what `bytes` gave means something only until the next one is begun. */
class TextBytes {
  #target = kept
  length = 0

  text(text: string): void {
    const bytes = Buffer.byteLength(text)
    this.#reserve(bytes)
    this.length += this.#target.write(text, this.length, bytes, 'utf8')
  }

  folded(text: string): void {
    this.#reserve(text.length * maxFoldedBytes)
    // Folding of ASCII is native code, and faster than any loop.
    const isAscii = Buffer.byteLength(text) === text.length
    const end = isAscii ? -1 : writeFolded(text, this.#target, this.length)
    if (end < 0) this.text(singleSpaced(fold(text)))
    else this.length = end
  }

  bytes(): Buffer {
    return this.#target.subarray(0, this.length)
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#target.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.length + bytes, 2 * this.#target.length))
    this.#target.copy(larger, 0, 0, this.length)
    this.#target = larger
  }
}

function headerLines(bytes: Buffer, fields: readonly HeaderField[]): { text: string; truncated: boolean } {
  let text = ''
  for (const field of fields) {
    // A decoded value may hold line breaks (encoded words can): as spaces they cannot look like a new field.
    text += `${field.name}: ${singleSpaced(fold(decodeHeaderText(fieldValue(bytes, field))))}\n`
    if (text.length > maxHeaderChars) return { text: `${text.slice(0, maxHeaderChars)}\n`, truncated: true }
  }
  return { text, truncated: false }
}

/** White space of a folded text as one space, so that a phrase is found although its line was wrapped there. */
function singleSpaced(text: string): string {
  return text.replace(/[\t-\r]\s*| \s+/g, ' ')
}

/** Opens packed search text; empty when the version is not known. */
export function openSearchText(packed: Uint8Array): SearchText {
  if (packed[0] !== packedVersion) return { header: '', body: '', truncated: true, headerTruncated: true }
  const view = Buffer.from(packed.buffer, packed.byteOffset, packed.length)
  const payload = view.subarray(fixedBytes)
  const text = (view[1]! & flagCompressed) === 0 ? payload : zstdDecompressSync(payload)
  const headerBytes = view.readUInt32LE(2)
  return {
    header: text.toString('utf8', 0, headerBytes),
    body: text.toString('utf8', headerBytes),
    truncated: (view[1]! & flagTruncated) !== 0,
    headerTruncated: (view[1]! & flagHeaderTruncated) !== 0,
  }
}
