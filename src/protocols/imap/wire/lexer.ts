/**
 * The tokens of IMAP: RFC 9051 §9, RFC 3501 §9. Grammar only; what a command does with them is in `commands/`.
 */
import { Lexer, SyntaxFault, characterSet, type CharacterSet } from '../../shared/lexer.ts'
import { decodeMailboxName } from './mailbox-name.ts'

const is = (byte: number, characters: string): boolean => characters.includes(String.fromCharCode(byte))
const printable = (byte: number): boolean => byte > 0x20 && byte < 0x7f

/** ATOM-CHAR. */
export const atomCharacters: CharacterSet = characterSet((byte) => printable(byte) && !is(byte, '(){%*"\\]'))
/** ASTRING-CHAR. */
export const astringCharacters: CharacterSet = characterSet((byte) => printable(byte) && !is(byte, '(){%*"\\'))
/** Names of 8 bits come from clients that never learned modified UTF-7: they are read, and refused by name. */
const listCharacters: CharacterSet = characterSet((byte) => (printable(byte) || byte >= 0x80) && !is(byte, '(){"\\'))
const mailboxCharacters: CharacterSet = characterSet((byte) => astringCharacters[byte] === 1 || byte >= 0x80)
const tagCharacters: CharacterSet = characterSet((byte) => astringCharacters[byte] === 1 && byte !== 0x2b)
/** Letters and digits: a keyword of the grammar ends before anything else. */
export const wordCharacters: CharacterSet = characterSet((byte) => /[A-Za-z0-9.-]/.test(String.fromCharCode(byte)))

/** No client sends more flags in one list than any message may have. */
const maxFlags = 1000
const maxTagLength = 128

export class ImapLexer extends Lexer {
  tag(): string {
    const tag = this.token(tagCharacters, 'a tag')
    if (tag.length > maxTagLength) throw new SyntaxFault('Tag too long')
    return tag
  }

  /** An atom, as written. */
  atom(what = 'an atom'): string {
    return this.token(atomCharacters, what)
  }

  /** An atom in upper case: names of commands, items, keys. */
  word(what: string): string {
    return this.atom(what).toUpperCase()
  }

  /** astring, as a binary string. */
  astring(): string {
    const next = this.peek()
    if (next === 0x22 || this.atLiteral()) return this.string()
    return this.token(astringCharacters, 'a string')
  }

  /** nstring: null for NIL. */
  nstring(): string | null {
    const next = this.peek()
    if (next === 0x22 || this.atLiteral()) return this.string()
    if (this.acceptWord('NIL', astringCharacters)) return null
    throw new SyntaxFault('Expected a string or NIL')
  }

  /** A mailbox name: NFC text. Refuses (`name-invalid`) what is not modified UTF-7, or with `utf8` not UTF-8. */
  mailbox(utf8: boolean): string {
    const next = this.peek()
    const binary = next === 0x22 || this.atLiteral() ? this.string() : this.token(mailboxCharacters, 'a mailbox name')
    return decodeMailboxName(binary, utf8)
  }

  /** list-mailbox: a name with wildcards, as a binary string. */
  listMailbox(): string {
    const next = this.peek()
    return next === 0x22 || this.atLiteral() ? this.string() : this.token(listCharacters, 'a mailbox pattern')
  }

  /** One flag: `\Seen` or a keyword, as written. */
  flag(): string {
    return this.accept('\\') ? `\\${this.atom('a flag')}` : this.atom('a flag')
  }

  /** `(flag flag …)`, possibly empty. */
  flagList(): string[] {
    return this.list(() => this.flag(), maxFlags)
  }

  /** `(item item …)`, possibly empty. */
  list<T>(item: () => T, maxItems: number): T[] {
    this.expect('(')
    const items: T[] = []
    if (this.accept(')')) return items
    do {
      if (items.length === maxItems) throw new SyntaxFault('List too long')
      items.push(item())
    } while (this.accept(' '))
    this.expect(')')
    return items
  }
}
