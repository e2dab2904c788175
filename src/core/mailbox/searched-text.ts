/**
 * The folded text of a message as SEARCH looks at it: what was stored at delivery (message/search-text.ts), the trace lines
 * of this recipient, and, where the stored text was cut off, all of it from the message itself.
 */
import { decodeHeaderText } from '../../message/encoded-word.ts'
import { fieldValue, scanHeader } from '../../message/header.ts'
import { defaultParserLimits, parseMessage } from '../../message/parse.ts'
import { readableText } from '../../message/readable-text.ts'
import { openSearchText } from '../../message/search-text.ts'
import { fold } from '../../vietnamese/fold.ts'
import type { StoredMessage } from './mailbox.ts'
import type { HeaderField } from '../../message/types.ts'

export interface SearchedText {
  /** `\nname: value\nname: value\n`: every line stands between two line feeds. */
  readonly header: string
  /** The same of the trace lines that stand before the message; only made when asked for. */
  readonly trace: string
  readonly body: string
  /** Nothing was cut off: what is not found is not there. */
  readonly headerWhole: boolean
  readonly bodyWhole: boolean
}

/**
 * For the rare message that is beyond what is stored: no bound on what its own size bounds already; parts nested deeper
 * are left out, which no program makes and no stack likes.
 */
const wideLimits = { ...defaultParserLimits, maxDepth: 300, maxParts: 100_000, maxHeaderBytes: Infinity, maxHeaderFields: Infinity }

/** As the stored text is made: what a query must look like to be found in it. */
export function needleOf(text: string): string {
  return singleSpaced(fold(text))
}

const nothingStored = { header: '', body: '', truncated: true, headerTruncated: true }

/** Of a message that was read with its text. */
export function storedText(message: Pick<StoredMessage, 'text' | 'prefix'>): SearchedText {
  const stored = message.text === null ? nothingStored : openSearchText(message.text)
  const whole = { header: !stored.headerTruncated, body: !stored.truncated }
  return new PreparedText(message.prefix, `\n${stored.header}`, stored.body, whole)
}

/** Of the message itself; `body` are the bytes behind the prefix. */
export function wholeText(body: Uint8Array, prefix: Uint8Array): SearchedText {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  const parsed = parseMessage(bytes, wideLimits)
  const readable = readableText(bytes, parsed, Infinity)
  const text = [...readable.texts, ...readable.names].map(needleOf).join('\n')
  return new PreparedText(prefix, headerText(bytes, parsed.fields), text, { header: true, body: true })
}

class PreparedText implements SearchedText {
  readonly header: string
  readonly body: string
  readonly headerWhole: boolean
  readonly bodyWhole: boolean
  readonly #prefix: Uint8Array
  #trace: string | null = null

  constructor(prefix: Uint8Array, header: string, body: string, whole: { readonly header: boolean; readonly body: boolean }) {
    this.#prefix = prefix
    this.header = header
    this.body = body
    this.headerWhole = whole.header
    this.bodyWhole = whole.body
  }

  get trace(): string {
    if (this.#trace === null) {
      const bytes = Buffer.from(this.#prefix.buffer, this.#prefix.byteOffset, this.#prefix.length)
      this.#trace = bytes.length === 0 ? '' : headerText(bytes, scanHeader(bytes).fields)
    }
    return this.#trace
  }
}

function headerText(bytes: Buffer, fields: readonly HeaderField[]): string {
  let text = '\n'
  for (const field of fields) text += `${field.name}: ${needleOf(decodeHeaderText(fieldValue(bytes, field)))}\n`
  return text
}

function singleSpaced(text: string): string {
  return text.replace(/\s{2,}|[\t\r\n\f\v]/g, ' ')
}
