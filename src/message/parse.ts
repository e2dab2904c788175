/**
 * The structure of a message: RFC 5322, RFC 2045-2049, RFC 2046 §5.1. One forward pass over the bytes finds the lines,
 * the boundaries and the counts of lines together; bodies are never copied or decoded.
 *
 * Never throws. Accepts CRLF, bare LF and mixtures, multiparts that are cut off or lack a boundary, and any noise. A
 * limit that is reached leaves the rest as one opaque part (application/octet-stream): the message is still stored,
 * fetched and shown whole.
 */
import { nothingSaid, readContentFields } from './content-fields.ts'
import { buildEnvelope, type AddressBudget } from './envelope.ts'
import { asBuffer, fieldName, isBlankLine, isContinuation, lineEnd, trimSpace } from './header.ts'
import { defaultContentType, parameterText, parameterValue, type ContentType } from './mime-header.ts'
import type { HeaderField, ParsedMessage, ParserLimit, Part } from './types.ts'

export interface ParserLimits {
  /** Nesting of multiparts and attached messages: real mail stays below 10; deeper recursion only costs stack. */
  readonly maxDepth: number
  /** Parts in all: a digest of a mailing list has some hundred; each costs about 200 bytes of stored structure. */
  readonly maxParts: number
  /** Header bytes indexed in all headers together: ten times what programs send, and what one row may hold. */
  readonly maxHeaderBytes: number
  /** Fields indexed of one header: 2,000 lines of trace are known from loops; more is an attack. */
  readonly maxHeaderFields: number
  /** Addresses in all envelopes together: a notice to every mailbox of a large agency fits. */
  readonly maxAddresses: number
}

export const defaultParserLimits: ParserLimits = {
  maxDepth: 50,
  maxParts: 2000,
  maxHeaderBytes: 1024 * 1024,
  maxHeaderFields: 10_000,
  maxAddresses: 10_000,
}

const LF = 0x0a
const CR = 0x0d
const DASH = 0x2d

/** RFC 2046 §5.1.1 allows 70 characters; programs have exceeded it. */
const maxBoundaryBytes = 256

const opaqueType: ContentType = { type: 'application', subtype: 'octet-stream', parameters: [] }
const digestType: ContentType = { type: 'message', subtype: 'rfc822', parameters: [] }

/** Parses `bytes`; offsets in the result count from its first byte. */
export function parseMessage(bytes: Uint8Array, limits: ParserLimits = defaultParserLimits): ParsedMessage {
  return new StructureReader(asBuffer(bytes), limits).read()
}

/** The line that ended a part: a delimiter of an open multipart, or the end of the message. */
interface Delimiter {
  /** Index in the stack of open boundaries; -1 at the end of the message. */
  readonly level: number
  readonly closing: boolean
  /** Where the part before it ends: the line break before the delimiter belongs to the delimiter. */
  readonly partEnd: number
  /** LF before `partEnd`. */
  readonly linesBefore: number
}

/** What became of a body. */
interface Body {
  readonly content: ContentType
  readonly children: readonly Part[]
  readonly message: Part['message']
  readonly end: Delimiter
}

/** The fields of one header that the structure needs. */
interface Header {
  readonly start: number
  readonly fields: HeaderField[]
  readonly bodyStart: number
  /** LF before `bodyStart`. */
  readonly linesBefore: number
  /** Set when a delimiter stood where the header should have gone on. */
  readonly cutBy: Delimiter | null
}

class StructureReader {
  readonly #bytes: Buffer
  readonly #limits: ParserLimits
  readonly #reached = new Set<ParserLimit>()
  readonly #addresses: AddressBudget
  /** Boundaries of the open multiparts, outermost first, and the level of each by its text. */
  readonly #open: string[] = []
  readonly #levels = new Map<string, number>()
  #longestBoundary = 0
  #at = 0
  #lines = 0
  #parts = 0
  #headerBytesLeft: number

  constructor(bytes: Buffer, limits: ParserLimits) {
    this.#bytes = bytes
    this.#limits = limits
    this.#addresses = { left: limits.maxAddresses }
    this.#headerBytesLeft = limits.maxHeaderBytes
  }

