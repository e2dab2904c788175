/**
 * The digest of a message: everything that is kept of it besides its bytes, from one parse (design §5.5).
 */
import { decodeText } from '../vietnamese/charsets/decode.ts'
import { baseSubject } from './subject.ts'
import { parseDate } from './date.ts'
import { decodeHeaderText } from './encoded-word.ts'
import { asBuffer, fieldValue } from './header.ts'
import { packForms } from './imap-form.ts'
import { parseMessageId, parseReferences } from './message-id.ts'
import { parseMessage } from './parse.ts'
import { readableText } from './readable-text.ts'
import { maxSearchChars, packSearchText } from './search-text.ts'
import type { Digest, ParsedMessage } from './types.ts'

const maxPreviewChars = 256

/** Parses a message and packs what is kept of it. Never throws. */
export function digest(bytes: Uint8Array): Digest {
  const buffer = asBuffer(bytes)
  const parsed = parseMessage(buffer)
  const readable = readableText(buffer, parsed, maxSearchChars)
  const { envelope } = parsed
  const subject = envelope.subject === null ? '' : decodeHeaderText(envelope.subject)
  const preview = previewOf(readable.first)
  return {
    forms: packForms(buffer, parsed, preview),
    text: packSearchText(buffer, parsed, readable),
    messageId: envelope.messageId === null ? null : parseMessageId(envelope.messageId),
    references: parseReferences(valuesOf(buffer, parsed, 'references'), valuesOf(buffer, parsed, 'in-reply-to')),
    baseSubject: baseSubject(subject),
    sentAtMs: envelope.date === null ? null : parseDate(envelope.date),
    subject,
    from: addressesOf(parsed),
    preview,
    limits: parsed.limits,
  }
}

function valuesOf(bytes: Buffer, parsed: ParsedMessage, name: string): string[] {
  return parsed.fields.filter((field) => field.name === name).map((field) => fieldValue(bytes, field))
}

/** `local@domain` of From, encoded words left alone (they mean nothing in an address); RFC 6532 addresses are UTF-8. */
function addressesOf(parsed: ParsedMessage): string[] {
  const found: string[] = []
  for (const { mailbox, host } of parsed.envelope.from) {
    if (mailbox !== null && host !== null && host !== '') found.push(decodeText(Buffer.from(`${mailbox}@${host}`, 'latin1'), 'utf-8').text)
  }
  return found
}

/** The first characters of a text on one line. */
function previewOf(text: string): string {
  const line = text.slice(0, maxPreviewChars * 8).replace(/\s+/g, ' ').trim()
  if (line.length <= maxPreviewChars) return line
  // Not between the halves of a surrogate pair.
  const end = /[\ud800-\udbff]/.test(line[maxPreviewChars - 1]!) ? maxPreviewChars - 1 : maxPreviewChars
  return line.slice(0, end)
}
