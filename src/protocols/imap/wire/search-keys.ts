/**
 * SEARCH's arguments: RFC 9051 §6.4.4, RFC 3501 §6.4.4 (CHARSET, OLD, NEW, RECENT); RETURN of RFC 4731 and RFC 5182; MODSEQ
 * of RFC 7162 §3.1.5; OLDER and YOUNGER of RFC 5032; EMAILID and THREADID of RFC 8474 §6.
 */
import type { SearchKey } from '../../../core/mailbox/search-key.ts'
import { SyntaxFault, decodeUtf8 } from '../../shared/lexer.ts'
import { parseDate } from './date.ts'
import { atomCharacters, type ImapLexer } from './lexer.ts'
import { parseModseqValue } from './modseq.ts'
import { atSequenceSet, parseSequenceSet, savedResult } from './sequence-set.ts'

/** What of the result is told: RFC 4731 §3.1. */
export type ResultOption = 'MIN' | 'MAX' | 'ALL' | 'COUNT'

export interface SearchProgram {
  /** Null: the charset is one that we do not read, and the rest was not looked at. */
  readonly key: SearchKey | null
  /** In the order in which they are told; null without RETURN. */
  readonly options: readonly ResultOption[] | null
  /** `$` becomes the result (RFC 5182). */
  readonly save: boolean
  /** MODSEQ is among the keys: the answer tells the highest one. */
  readonly modseq: boolean
  /** Sequence numbers are among the keys: no EXPUNGE may come before the answer. */
  readonly sequences: boolean
}

export interface SearchOptions {
  /** After ENABLE UTF8=ACCEPT a charset must not be named any more (RFC 6855 §3). */
  readonly utf8Accept?: boolean
}

/** The client named a charset that we do not read: NO [BADCHARSET (…)]. */
export class UnknownCharset extends Error {
  constructor() {
    super('Unknown charset')
    this.name = 'UnknownCharset'
  }
}

/** Every one of these is a subset of UTF-8. */
export const searchCharsets: readonly string[] = ['US-ASCII', 'UTF-8']

/** Nesting of OR, NOT and parentheses; the evaluation recurses as deep. */
const maxDepth = 50
const maxKeys = 2000

type KeyParser = (lexer: ImapLexer, state: ParseState) => SearchKey

interface ParseState {
  depth: number
  keys: number
  modseq: boolean
  sequences: boolean
}

/** `[RETURN (option …) SP] [CHARSET name SP] key *(SP key)`; the cursor stands on the first word. */
export function parseSearch(lexer: ImapLexer, { utf8Accept }: SearchOptions = {}): SearchProgram {
  const returned = lexer.acceptWord('RETURN', keyTail) ? parseReturn(lexer) : { options: null, save: false }
  const state: ParseState = { depth: 0, keys: 0, modseq: false, sequences: false }
  if (lexer.acceptWord('CHARSET', keyTail)) {
    if (utf8Accept) throw new SyntaxFault('CHARSET is not allowed after ENABLE UTF8=ACCEPT')
    lexer.space()
    if (!searchCharsets.includes(lexer.astring().toUpperCase())) return { ...returned, key: null, modseq: false, sequences: false }
    lexer.space()
  }
  const keys = [parseKey(lexer, state)]
  while (lexer.accept(' ')) keys.push(parseKey(lexer, state))
  lexer.end()
  return { ...returned, key: all(keys), modseq: state.modseq, sequences: state.sequences }
}

const resultOptions: readonly ResultOption[] = ['MIN', 'MAX', 'COUNT', 'ALL']

/** ` (option …) `. An empty list is `(ALL)` (RFC 4731 §3.1); SAVE alone tells nothing (RFC 5182 §1). */
function parseReturn(lexer: ImapLexer): { options: readonly ResultOption[]; save: boolean } {
  lexer.space()
  const names = new Set(lexer.list(() => lexer.word('a result option'), 20))
  lexer.space()
  const save = names.delete('SAVE')
  const options = resultOptions.filter((option) => names.has(option))
  if (options.length !== names.size) throw new SyntaxFault('Unknown result option')
  return { options: options.length === 0 && !save ? ['ALL'] : options, save }
}

const keyTail = Uint8Array.from({ length: 256 }, (_, byte) => (/[A-Za-z0-9]/.test(String.fromCharCode(byte)) ? 1 : 0))

function all(keys: readonly SearchKey[]): SearchKey {
  return keys.length === 1 ? keys[0]! : { key: 'and', keys }
}

function parseKey(lexer: ImapLexer, state: ParseState): SearchKey {
  if (++state.keys > maxKeys) throw new SyntaxFault('Too many search keys')
  if (++state.depth > maxDepth) throw new SyntaxFault('Search keys nested too deep')
  try {
    if (lexer.peek() === 0x28) {
      const keys = lexer.list(() => parseKey(lexer, state), maxKeys)
      if (keys.length === 0) throw new SyntaxFault('Empty list of search keys')
      return all(keys)
    }
    if (atSequenceSet(lexer)) {
      const set = parseSequenceSet(lexer)
      if (set !== savedResult) state.sequences = true
      return { key: 'sequence', set }
    }
    const parser = keyParsers[lexer.word('a search key')]
    if (parser === undefined) throw new SyntaxFault('Unknown search key')
    return parser(lexer, state)
  } finally {
    state.depth--
  }
}

