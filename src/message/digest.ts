/**
 * The digest of a message: everything that is kept of it besides its bytes, from one parse (design §5.5).
 */
import { decodeText } from '../vietnamese/charsets/decode.ts'
import { baseSubject } from './subject.ts'
import { parseDate } from './date.ts'
import { decodeHeaderText } from './encoded-word.ts'
import { asBuffer } from './header.ts'
import { packForms } from './imap-form.ts'
import { parseMessageId, parseReferences } from './message-id.ts'
import { parseMessage } from './parse.ts'
import { readableText } from './readable-text.ts'
import { maxSearchChars, packSearchText } from './search-text.ts'
import { valuesOf } from './thread-words.ts'
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

/** `local@domain` of From, encoded words left alone (they mean nothing in an address); RFC 6532 addresses are UTF-8. */
function addressesOf(parsed: ParsedMessage): string[] {
  const found: string[] = []
  for (const { mailbox, host } of parsed.envelope.from) {
    if (mailbox !== null && host !== null && host !== '') found.push(decodeText(Buffer.from(`${mailbox}@${host}`, 'latin1'), 'utf-8').text)
  }
  return found
}

/** The first characters of a text on one line. White space may take most of it, but seldom does. */
function previewOf(text: string): string {
  const start = oneLine(text, maxPreviewChars * 2)
  const line = start.length > maxPreviewChars ? start : oneLine(text, maxPreviewChars * 8)
  if (line.length <= maxPreviewChars) return line
  // Not between the halves of a surrogate pair.
  const end = /[\ud800-\udbff]/.test(line[maxPreviewChars - 1]!) ? maxPreviewChars - 1 : maxPreviewChars
  return line.slice(0, end)
}

function oneLine(text: string, chars: number): string {
  return text.slice(0, chars).replace(/\s+/g, ' ').trim()
}
