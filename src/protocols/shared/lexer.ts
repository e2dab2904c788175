/**
 * A cursor over one command: its lines and the literals between them. IMAP and ManageSieve build their grammars on it.
 * RFC 9051 §4.3 (quoted strings, literals), §9; RFC 7888.
 *
 * Text comes out as binary strings (one character is one byte), because only the grammar above knows a charset. A lexer is
 * pure: it reads nothing, and whatever does not fit is a {@link SyntaxFault}.
 */

/** What the client wrote is not in the grammar; `message` is ASCII and may be shown to it. */
export class SyntaxFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SyntaxFault'
  }
}

/** A command as it was read: line n ends with the marker of literal n; the last line has none. Without CRLF. */
export interface RawCommand {
  readonly lines: readonly Buffer[]
  readonly literals: readonly Buffer[]
}

/** 256 booleans: which bytes belong to a token. */
export type CharacterSet = Uint8Array

/** From a predicate over byte values. */
export function characterSet(belongs: (byte: number) => boolean): CharacterSet {
  return Uint8Array.from({ length: 256 }, (_, byte) => (belongs(byte) ? 1 : 0))
}

const quote = 0x22
const backslash = 0x5c
const maxUint32 = 0xffff_ffff

/** `{n}`, `{n+}` or `~{n}` at the end of a line: a literal follows. */
export interface LiteralMarker {
  readonly bytes: number
  /** False for `{n+}`: the client does not wait for a continuation. */
  readonly synchronizing: boolean
}

const markerPattern = /~?\{(\d{1,20})(\+?)\}$/

/** The marker that ends this line, if one does. Only the last 26 bytes are looked at. */
export function literalMarker(line: Buffer): LiteralMarker | null {
  if (line.length === 0 || line[line.length - 1] !== 0x7d) return null
  const match = markerPattern.exec(line.toString('latin1', Math.max(0, line.length - 26)))
  return match === null ? null : { bytes: Number(match[1]), synchronizing: match[2] === '' }
}

export class Lexer {
  readonly #command: RawCommand
  #line = 0
  #text: string
  #at = 0

  constructor(command: RawCommand) {
    this.#command = command
    this.#text = (command.lines[0] ?? Buffer.alloc(0)).toString('latin1')
  }

  /** The next byte, or -1 at the end of the command's present line. */
  peek(ahead = 0): number {
    const at = this.#at + ahead
    return at < this.#text.length ? this.#text.charCodeAt(at) : -1
  }

  /** True and one further, when the next character is this one. */
  accept(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  /** True and past it, when this word comes next (case does not matter) and no letter of `tail` follows. */
  acceptWord(word: string, tail: CharacterSet): boolean {
    const end = this.#at + word.length
    if (this.#text.slice(this.#at, end).toUpperCase() !== word) return false
    if (end < this.#text.length && tail[this.#text.charCodeAt(end)] === 1) return false
    this.#at = end
    return true
  }

  expect(character: string): void {
    if (!this.accept(character)) throw new SyntaxFault(`Expected "${character === ' ' ? 'space' : character}"${this.#where()}`)
  }

  space(): void {
    this.expect(' ')
  }

  /** The command ends here. */
  end(): void {
    if (!this.atEnd()) throw new SyntaxFault(`Unexpected text${this.#where()}`)
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length && this.#line === this.#command.lines.length - 1
  }

  /** Zero or more characters of the set. */
  take(set: CharacterSet): string {
    const start = this.#at
    const { length } = this.#text
    let at = start
    // Bytes only: the text is latin1, so the index is always below 256.
    while (at < length && set[this.#text.charCodeAt(at)] === 1) at++
    this.#at = at
    return this.#text.slice(start, at)
  }

  /** One or more characters of the set; `what` names the token for the client. */
  token(set: CharacterSet, what: string): string {
    const token = this.take(set)
    if (token === '') throw new SyntaxFault(`Expected ${what}${this.#where()}`)
    return token
  }

  /** Everything up to the end of the line. */
  rest(): string {
    const rest = this.#text.slice(this.#at)
    this.#at = this.#text.length
    return rest
  }

  /** Digits, at most `max` (32 bits unless told). */
  number(max = maxUint32): number {
    const start = this.#at
    let value = 0
    for (let code = this.peek(); code >= 0x30 && code <= 0x39; code = this.peek()) {
      value = value * 10 + (code - 0x30)
      if (value > max) throw new SyntaxFault('Number too large')
      this.#at++
    }
    if (this.#at === start) throw new SyntaxFault(`Expected a number${this.#where()}`)
    return value
  }

  nonZeroNumber(max = maxUint32): number {
    const value = this.number(max)
    if (value === 0) throw new SyntaxFault('Number must not be zero')
    return value
  }

  /** A quoted string; the cursor stands on the opening quote. */
  quoted(): string {
    if (this.peek() !== quote) throw new SyntaxFault(`Expected a quoted string${this.#where()}`)
    const close = this.#text.indexOf('"', this.#at + 1)
    const plain = this.#text.slice(this.#at + 1, close === -1 ? undefined : close)
    // Nearly all quoted strings hold no backslash: one slice.
    if (close !== -1 && !plain.includes('\\') && isQuotable(plain)) {
      this.#at = close + 1
      return plain
    }
    return this.#quotedSlowly()
  }

  #quotedSlowly(): string {
    let text = ''
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at)
      if (code === quote) {
        this.#at = at + 1
        return text
      }
      if (code === backslash) {
        const escaped = this.#text[++at]
        if (escaped !== '"' && escaped !== '\\') throw new SyntaxFault('Bad escape in a quoted string')
        text += escaped
      } else if (code === 0 || code === 10 || code === 13) throw new SyntaxFault('Forbidden character in a quoted string')
      else text += this.#text[at]!
    }
    throw new SyntaxFault('Quoted string without its end')
  }

  /** Whether a literal stands here. */
  atLiteral(): boolean {
    return this.peek() === 0x7b || (this.peek() === 0x7e && this.peek(1) === 0x7b)
  }

  /** The bytes of a literal; the cursor goes on at the line after it. */
  literal(): Buffer {
    const marker = this.#text.slice(this.#at)
    const literal = this.#command.literals[this.#line]
    if (literal === undefined || !/^~?\{\d+\+?\}$/.test(marker)) throw new SyntaxFault(`Expected a literal${this.#where()}`)
    this.#line++
    this.#at = 0
    this.#text = (this.#command.lines[this.#line] ?? Buffer.alloc(0)).toString('latin1')
    return literal
  }

  /** Quoted or literal, as a binary string. */
  string(): string {
    return this.atLiteral() ? this.literal().toString('latin1') : this.quoted()
  }

  #where(): string {
    return this.#at >= this.#text.length ? ' but the line ends' : ` at character ${this.#at + 1}`
  }
}

const unquotable = /[\0\r\n]/

function isQuotable(text: string): boolean {
  return !unquotable.test(text)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of a binary string that is UTF-8; null when it is not. */
export function decodeUtf8(binary: string): string | null {
  try {
    return utf8.decode(Buffer.from(binary, 'latin1'))
  } catch {
    return null // Not UTF-8, which is the answer.
  }
}
