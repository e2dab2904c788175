/**
 * The stored forms of a message (design §5.5): ENVELOPE, BODY and BODYSTRUCTURE ready to send, the places of all parts
 * for FETCH BODY[section] (RFC 9051 §6.4.5), the header block when it is short, and the preview, in one packed buffer
 * that is opened by slicing.
 *
 * Layout, numbers little-endian: byte 0 the version of the parser; byte 1 flags (1: the header is here); bytes 2-3
 * unused; then eight uint32: length of the message, offset of the body, lengths of envelope, body, bodystructure, part
 * table, header, preview; then those six in that order. The part table has one record of six uint32 a part, in the
 * order of the tree: header start, body start, body end, kind and encoding, number of children, records of the subtree.
 */
import { envelopeText, structureText } from './imap-structure.ts'
import type { ParsedMessage, Part, PartPlace } from './types.ts'

/** Grows with every change of what the parser makes of a message: stored forms of another version are made again. */
export const parserVersion = 1

/** Longer headers are read from the body store when asked for: most are 2-6 KB, and a row should stay small. */
const maxKeptHeaderBytes = 16 * 1024

const fixedBytes = 4 + 8 * 4
const recordBytes = 6 * 4
const flagHeader = 1

const kindLeaf = 0
const kindMultipart = 1
const kindMessage = 2

const encodings = ['7bit', '8bit', 'binary', 'base64', 'quoted-printable', 'x-uuencode', 'x-unknown']

export interface Forms {
  /** Of the parser that made them; when it is not `parserVersion`, make the forms again before reading the rest. */
  readonly version: number
  /** `(…)`. */
  readonly envelope: Uint8Array
  /** `(…)`, without extension data. */
  readonly body: Uint8Array
  /** `(…)`, with extension data. */
  readonly bodystructure: Uint8Array
  /** Always 0: the header begins the message. */
  readonly headerStart: number
  /** Offset of the text after the header of the message. */
  readonly bodyStart: number
  /** Bytes of the whole message. */
  readonly length: number
  /** The header with its blank line, byte for byte; null when it is longer than 16 KB. */
  readonly header: Uint8Array | null
  /** First 256 characters of readable text. */
  readonly preview: string
  /**
   * The place of a part by its IMAP number (`[1, 2]` is `1.2`): of a message that is no multipart, part 1 is its body;
   * below a message/rfc822 the numbers count in the message inside. `[]` is the whole message. Null: no such part.
   */
  part(path: readonly number[]): PartPlace | null
}

/** Packs what FETCH needs of a message. `header` is the header block, `preview` text for people. */
export function packForms(bytes: Buffer, parsed: ParsedMessage, preview: string): Uint8Array {
  const envelope = envelopeText(parsed.envelope)
  const body = structureText(parsed.root, false)
  const bodystructure = structureText(parsed.root, true)
  const records: number[] = []
  addRecords(parsed.root, records)
  const bodyStart = parsed.root.bodyStart
  const headerBytes = bodyStart <= maxKeptHeaderBytes ? bodyStart : 0
  const previewBytes = Buffer.byteLength(preview)
  const total = fixedBytes + envelope.length + body.length + bodystructure.length + records.length * 4 + headerBytes + previewBytes
  const packed = Buffer.alloc(total)
  packed[0] = parserVersion
  packed[1] = bodyStart <= maxKeptHeaderBytes ? flagHeader : 0
  const lengths = [bytes.length, bodyStart, envelope.length, body.length, bodystructure.length, records.length * 4, headerBytes, previewBytes]
  let at = 4
  for (const value of lengths) at = packed.writeUInt32LE(value, at)
  at += packed.write(envelope, at, 'latin1')
  at += packed.write(body, at, 'latin1')
  at += packed.write(bodystructure, at, 'latin1')
  for (const value of records) at = packed.writeUInt32LE(value, at)
  at += bytes.copy(packed, at, 0, headerBytes)
  packed.write(preview, at, 'utf8')
  return packed
}

function addRecords(part: Part, records: number[]): void {
  const first = records.length
  const kind = part.type === 'multipart' ? kindMultipart : part.message !== null ? kindMessage : kindLeaf
  const known = encodings.indexOf(part.encoding)
  const encoding = known < 0 ? encodings.length - 1 : known
  const children = part.message !== null ? [part.message.root] : part.children
  records.push(part.headerStart, part.bodyStart, part.bodyEnd, kind | (encoding << 8), children.length, 0)
  for (const child of children) addRecords(child, records)
  records[first + 5] = (records.length - first) / 6
}

/** Opens packed forms. Cheap: nothing is copied or decoded before it is asked for. */
export function openForms(packed: Uint8Array): Forms {
  return new PackedForms(packed)
}

class PackedForms implements Forms {
  readonly #packed: Uint8Array

  constructor(packed: Uint8Array) {
    this.#packed = packed
  }

  get version(): number {
    return this.#packed[0] ?? 0
  }

  get length(): number {
    return this.#word(4)
  }

  get headerStart(): number {
    return 0
  }

  get bodyStart(): number {
    return this.#word(8)
  }

  get envelope(): Uint8Array {
    return this.#section(0)
  }

  get body(): Uint8Array {
    return this.#section(1)
  }

  get bodystructure(): Uint8Array {
    return this.#section(2)
  }

  get header(): Uint8Array | null {
    return (this.#packed[1]! & flagHeader) === 0 ? null : this.#section(4)
  }

  get preview(): string {
    const bytes = this.#section(5)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
  }

  part(path: readonly number[]): PartPlace | null {
    let record = this.#sectionStart(3)
    let atRoot = true
    for (const number of path) {
      if (!atRoot && this.#kind(record) === kindMessage) {
        record += recordBytes
        atRoot = true
      }
      if (this.#kind(record) === kindMultipart) {
        const child = this.#child(record, number)
        if (child === null) return null
        record = child
      } else if (!atRoot || number !== 1) {
        return null
      }
      atRoot = false
    }
    return this.#place(record)
  }

  #place(record: number): PartPlace {
    const inner = record + recordBytes
    const message = this.#kind(record) === kindMessage ? this.#offsets(inner) : null
    return { ...this.#offsets(record), message, encoding: encodings[this.#word(record + 12) >>> 8] ?? 'x-unknown' }
  }

  #offsets(record: number): { headerStart: number; bodyStart: number; bodyEnd: number } {
    return { headerStart: this.#word(record), bodyStart: this.#word(record + 4), bodyEnd: this.#word(record + 8) }
  }

  #kind(record: number): number {
    return this.#word(record + 12) & 0xff
  }

  #child(record: number, number: number): number | null {
    if (!(number >= 1 && number <= this.#word(record + 16))) return null
    let child = record + recordBytes
    for (let index = 1; index < number; index++) child += this.#word(child + 20) * recordBytes
    return child
  }

  #word(at: number): number {
    const packed = this.#packed
    return (packed[at]! | (packed[at + 1]! << 8) | (packed[at + 2]! << 16) | (packed[at + 3]! << 24)) >>> 0
  }

  #sectionStart(index: number): number {
    let start = fixedBytes
    for (let before = 0; before < index; before++) start += this.#word(12 + before * 4)
    return start
  }

  #section(index: number): Uint8Array {
    const start = this.#sectionStart(index)
    return this.#packed.subarray(start, start + this.#word(12 + index * 4))
  }
}
