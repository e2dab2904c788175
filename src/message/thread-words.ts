/** What joins a message to a thread: RFC 5322 §3.6.4 identifiers, and the RFC 5256 §2.1 base subject. */
import { baseSubject } from './subject.ts'
import { decodeHeaderText } from './encoded-word.ts'
import { asBuffer, fieldValue } from './header.ts'
import { parseMessageId, parseReferences } from './message-id.ts'
import { parseMessage } from './parse.ts'
import type { Digest, ParsedMessage } from './types.ts'

/** As {@link digest} finds them, without the rest of its work. */
export function threadWords(bytes: Uint8Array): Pick<Digest, 'messageId' | 'references' | 'baseSubject'> {
  const buffer = asBuffer(bytes)
  const parsed = parseMessage(buffer)
  const { envelope } = parsed
  return {
    messageId: envelope.messageId === null ? null : parseMessageId(envelope.messageId),
    references: parseReferences(valuesOf(buffer, parsed, 'references'), valuesOf(buffer, parsed, 'in-reply-to')),
    baseSubject: baseSubject(envelope.subject === null ? '' : decodeHeaderText(envelope.subject)),
  }
}

export function valuesOf(bytes: Buffer, parsed: ParsedMessage, name: string): string[] {
  return parsed.fields.filter((field) => field.name === name).map((field) => fieldValue(bytes, field))
}
