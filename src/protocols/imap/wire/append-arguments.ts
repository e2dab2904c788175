/**
 * The messages of an APPEND: RFC 9051 §6.3.12; several of them, RFC 3502; `~{n}` of RFC 3516 §4.4; `UTF8 (~{n} …)` of
 * RFC 6855 §4. Their bytes are any bytes: the limits were kept while they were read.
 */
import { flagsOf, noFlags, type Flags } from '../../../core/mailbox/flags.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import { parseDateTime } from './date.ts'
import { atomCharacters, type ImapLexer } from './lexer.ts'

export interface AppendedMessage {
  readonly bytes: Buffer
  readonly flags: Flags
  /** INTERNALDATE, or null for now. */
  readonly receivedAtMs: number | null
}

/** What one command may bring; more is a mistake, or an attack. */
export const maxAppendedMessages = 1000

/** `1*(SP [flags SP] [date SP] literal)` up to the end of the command. */
export function parseAppendedMessages(lexer: ImapLexer): AppendedMessage[] {
  const messages: AppendedMessage[] = []
  do {
    if (messages.length === maxAppendedMessages) throw new SyntaxFault('Too many messages')
    lexer.space()
    messages.push(parseMessage(lexer))
  } while (!lexer.atEnd())
  return messages
}

function parseMessage(lexer: ImapLexer): AppendedMessage {
  const flags = lexer.peek() === 0x28 ? flagsOf(lexer.flagList()) : null
  if (flags !== null) lexer.space()
  const receivedAtMs = lexer.peek() === 0x22 ? parseDateTime(lexer) : null
  if (receivedAtMs !== null) lexer.space()
  return { bytes: parseBytes(lexer), flags: flags ?? noFlags, receivedAtMs }
}

function parseBytes(lexer: ImapLexer): Buffer {
  if (!lexer.acceptWord('UTF8', atomCharacters)) return lexer.literal()
  lexer.space()
  lexer.expect('(')
  const bytes = lexer.literal()
  lexer.expect(')')
  return bytes
}
