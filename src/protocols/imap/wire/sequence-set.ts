/** Sets of sequence numbers and UIDs: RFC 9051 §9 `sequence-set`. `*` is `Infinity`; `$` (RFC 5182) is {@link savedResult}. */
import type { SequenceSet } from '../../../core/mailbox/search-key.ts'
import { SyntaxFault, characterSet } from '../../shared/lexer.ts'
import type { ImapLexer } from './lexer.ts'

const setCharacters = characterSet((byte) => /[0-9*:,]/.test(String.fromCharCode(byte)))
const maxUint32 = 0xffff_ffff

/** Stands for `$`, the messages of the last SEARCH that was saved: known by identity, since no set that is written is empty. */
export const savedResult: SequenceSet = Object.freeze([])

/** Whether a set can begin here. */
export function atSequenceSet(lexer: ImapLexer): boolean {
  const next = lexer.peek()
  return (next >= 0x30 && next <= 0x39) || next === 0x2a || next === 0x24
}

/** Ranges as written, ends swapped where the first is the greater one; or {@link savedResult}. */
export function parseSequenceSet(lexer: ImapLexer): SequenceSet {
  if (lexer.accept('$')) return savedResult
  const text = lexer.token(setCharacters, 'a set of numbers')
  return text.split(',').map(parseRange)
}

/** A set in which neither `*` nor `$` may stand: what a client knows (RFC 7162 §7 `known-uids`). */
export function parseKnownSet(lexer: ImapLexer): SequenceSet {
  const set = parseSequenceSet(lexer)
  if (set === savedResult || set.some(([, last]) => last === Infinity)) throw new SyntaxFault('Only numbers may stand in this set')
  return set
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

/** `1:3,5` of ascending numbers: UID sets of COPYUID, APPENDUID, VANISHED, MODIFIED. */
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

/** `1:3,5` of ranges. */
export function formatRanges(ranges: readonly (readonly [number, number])[]): string {
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}:${last}`)).join(',')
}
