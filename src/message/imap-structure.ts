/**
 * ENVELOPE, BODY and BODYSTRUCTURE as IMAP sends them: RFC 9051 §7.5.2 (the same in RFC 3501 §7.4.2), as latin1 text
 * whose characters are the bytes to send.
 *
 * Values with bytes above 0x7F, CR or LF are literals, all others quoted strings or NIL. NUL may stand in neither
 * (CHAR8) and becomes a space.
 */
import type { Envelope, EnvelopeAddress, Parameter, Part } from './types.ts'

const needsLiteral = /[\r\n\x80-\xff]/
const needsEscape = /["\\]/

/** An nstring. */
export function nstring(value: string | null): string {
  if (value === null) return 'NIL'
  const text = value.includes('\0') ? value.replaceAll('\0', ' ') : value
  if (needsLiteral.test(text)) return `{${text.length}}\r\n${text}`
  return needsEscape.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`
}

/** The ENVELOPE data item, from `(` to `)`. */
export function envelopeText(envelope: Envelope): string {
  return (
    `(${nstring(envelope.date)} ${nstring(envelope.subject)} ` +
    `${addresses(envelope.from)} ${addresses(envelope.sender)} ${addresses(envelope.replyTo)} ` +
    `${addresses(envelope.to)} ${addresses(envelope.cc)} ${addresses(envelope.bcc)} ` +
    `${nstring(envelope.inReplyTo)} ${nstring(envelope.messageId)})`
  )
}

function addresses(list: readonly EnvelopeAddress[]): string {
  if (list.length === 0) return 'NIL'
  let text = '('
  for (const address of list) text += `(${nstring(address.name)} NIL ${nstring(address.mailbox)} ${nstring(address.host)})`
  return `${text})`
}

/** BODY (`extended` false) or BODYSTRUCTURE (`extended` true) of a part, from `(` to `)`. */
export function structureText(part: Part, extended: boolean): string {
  if (part.type === 'multipart') return multipartText(part, extended)
  // A message beyond the limits, or encoded, has no envelope to show: the grammar leaves only an opaque type.
  const opaque = part.type === 'message' && (part.subtype === 'rfc822' || part.subtype === 'global') && part.message === null
  const type = opaque ? 'application' : part.type
  const subtype = opaque ? 'octet-stream' : part.subtype
  let text =
    `(${upper(type)} ${upper(subtype)} ${parameters(part.parameters)} ${nstring(part.contentId)} ` +
    `${nstring(part.description)} ${upper(part.encoding)} ${part.bodyEnd - part.bodyStart}`
  if (part.message !== null) {
    text += ` ${envelopeText(part.message.envelope)} ${structureText(part.message.root, extended)} ${part.lines}`
  } else if (type === 'text') {
    text += ` ${part.lines}`
  }
  if (extended) text += ` ${nstring(part.md5)}${trailer(part)}`
  return `${text})`
}

function multipartText(part: Part, extended: boolean): string {
  let text = '('
  for (const child of part.children) text += structureText(child, extended)
  text += ` ${upper(part.subtype)}`
  if (extended) text += ` ${parameters(part.parameters)}${trailer(part)}`
  return `${text})`
}

/** Disposition, language and location, which end both kinds of extension data. */
function trailer(part: Part): string {
  const disposition =
    part.disposition === null ? 'NIL' : `(${upper(part.disposition.type)} ${parameters(part.disposition.parameters)})`
  const language =
    part.language.length === 0 ? 'NIL' : part.language.length === 1 ? nstring(part.language[0]!) : `(${part.language.map(nstring).join(' ')})`
  return ` ${disposition} ${language} ${nstring(part.location)}`
}

function parameters(list: readonly Parameter[]): string {
  if (list.length === 0) return 'NIL'
  let text = '('
  for (const parameter of list) text += `${text === '(' ? '' : ' '}${upper(parameter.name)} ${nstring(parameter.value)}`
  return `${text})`
}

/** Tokens of MIME are compared without case; upper case is how the examples of the RFC show them. */
function upper(token: string): string {
  return nstring(asciiUpper(token))
}

/** Only ASCII letters: `toUpperCase` would turn the byte FF (ÿ) into a character that is no byte. */
function asciiUpper(token: string): string {
  return /^[\x00-\x7f]*$/.test(token) ? token.toUpperCase() : token.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}