const flag = (name: string, set: boolean): KeyParser => () => ({ key: 'flag', flag: name, set })
const header = (name: string): KeyParser => (lexer) => ({ key: 'header', name, text: argument(lexer) })
const date = (of: 'received' | 'sent', compare: 'before' | 'on' | 'since'): KeyParser => (lexer) => {
  lexer.space()
  return { key: 'date', of, compare, date: parseDate(lexer) }
}

/** Text to look for. Without CHARSET it ought to be ASCII; UTF-8 is what clients then send. */
function argument(lexer: ImapLexer): string {
  lexer.space()
  const text = decodeUtf8(lexer.astring())
  if (text === null) throw new SyntaxFault('Search text is not UTF-8')
  return text
}

/** RFC 8474 §7 `objectid`: letters matter as they are. */
function objectId(lexer: ImapLexer): string {
  lexer.space()
  return lexer.token(atomCharacters, 'an object id')
}

/** RFC 5032 §3: seconds. */
const within = (compare: 'older' | 'younger'): KeyParser => (lexer) => {
  lexer.space()
  return { key: 'within', compare, seconds: lexer.nonZeroNumber() }
}

function number(lexer: ImapLexer): number {
  lexer.space()
  return lexer.number(Number.MAX_SAFE_INTEGER)
}

const keyParsers: Readonly<Record<string, KeyParser>> = {
  ALL: () => ({ key: 'all' }),
  ANSWERED: flag('\\Answered', true),
  BCC: header('bcc'),
  BEFORE: date('received', 'before'),
  BODY: (lexer) => ({ key: 'body', text: argument(lexer) }),
  CC: header('cc'),
  DELETED: flag('\\Deleted', true),
  DRAFT: flag('\\Draft', true),
  EMAILID: (lexer) => ({ key: 'email-id', id: objectId(lexer) }),
  FLAGGED: flag('\\Flagged', true),
  FROM: header('from'),
  HEADER: (lexer) => {
    lexer.space()
    const name = lexer.astring().toLowerCase()
    return { key: 'header', name, text: argument(lexer) }
  },
  KEYWORD: (lexer) => {
    lexer.space()
    return { key: 'flag', flag: lexer.flag(), set: true }
  },
  LARGER: (lexer) => ({ key: 'larger', bytes: number(lexer) }),
  MODSEQ: parseModseq,
  NEW: () => ({ key: 'and', keys: [{ key: 'recent', set: true }, { key: 'flag', flag: '\\Seen', set: false }] }),
  NOT: (lexer, state) => {
    lexer.space()
    return { key: 'not', inner: parseKey(lexer, state) }
  },
  OLD: () => ({ key: 'recent', set: false }),
  OLDER: within('older'),
  ON: date('received', 'on'),
  OR: (lexer, state) => {
    lexer.space()
    const left = parseKey(lexer, state)
    lexer.space()
    return { key: 'or', left, right: parseKey(lexer, state) }
  },
  RECENT: () => ({ key: 'recent', set: true }),
  SEEN: flag('\\Seen', true),
  SENTBEFORE: date('sent', 'before'),
  SENTON: date('sent', 'on'),
  SENTSINCE: date('sent', 'since'),
  SINCE: date('received', 'since'),
  SMALLER: (lexer) => ({ key: 'smaller', bytes: number(lexer) }),
  SUBJECT: header('subject'),
  TEXT: (lexer) => ({ key: 'text', text: argument(lexer) }),
  THREADID: (lexer) => ({ key: 'thread-id', id: objectId(lexer) }),
  TO: header('to'),
  UID: (lexer) => {
    lexer.space()
    return { key: 'uid', set: parseSequenceSet(lexer) }
  },
  UNANSWERED: flag('\\Answered', false),
  UNDELETED: flag('\\Deleted', false),
  UNDRAFT: flag('\\Draft', false),
  UNFLAGGED: flag('\\Flagged', false),
  UNKEYWORD: (lexer) => {
    lexer.space()
    return { key: 'flag', flag: lexer.flag(), set: false }
  },
  UNSEEN: flag('\\Seen', false),
  YOUNGER: within('younger'),
}

/** `MODSEQ ["/flags/…" all|priv|shared] n`: one modseq a message here, so the entry does not matter (RFC 7162 §3.1.5). */
function parseModseq(lexer: ImapLexer, state: ParseState): SearchKey {
  state.modseq = true
  lexer.space()
  if (lexer.peek() === 0x22) {
    lexer.quoted()
    lexer.space()
    if (!['ALL', 'PRIV', 'SHARED'].includes(lexer.word('all, priv or shared'))) throw new SyntaxFault('Bad MODSEQ entry type')
    lexer.space()
  }
  return { key: 'modseq', from: parseModseqValue(lexer, { zero: true }) }
}
