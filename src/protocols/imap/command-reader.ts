/**
 * Reads one command with its literals: RFC 9051 §2.2.1, §4.3; RFC 7888; the messages of a MULTIAPPEND, RFC 3502.
 *
 * A literal over its limit is refused before a byte of it is read: the client of `{n}` waits for leave and gets none; of
 * `{n+}` it comes all the same and is passed over when that is bearable, else the connection ends.
 */
import { literalMarker, type RawCommand } from '../shared/lexer.ts'
import { collectLiteral } from '../shared/literal.ts'
import type { ByteBudget } from '../shared/byte-budget.ts'
import type { Connection } from '../shared/connection.ts'
import type { ImapLimits } from './settings.ts'
import { maxAppendedMessages } from './wire/append-arguments.ts'

export type Reading =
  | { readonly kind: 'command'; readonly raw: RawCommand; /** Gives back what was charged for its literals. */ readonly release: () => void }
  /** The command cannot be taken; the connection stands before the next one. */
  | { readonly kind: 'refused'; readonly tag: string | null; readonly status: 'NO' | 'BAD'; readonly code: string; readonly text: string }
  /** The connection must end. */
  | { readonly kind: 'hopeless'; readonly text: string }
  | { readonly kind: 'closed' }

export interface ReaderOptions {
  readonly limits: ImapLimits
  readonly budget: ByteBudget
  readonly signedIn: boolean
}

/** A tag of at most 128 characters and the space behind it. */
const maxTagBytes = 129
const appendPattern = /^[^ ]+ APPEND /i
/** The first literal of an APPEND is its mailbox when nothing stands before it. */
const appendMailboxPattern = /^[^ ]+ APPEND ~?\{/i
/** A line or literal that is too long is passed over up to this many times its limit. */
const bearable = 16
/** A message over the limit that comes without leave is passed over up to this many times the limit. */
const bearableMessages = 2

export async function readCommand(connection: Connection, options: ReaderOptions): Promise<Reading> {
  const { limits } = options
  const maxBytes = options.signedIn ? limits.maxCommandBytes : limits.maxCommandBytesBeforeSignIn
  const maxLineBytes = Math.min(limits.maxLineBytes, maxBytes)
  const lines: Buffer[] = []
  const literals: Buffer[] = []
  const releases: (() => void)[] = []
  const release = (): void => releases.forEach((one) => one())
  const given = (reading: Reading): Reading => {
    release()
    return reading
  }
  let total = 0
  let messageBytes = 0
  for (;;) {
    const line = await connection.readLine(maxLineBytes)
    if (line === null) return given({ kind: 'closed' })
    if (line === 'too-long') {
      const refused = refusal(lines.length > 0 ? lines : [connection.head(maxTagBytes)], 'BAD', 'TOOBIG', 'Line too long')
      if (await connection.skipLine(maxLineBytes * bearable)) return given(refused)
      return given(connection.closed ? { kind: 'closed' } : { kind: 'hopeless', text: 'Line too long' })
    }
    lines.push(line)
    total += line.length
    const marker = literalMarker(line)
    if (marker === null) return { kind: 'command', raw: { lines, literals }, release }
    const isMessage = options.signedIn && isMessageLiteral(lines)
    const allowed = isMessage ? Math.min(limits.maxMessageBytes, limits.maxAppendBytes - messageBytes) : maxBytes - total
    const tooMany = marker.bytes > allowed || total > maxBytes || literals.length > maxAppendedMessages
    // A message that the budget cannot hold now may be sent again later.
    const busy = !tooMany && marker.synchronizing && marker.bytes > options.budget.free
    if (tooMany || busy) {
      const refused = refusal(lines, tooMany && !isMessage ? 'BAD' : 'NO', tooMany ? 'TOOBIG' : 'LIMIT', tooMany ? 'Literal too large' : 'Busy, try again later')
      if (marker.synchronizing) return given(refused)
      const bound = isMessage ? limits.maxMessageBytes * bearableMessages : maxBytes * bearable
      if (marker.bytes > bound) return given({ kind: 'hopeless', text: 'Literal too large' })
      return given(await passOver(connection, marker.bytes, maxLineBytes, refused))
    }
    if (marker.synchronizing) connection.write('+ Ready for literal data\r\n')
    const literal = await collectLiteral(connection, marker.bytes, options.budget)
    if (literal === null) return given({ kind: 'closed' })
    if (literal === 'over-budget') return given(await passOver(connection, 0, maxLineBytes, refusal(lines, 'NO', 'LIMIT', 'Busy, try again later')))
    literals.push(literal.bytes)
    releases.push(literal.release)
    if (isMessage) messageBytes += literal.bytes.length
    else total += literal.bytes.length
  }
}

function isMessageLiteral(lines: readonly Buffer[]): boolean {
  const start = lines[0]!.toString('latin1', 0, 160)
  return appendPattern.test(start) && !(lines.length === 1 && appendMailboxPattern.test(start))
}

/** Passes over a literal and what follows it, with the literals that come without leave in the rest. */
async function passOver(connection: Connection, bytes: number, maxLineBytes: number, refused: Reading): Promise<Reading> {
  let left = bytes
  for (let literals = 0; literals < bearable; literals++) {
    if (!(await connection.skipBytes(left))) return { kind: 'closed' }
    const line = await connection.readLine(maxLineBytes)
    if (line === null) return { kind: 'closed' }
    if (line === 'too-long') break
    const marker = literalMarker(line)
    // A client that asks for leave gets the refusal instead.
    if (marker === null || marker.synchronizing) return refused
    if (marker.bytes > bytes + maxLineBytes * bearable) break
    left = marker.bytes
  }
  return { kind: 'hopeless', text: 'Command too large' }
}

function refusal(lines: readonly Buffer[], status: 'NO' | 'BAD', code: string, text: string): Reading {
  return { kind: 'refused', tag: tagOf(lines[0]), status, code, text }
}

/** The tag of a line that will not be parsed; null when it has none. */
export function tagOf(line: Buffer | undefined): string | null {
  return /^([^\x00-\x20(){%*"\\+\x7f-\xff]{1,128}) /.exec(line?.toString('latin1', 0, 130) ?? '')?.[1] ?? null
}
