/** Modification sequences on the wire: RFC 7162 §7 `mod-sequence-value`, unsigned 63 bits. */
import { SyntaxFault, characterSet } from '../../shared/lexer.ts'
import type { ImapLexer } from './lexer.ts'

const digits = characterSet((byte) => byte >= 0x30 && byte <= 0x39)
const max = 2n ** 63n - 1n

/** What lies beyond the integers of the language is above every modseq that was ever given, as that is. */
export function parseModseqValue(lexer: ImapLexer, { zero }: { readonly zero: boolean }): number {
  const text = lexer.token(digits, 'a modification sequence')
  if (text.length > 19 || BigInt(text) > max || (!zero && Number(text) === 0)) throw new SyntaxFault('Bad modification sequence')
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}
