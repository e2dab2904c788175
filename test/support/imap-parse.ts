/** A command as text → what the parser reads, without a session. Literals stand in the text: `{3}\r\nabc`. */
import { literalMarker, type RawCommand } from '../../src/protocols/shared/lexer.ts'
import { ImapLexer } from '../../src/protocols/imap/wire/lexer.ts'

/** Latin1. The literals' lengths must be right. */
export function rawCommand(text: string): RawCommand {
  const lines: Buffer[] = []
  const literals: Buffer[] = []
  let rest = Buffer.from(text, 'latin1')
  for (;;) {
    const end = rest.indexOf('\r\n')
    const line = end === -1 ? rest : rest.subarray(0, end)
    const marker = end === -1 ? null : literalMarker(line)
    if (marker === null) return { lines: [...lines, rest], literals }
    lines.push(line)
    literals.push(rest.subarray(end + 2, end + 2 + marker.bytes))
    rest = rest.subarray(end + 2 + marker.bytes)
  }
}

export function lexerOf(text: string): ImapLexer {
  return new ImapLexer(rawCommand(text))
}
