/**
 * Structured MIME fields: Content-Type (RFC 2045 §5.1), Content-Disposition (RFC 2183), parameters with continuations
 * and charsets (RFC 2231), Content-Language (RFC 3282), in all the broken forms that mail programs send.
 *
 * Input is an unfolded latin1 value; what comes out is latin1 too, not charset-decoded. `parameterText` decodes.
 */
import { decodeText } from '../vietnamese/charsets/decode.ts'
import { decodeHeaderText } from './encoded-word.ts'
import { trimSpace } from './header.ts'
import type { Disposition, Parameter } from './types.ts'

/** More parameters than any program writes; beyond it they only make BODYSTRUCTURE big. */
const maxParameters = 100
/** RFC 2231 sections of one parameter; a file name of 255 bytes percent-encoded needs about 12. */
const maxSections = 200

export interface ContentType {
  readonly type: string
  readonly subtype: string
  readonly parameters: readonly Parameter[]
}

/** RFC 2045 §5.2: what a part without Content-Type is. */
export const defaultContentType: ContentType = {
  type: 'text',
  subtype: 'plain',
  parameters: [{ name: 'charset', value: 'US-ASCII' }],
}

const typePattern = /^\s*(?:\([^)]*\)\s*)*([!#$%&'*+\-.^_`{|}~\w]+)\s*(?:\/\s*([!#$%&'*+\-.^_`{|}~\w]+))?/

/** A Content-Type value; `null` when it has no readable type (RFC 2045 §5.2: treat it as absent). */
export function parseContentType(value: string): ContentType | null {
  const match = typePattern.exec(value)
  if (match === null) return null
  const type = match[1]!.toLowerCase()
  const subtype = match[2]?.toLowerCase() ?? (type === 'text' ? 'plain' : type === 'multipart' ? 'mixed' : null)
  if (subtype === null) return null
  return { type, subtype, parameters: parseParameters(value, match[0].length) }
}

/** A Content-Disposition value; `null` when it has no readable type. */
export function parseDisposition(value: string): Disposition | null {
  const match = /^\s*(?:\([^)]*\)\s*)*([^\s;()"=]+)/.exec(value)
  if (match === null) return null
  // `Content-Disposition: filename="x"` without a type: a bare parameter means an attachment (RFC 2183 §2.8).
  if (/^\s*=/.test(value.slice(match[0].length))) return { type: 'attachment', parameters: parseParameters(value, 0) }
  return { type: match[1]!.toLowerCase(), parameters: parseParameters(value, match[0].length) }
}

/** Tokens and tags end well before this; what follows is noise that patterns should not have to look at. */
const maxTokenChars = 500

/** Content-Language: the tags, in order. */
export function parseLanguages(value: string): string[] {
  const tags = withoutComments(value).split(',', 32)
  return tags.map(trimSpace).filter((tag) => tag !== '')
}

/** Content-Transfer-Encoding: its token in lower case, comments and quotes removed; `7bit` when there is none. */
export function parseEncoding(value: string): string {
  const token = /[^\s;"()]+/.exec(withoutComments(value))
  return token === null ? '7bit' : token[0].toLowerCase()
}

function withoutComments(value: string): string {
  return value.slice(0, maxTokenChars).replace(/\([^)]*\)/g, '')
}

/** `; name=value` pairs from `from` on: names lower case, values unquoted, RFC 2231 sections joined. */
export function parseParameters(value: string, from: number): Parameter[] {
  const found: Parameter[] = []
  let continued = false
  let at = from
  while (at < value.length && found.length < maxParameters) {
    const item = nextParameter(value, at)
    at = item.end
    if (item.parameter === null) continue
    found.push(item.parameter)
    if (item.parameter.name.includes('*')) continued = true
  }
  return continued ? joinSections(found) : found
}

const nameEnd = /[=;\s]/g

function nextParameter(value: string, start: number): { parameter: Parameter | null; end: number } {
  let at = start
  while (at < value.length && (value[at] === ';' || value.charCodeAt(at) <= 0x20)) at++
  if (value[at] === '(') return { parameter: null, end: afterComment(value, at) }
  nameEnd.lastIndex = at
  const stop = nameEnd.exec(value)?.index ?? value.length
  const name = value.slice(at, stop).toLowerCase()
  at = stop
  while (at < value.length && value.charCodeAt(at) <= 0x20) at++
  if (value[at] !== '=') return { parameter: null, end: Math.max(at, start + 1) }
  at++
  while (at < value.length && value.charCodeAt(at) <= 0x20) at++
  const read = value[at] === '"' ? quotedString(value, at) : bareValue(value, at)
  return { parameter: name === '' ? null : { name, value: read.text }, end: read.end }
}

/** The text of a quoted string that starts at `start`; one that is never closed ends with the value. */
export function quotedString(value: string, start: number): { text: string; end: number } {
  let at = start + 1
  let from = at
  let text = ''
  while (at < value.length) {
    const char = value[at]
    if (char === '"') return { text: text + value.slice(from, at), end: at + 1 }
    if (char === '\\' && at + 1 < value.length) {
      // Old Windows programs write paths without escaping; only a quote and a backslash are ever escaped on purpose.
      const escaped = value[at + 1]!
      if (escaped === '"' || escaped === '\\') {
        text += value.slice(from, at) + escaped
        at += 2
        from = at
        continue
      }
    }
    at++
  }
  return { text: text + value.slice(from), end: value.length }
}

/** An unquoted value: up to the next semicolon. Spaces inside are kept (`name=Bao cao.doc`), trailing ones are not. */
function bareValue(value: string, start: number): { text: string; end: number } {
  const semicolon = value.indexOf(';', start)
  const end = semicolon < 0 ? value.length : semicolon
  const text = trimSpace(value.slice(start, end))
  // A comment after the value: `charset=us-ascii (Plain text)`, RFC 2045 §5.1.
  const comment = text.endsWith(')') ? text.lastIndexOf(' (') : -1
  return { text: comment > 0 ? trimSpace(text.slice(0, comment)) : text, end }
}

/** The offset after the comment that opens at `start`; nested comments and quoted pairs are respected. */
export function afterComment(value: string, start: number): number {
  let depth = 0
  for (let at = start; at < value.length; at++) {
    const char = value[at]
    if (char === '\\') at++
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return at + 1
  }
  return value.length
}

interface Section {
  readonly order: number
  readonly extended: boolean
  readonly value: string
}

/** RFC 2231 §3, §4: `name*0*=`, `name*1=` … become one parameter, `name*` when any section is percent-encoded. */
function joinSections(found: readonly Parameter[]): Parameter[] {
  const plain: Parameter[] = []
  const sections = new Map<string, Section[]>()
  for (const parameter of found) {
    const match = /^([^*]+)\*(?:(\d{1,4})(\*?))?$/.exec(parameter.name)
    if (match === null) {
      plain.push(parameter)
      continue
    }
    const order = match[2] === undefined ? 0 : Number(match[2])
    const list = sections.get(match[1]!) ?? []
    if (list.length < maxSections) list.push({ order, extended: match[2] === undefined || match[3] === '*', value: parameter.value })
    sections.set(match[1]!, list)
  }
  for (const [name, list] of sections) {
    list.sort((a, b) => a.order - b.order)
    const extended = list.some((section) => section.extended)
    const joined = list.map((section) => (extended && !section.extended ? escapePercent(section.value) : section.value)).join('')
    plain.push({ name: extended ? `${name}*` : name, value: joined })
  }
  return plain
}

function escapePercent(value: string): string {
  return value.replace(/[%'*()<>@,;:\\"/[\]?=\s\x80-\xff]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`)
}

/**
 * A parameter as people read it (NFC): RFC 2231 first, else RFC 2047 words and raw 8-bit text, which RFC 2047 §5
 * forbids there and most programs write. `null` when the parameter is absent.
 */
export function parameterText(parameters: readonly Parameter[], name: string): string | null {
  const extended = parameters.find((parameter) => parameter.name === `${name}*`)
  if (extended !== undefined) {
    const match = /^([^']*)'[^']*'(.*)$/s.exec(extended.value)
    const bytes = percentBytes(match === null ? extended.value : match[2]!)
    return decodeText(bytes, match === null || match[1] === '' ? null : match[1]!).text
  }
  const plain = parameters.find((parameter) => parameter.name === name)
  return plain === undefined ? null : decodeHeaderText(plain.value)
}

/** The raw value of a parameter, or `null`. */
export function parameterValue(parameters: readonly Parameter[], name: string): string | null {
  return parameters.find((parameter) => parameter.name === name)?.value ?? null
}

function percentBytes(value: string): Buffer {
  const text = value.replace(/%([0-9a-f]{2})/gi, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(text, 'latin1')
}
