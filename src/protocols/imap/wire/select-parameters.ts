/** `(CONDSTORE)` and `(QRESYNC (…))` of SELECT and EXAMINE: RFC 7162 §3.1.8, §3.2.5, §7. */
import type { SequenceSet } from '../../../core/mailbox/search-key.ts'
import { SyntaxFault } from '../../shared/lexer.ts'
import type { ImapLexer } from './lexer.ts'
import { parseModseqValue } from './modseq.ts'
import { parseKnownSet } from './sequence-set.ts'

/** What a client remembers of a mailbox. */
export interface Known {
  readonly uidValidity: number
  readonly modseq: number
  /** Null: all. */
  readonly uids: SequenceSet | null
  /** Some sequence numbers and the UIDs that they had, by position. */
  readonly match: { readonly sequences: SequenceSet; readonly uids: SequenceSet } | null
}

export interface SelectParameters {
  readonly condstore: boolean
  readonly qresync: Known | null
}

/** `SP "(" parameter … ")"`, or nothing. */
export function parseSelectParameters(lexer: ImapLexer): SelectParameters {
  if (!lexer.accept(' ')) return { condstore: false, qresync: null }
  let condstore = false
  let qresync: Known | null = null
  const count = lexer.list(() => {
    const name = lexer.word('a SELECT parameter')
    if (name === 'CONDSTORE' && !condstore) condstore = true
    else if (name === 'QRESYNC' && qresync === null) {
      lexer.space()
      qresync = parseKnown(lexer)
    } else throw new SyntaxFault('Unknown SELECT parameter')
  }, 2).length
  if (count === 0) throw new SyntaxFault('Empty list of SELECT parameters')
  return { condstore, qresync }
}

function parseKnown(lexer: ImapLexer): Known {
  lexer.expect('(')
  const uidValidity = lexer.nonZeroNumber()
  lexer.space()
  const modseq = parseModseqValue(lexer, { zero: false })
  let uids: SequenceSet | null = null
  let match: Known['match'] = null
  if (lexer.peek() === 0x20 && lexer.peek(1) !== 0x28) {
    lexer.space()
    uids = parseKnownSet(lexer)
  }
  if (lexer.accept(' ')) match = parseMatch(lexer)
  lexer.expect(')')
  return { uidValidity, modseq, uids, match }
}

function parseMatch(lexer: ImapLexer): { sequences: SequenceSet; uids: SequenceSet } {
  lexer.expect('(')
  const sequences = parseKnownSet(lexer)
  lexer.space()
  const uids = parseKnownSet(lexer)
  lexer.expect(')')
  return { sequences, uids }
}
