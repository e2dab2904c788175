/** Sets of sequence numbers and UIDs: RFC 9051 §9 `sequence-set`. `*` is `Infinity`. */
import type { SequenceSet } from '../../../core/mailbox/search-key.ts'
import { SyntaxFault, characterSet } from '../../shared/lexer.ts'
import type { ImapLexer } from './lexer.ts'

const setCharacters = characterSet((byte) => /[0-9*:,]/.test(String.fromCharCode(byte)))
const maxUint32 = 0xffff_ffff

/** Whether a set can begin here. */
export function atSequenceSet(lexer: ImapLexer): boolean {
  const next = lexer.peek()
  return (next >= 0x30 && next <= 0x39) || next === 0x2a
}

/** Ranges as written, ends swapped where the first is the greater one. */
export function parseSequenceSet(lexer: ImapLexer): SequenceSet {
  const text = lexer.token(setCharacters, 'a set of numbers')
  return text.split(',').map(parseRange)
}

function parseRange(text: string): readonly [number, number] {
  const ends = text.split(':')
  if (ends.length > 2) throw new SyntaxFault('Bad set of numbers')
  const first = parseEnd(ends[0]!)
  const last = ends.length === 1 ? first : parseEnd(ends[1]!)
  return first <= last ? [first, last] : [last, first]
}

function parseEnd(text: string): number {
  if (text === '*') return Infinity
  const value = /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : 0
  if (value === 0 || value > maxUint32) throw new SyntaxFault('Bad number in a set')
  return value
}

/** `1:3,5` of ascending numbers: UID sets of COPYUID, APPENDUID, VANISHED. */
export function formatSet(numbers: ArrayLike<number>): string {
  const parts: string[] = []
  for (let at = 0; at < numbers.length; ) {
    const first = numbers[at]!
    let last = first
    for (at++; at < numbers.length && numbers[at] === last + 1; at++) last++
    parts.push(first === last ? `${first}` : `${first}:${last}`)
  }
  return parts.join(',')
}
