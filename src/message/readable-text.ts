/**
 * What a person can read in a message: the text of its text parts, decoded, and the names of its attachments. One walk
 * over the structure, bodies decoded once, up to a limit.
 */
import { decodeText } from '../vietnamese/charsets/decode.ts'
import { decodeReferences } from '../vietnamese/charsets/references.ts'
import { decodeHeaderText } from './encoded-word.ts'
import { htmlText } from './html-text.ts'
import { parameterText, parameterValue } from './mime-header.ts'
import { decodeTransfer } from './transfer-encoding.ts'
import type { Envelope, ParsedMessage, Part } from './types.ts'

export interface ReadableText {
  /** Texts of the parts in order (NFC), each not empty. */
  readonly texts: readonly string[]
  /** The text to show first: of the first part that is no attachment (in an alternative the plain one comes first). */
  readonly first: string
  /** Names of attachments and, of attached messages, their subjects and addresses. */
  readonly names: readonly string[]
  /** Whether text was left out because of the limit. */
  readonly truncated: boolean
}

/** Encoded bytes that a decoded character may take: a letter of three bytes, as it stands or encoded. */
function maxBytesPerChar(encoding: string): number {
  if (encoding === 'quoted-printable') return 9
  return encoding === 'base64' ? 4 : 3
}

/** Reads the text of a message, at most about `maxChars` characters. */
export function readableText(bytes: Buffer, message: ParsedMessage, maxChars: number): ReadableText {
  const reader = new TextReader(bytes, maxChars)
  reader.part(message.root)
  return { texts: reader.texts, first: reader.first ?? '', names: reader.names, truncated: reader.truncated }
}

/** A file name as people read it, or null: Content-Disposition before Content-Type (RFC 2183 §2.3). */
export function fileName(part: Part): string | null {
  const disposition = part.disposition === null ? null : parameterText(part.disposition.parameters, 'filename')
  return disposition ?? parameterText(part.parameters, 'name')
}

/** The decoded text of a text part (NFC); HTML becomes its readable text. */
function partText(bytes: Buffer, part: Part, maxChars: number): { text: string; truncated: boolean } {
  const end = Math.min(part.bodyEnd, part.bodyStart + maxChars * maxBytesPerChar(part.encoding))
  const decoded = decodeTransfer(bytes.subarray(part.bodyStart, end), part.encoding)
  const label = parameterValue(part.parameters, 'charset')
  const html = part.subtype === 'html'
  const read = decodeText(decoded, label ?? (html ? metaCharset(decoded) : null))
  const text = html ? htmlText(read.text, unmapped.has(read.charset)).normalize('NFC') : decodeReferences(read.text)
  const truncated = end < part.bodyEnd || text.length > maxChars
  return { text: text.length > maxChars ? text.slice(0, maxChars) : text, truncated }
}

/** Charsets in which text in a legacy font still looks like windows-1252. */
const unmapped = new Set(['us-ascii', 'utf-8', 'windows-1252'])

/** The charset that an HTML document declares in its head. */
function metaCharset(html: Buffer): string | null {
  const head = html.toString('latin1', 0, 1024)
  return /<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{1,40})/i.exec(head)?.[1] ?? null
}

class TextReader {
  readonly texts: string[] = []
  readonly names: string[] = []
  first: string | null = null
  truncated = false
  readonly #bytes: Buffer
  #charsLeft: number

  constructor(bytes: Buffer, maxChars: number) {
    this.#bytes = bytes
    this.#charsLeft = maxChars
  }

  part(part: Part): void {
    for (const child of part.children) this.part(child)
    if (part.children.length > 0) return
    const name = fileName(part)
    if (name !== null) this.#name(name)
    if (part.message !== null) {
      this.#envelope(part.message.envelope)
      this.part(part.message.root)
    } else if (part.type === 'text') {
      this.#text(part)
    }
  }

  #text(part: Part): void {
    if (this.#charsLeft <= 0) {
      this.truncated ||= part.bodyEnd > part.bodyStart
      return
    }
    const read = partText(this.#bytes, part, this.#charsLeft)
    this.truncated ||= read.truncated
    if (/^\s*$/.test(read.text)) return
    this.#charsLeft -= read.text.length
    this.texts.push(read.text)
    if (part.disposition?.type !== 'attachment') this.first ??= read.text
  }

  #envelope(envelope: Envelope): void {
    if (envelope.subject !== null) this.#name(decodeHeaderText(envelope.subject))
    for (const address of [...envelope.from, ...envelope.to, ...envelope.cc]) {
      if (address.mailbox === null || address.host === null) continue
      this.#name(`${address.name === null ? '' : `${decodeHeaderText(address.name)} `}${address.mailbox}@${address.host}`)
    }
  }

  #name(name: string): void {
    if (name === '') return
    if (name.length > this.#charsLeft) {
      this.truncated = true
      return
    }
    this.#charsLeft -= name.length
    this.names.push(name)
  }
}