  read(): ParsedMessage {
    const header = this.#header()
    const { part } = this.#part(header, defaultContentType, 0)
    const envelope = buildEnvelope(this.#bytes, header.fields, this.#addresses)
    return { root: part, envelope, fields: header.fields, limits: [...this.#reached] }
  }

  /** Reads the header at the current place, up to and including the blank line. */
  #header(): Header {
    const bytes = this.#bytes
    const end = bytes.length
    const start = this.#at
    const startLines = this.#lines
    const fields: HeaderField[] = []
    let open: { name: string; start: number; valueStart: number } | null = null
    let cutBy: Delimiter | null = null
    let over = false
    let noise = false
    while (this.#at < end) {
      const at = this.#at
      if (isBlankLine(bytes, at, end)) break
      if (bytes[at] === DASH) {
        cutBy = this.#delimiterAt(at, start)
        if (cutBy !== null) break
      }
      const next = lineEnd(bytes, at, end)
      if (bytes[next - 1] === LF) this.#lines++
      if (!isContinuation(bytes, at)) {
        over ||= this.#isOverHeaderLimit(fields.length + (open === null ? 0 : 1), at - start)
        if (open !== null && !(over && at - start > this.#headerBytesLeft)) fields.push({ ...open, end: at })
        open = null
        const named = over ? null : fieldName(bytes, at, next)
        if (named !== null) open = { name: named.name, start: at, valueStart: named.valueStart }
        else if (!over) noise = true
      }
      this.#at = next
    }
    // Text without any header: what looked like one is the body.
    if (noise && fields.length === 0 && open === null) {
      this.#at = start
      this.#lines = startLines
      return { start, fields, bodyStart: start, linesBefore: startLines, cutBy: null }
    }
    const size = this.#at - start
    if (size > this.#headerBytesLeft) this.#reached.add('header-bytes')
    else if (open !== null) fields.push({ ...open, end: this.#at })
    this.#headerBytesLeft -= Math.min(this.#headerBytesLeft, size)
    if (cutBy !== null) return { start, fields, bodyStart: cutBy.partEnd, linesBefore: cutBy.linesBefore, cutBy }
    if (this.#at < end) this.#nextLine()
    return { start, fields, bodyStart: this.#at, linesBefore: this.#lines, cutBy: null }
  }

  #isOverHeaderLimit(fields: number, bytes: number): boolean {
    if (fields >= this.#limits.maxHeaderFields) this.#reached.add('header-fields')
    else if (bytes > this.#headerBytesLeft) this.#reached.add('header-bytes')
    else return false
    return true
  }

  #nextLine(): void {
    this.#at = lineEnd(this.#bytes, this.#at, this.#bytes.length)
    if (this.#bytes[this.#at - 1] === LF) this.#lines++
  }

  /** Reads the body that follows `header`, and what the header says of it. */
  #part(header: Header, defaultType: ContentType, depth: number): { part: Part; end: Delimiter } {
    this.#parts++
    const { content, about } = readContentFields(this.#bytes, header.fields, defaultType)
    const body = header.cutBy === null ? this.#body(header, content, about.encoding, depth) : unreadBody(content, header.cutBy)
    const lines = body.end.linesBefore - header.linesBefore
    let { children } = body
    if (body.content.type === 'multipart' && children.length === 0) {
      // All of a multipart in which no part is found is shown as text: nothing a sender wrote is hidden.
      children = [{ ...barePart(defaultContentType, header.bodyStart, body.end, lines), encoding: about.encoding }]
    }
    const part: Part = {
      type: body.content.type,
      subtype: body.content.subtype,
      parameters: body.content.parameters,
      ...about,
      headerStart: header.start,
      bodyStart: header.bodyStart,
      bodyEnd: body.end.partEnd,
      lines,
      children,
      message: body.message,
    }
    return { part, end: body.end }
  }

  /** Reads a body of type `content`; beyond the limits it is left closed, as an opaque one. */
  #body(header: Header, content: ContentType, encoding: string, depth: number): Body {
    const attached = isMessage(content) && isIdentity(encoding)
    if (content.type !== 'multipart' && !attached) return unreadBody(content, this.#skipBody(header.bodyStart))
    const tooDeep = depth >= this.#limits.maxDepth
    if (tooDeep || (attached && this.#parts >= this.#limits.maxParts)) {
      this.#reached.add(tooDeep ? 'depth' : 'parts')
      return unreadBody(opaqueType, this.#skipBody(header.bodyStart))
    }
    if (!attached) return { content, message: null, ...this.#children(header, content, depth) }
    const inner = this.#header()
    const { part: root, end } = this.#part(inner, defaultContentType, depth + 1)
    return { content, children: [], message: { envelope: buildEnvelope(this.#bytes, inner.fields, this.#addresses), root }, end }
  }

  /** The parts of a multipart, from its preamble to the end of its epilogue. */
  #children(header: Header, content: ContentType, depth: number): { children: Part[]; end: Delimiter } {
    const children: Part[] = []
    const boundary = boundaryOf(content)
    const defaultType = content.subtype === 'digest' ? digestType : defaultContentType
    // A delimiter of the same boundary outside ends the inner multipart before its first part.
    if (boundary === '' || this.#levels.has(boundary)) return { children, end: this.#skipBody(header.bodyStart) }
    const level = this.#open.length
    const longest = this.#longestBoundary
    this.#open.push(boundary)
    this.#levels.set(boundary, level)
    this.#longestBoundary = Math.max(longest, boundary.length)
    let end = this.#skipBody(header.bodyStart)
    while (end.level === level && !end.closing) {
      this.#nextLine()
      if (this.#parts >= this.#limits.maxParts) {
        this.#reached.add('parts')
        const rest = this.#rest(level)
        children.push(rest.part)
        end = rest.end
        break
      }
      const read = this.#part(this.#header(), defaultType, depth + 1)
      children.push(read.part)
      end = read.end
    }
    this.#open.pop()
    this.#levels.delete(boundary)
    this.#longestBoundary = longest
    if (end.level === level) {
      // The line break after the closing delimiter may already belong to the next delimiter outside.
      const closedAt = this.#at
      this.#nextLine()
      end = this.#skipBody(closedAt)
    }
    return { children, end }
  }

  /** All that is left of a multipart when no more parts are counted, as one opaque part. */
  #rest(level: number): { part: Part; end: Delimiter } {
    const start = this.#at
    const linesBefore = this.#lines
    let end = this.#skipBody(start)
    while (end.level === level && !end.closing) {
      this.#nextLine()
      end = this.#skipBody(start)
    }
    return { part: barePart(opaqueType, start, end, end.linesBefore - linesBefore), end }
  }

  /** Moves to the next delimiter of an open multipart, or to the end. */
  #skipBody(bodyStart: number): Delimiter {
    const bytes = this.#bytes
    const end = bytes.length
    let at = this.#at
    let lines = this.#lines
    const watched = this.#open.length > 0
    while (at < end) {
      if (watched && bytes[at] === DASH && bytes[at + 1] === DASH) {
        this.#lines = lines
        const found = this.#delimiterAt(at, bodyStart)
        if (found !== null) {
          this.#at = at
          return found
        }
      }
      while (at < end && bytes[at] !== LF) at++
      if (at === end) break
      at++
      lines++
    }
    this.#at = end
    this.#lines = lines
    return { level: -1, closing: false, partEnd: end, linesBefore: lines }
  }

  /** The delimiter that the line at `at` is, or null. `this.#lines` counts the LF before `at`. */
  #delimiterAt(at: number, bodyStart: number): Delimiter | null {
    const bytes = this.#bytes
    if (this.#open.length === 0 || bytes[at + 1] !== DASH) return null
    // A boundary, "--", and some padding; a longer line is none.
    const limit = Math.min(bytes.length, at + 2 + this.#longestBoundary + 2 + 64)
    let stop = at + 2
    while (stop < limit && bytes[stop] !== LF) stop++
    if (stop === limit && limit < bytes.length) return null
    while (stop > at + 2 && isPadding(bytes[stop - 1]!)) stop--
    const text = bytes.toString('latin1', at + 2, stop)
    let level = this.#levels.get(text)
    let closing = false
    if (level === undefined && text.endsWith('--')) {
      level = this.#levels.get(trimSpace(text.slice(0, -2)))
      closing = true
    }
    if (level === undefined) return null
    let partEnd = at
    let linesBefore = this.#lines
    if (partEnd > bodyStart && bytes[partEnd - 1] === LF) {
      partEnd--
      linesBefore--
      if (partEnd > bodyStart && bytes[partEnd - 1] === CR) partEnd--
    }
    return { level, closing, partEnd, linesBefore }
  }
}

function unreadBody(content: ContentType, end: Delimiter): Body {
  return { content, children: [], message: null, end }
}

function isPadding(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === CR
}

function isMessage(content: ContentType): boolean {
  return content.type === 'message' && (content.subtype === 'rfc822' || content.subtype === 'global')
}

/** Only an unencoded message can be read in place (RFC 2046 §5.2.1; RFC 6532 §3.7 allows others for message/global). */
function isIdentity(encoding: string): boolean {
  return encoding !== 'base64' && encoding !== 'quoted-printable'
}

/** The boundary as it stands in delimiter lines; empty when there is none. */
function boundaryOf(content: ContentType): string {
  const value = parameterValue(content.parameters, 'boundary') ?? parameterText(content.parameters, 'boundary') ?? ''
  // RFC 2046 §5.1.1: it does not end in a space; the spaces after it in a line are padding.
  const boundary = trimSpace(value)
  return boundary.length > maxBoundaryBytes ? '' : boundary
}

/** A part without a header of its own. */
function barePart(content: ContentType, start: number, end: Delimiter, lines: number): Part {
  return {
    type: content.type,
    subtype: content.subtype,
    parameters: content.parameters,
    ...nothingSaid,
    headerStart: start,
    bodyStart: start,
    bodyEnd: end.partEnd,
    lines,
    children: [],
    message: null,
  }
}
