/**
 * What FETCH can ask: RFC 9051 §6.4.5, §9 `fetch-att`, `section`, BINARY; RFC822 items of RFC 3501; MODSEQ and the modifiers
 * of RFC 7162; EMAILID and THREADID of RFC 8474; PREVIEW of RFC 8970.
 */
import { SyntaxFault, characterSet } from '../../shared/lexer.ts'
import { astringCharacters, type ImapLexer } from './lexer.ts'
import { parseModseqValue } from './modseq.ts'

/** Which text of the part: all of it, or one of its pieces. */
export type SectionText =
  | { readonly kind: 'whole' }
  | { readonly kind: 'header' }
  | { readonly kind: 'text' }
  | { readonly kind: 'mime' }
  /** Field names in lower case. */
  | { readonly kind: 'fields'; readonly names: ReadonlySet<string>; readonly not: boolean }

export interface Section {
  /** Part numbers, `1.2` = [1, 2]; empty: the message itself. */
  readonly part: readonly number[]
  readonly text: SectionText
}

export interface Partial {
  readonly offset: number
  readonly length: number
}

export type SimpleItem =
  | 'uid' | 'flags' | 'internaldate' | 'size' | 'envelope' | 'body' | 'bodystructure' | 'modseq' | 'emailid' | 'threadid' | 'preview'

export type FetchItem =
  | { readonly item: SimpleItem }
  /** The part without its transfer encoding, or only how long that is. */
  | {
      readonly item: 'binary'
      readonly part: readonly number[]
      readonly partial: Partial | null
      readonly peek: boolean
      readonly sizeOnly: boolean
      readonly label: string
    }
  | {
      readonly item: 'section'
      readonly section: Section
      readonly partial: Partial | null
      /** Does not set \Seen. */
      readonly peek: boolean
      /** How the answer names it, e.g. `BODY[1.MIME]<0>`. */
      readonly label: string
    }

const simpleItems: Readonly<Record<string, SimpleItem>> = {
  UID: 'uid',
  FLAGS: 'flags',
  INTERNALDATE: 'internaldate',
  'RFC822.SIZE': 'size',
  ENVELOPE: 'envelope',
  BODY: 'body',
  BODYSTRUCTURE: 'bodystructure',
  MODSEQ: 'modseq',
  EMAILID: 'emailid',
  THREADID: 'threadid',
}

const whole: Section = { part: [], text: { kind: 'whole' } }

const sectionItems: Readonly<Record<string, FetchItem>> = {
  RFC822: { item: 'section', section: whole, partial: null, peek: false, label: 'RFC822' },
  'RFC822.HEADER': { item: 'section', section: { part: [], text: { kind: 'header' } }, partial: null, peek: true, label: 'RFC822.HEADER' },
  'RFC822.TEXT': { item: 'section', section: { part: [], text: { kind: 'text' } }, partial: null, peek: false, label: 'RFC822.TEXT' },
}

const macros: Readonly<Record<string, readonly SimpleItem[]>> = {
  FAST: ['flags', 'internaldate', 'size'],
  ALL: ['flags', 'internaldate', 'size', 'envelope'],
  FULL: ['flags', 'internaldate', 'size', 'envelope', 'body'],
}

const itemCharacters = characterSet((byte) => /[A-Za-z0-9.]/.test(String.fromCharCode(byte)))
const sectionWords = characterSet((byte) => /[A-Za-z.]/.test(String.fromCharCode(byte)))
const maxItems = 100
const maxFieldNames = 1000
/** The parser of messages goes no deeper either. */
const maxPartDepth = 100

/** A macro, one item or a list; duplicates are answered once. */
export function parseFetchItems(lexer: ImapLexer): FetchItem[] {
  if (lexer.peek() === 0x28) return distinct(lexer.list(() => parseItem(lexer, lexer.token(itemCharacters, 'a fetch item').toUpperCase()), maxItems))
  const name = lexer.token(itemCharacters, 'a fetch item').toUpperCase()
  const macro = macros[name]
  return macro !== undefined ? macro.map((item) => ({ item })) : [parseItem(lexer, name)]
}

function distinct(items: FetchItem[]): FetchItem[] {
  if (items.length === 0) throw new SyntaxFault('Empty list of fetch items')
  const seen = new Map<string, FetchItem>()
  for (const item of items) {
    const key = 'label' in item ? `${item.label}${item.partial === null ? '' : `.${item.partial.length}`}` : item.item
    const before = seen.get(key)
    // Asked with and without PEEK: the one that sets \Seen wins.
    if (before === undefined || ('peek' in before && before.peek)) seen.set(key, item)
  }
  return [...seen.values()]
}

export interface FetchModifiers {
  /** Only messages whose modseq is above. */
  readonly changedSince: number | null
  /** Those of the set that are gone, too. */
  readonly vanished: boolean
}

export const noModifiers: FetchModifiers = { changedSince: null, vanished: false }

/** `SP "(" CHANGEDSINCE n [VANISHED] ")"`, or nothing (RFC 7162 §3.1.4.1, §3.2.6). */
export function parseFetchModifiers(lexer: ImapLexer): FetchModifiers {
  if (lexer.peek() !== 0x20 || lexer.peek(1) !== 0x28) return noModifiers
  lexer.space()
  let changedSince: number | null = null
  let vanished = false
  const count = lexer.list(() => {
    const name = lexer.word('a FETCH modifier')
    if (name === 'VANISHED' && !vanished) vanished = true
    else if (name === 'CHANGEDSINCE' && changedSince === null) {
      lexer.space()
      // 0 is not in the grammar, but what it means is plain and clients send it.
      changedSince = parseModseqValue(lexer, { zero: true })
    } else throw new SyntaxFault('Unknown FETCH modifier')
  }, 2).length
  if (count === 0) throw new SyntaxFault('Empty list of FETCH modifiers')
  if (vanished && changedSince === null) throw new SyntaxFault('VANISHED needs CHANGEDSINCE')
  return { changedSince, vanished }
}

function parseItem(lexer: ImapLexer, name: string): FetchItem {
  if ((name === 'BODY' || name === 'BODY.PEEK') && lexer.peek() === 0x5b) return parseSectionItem(lexer, name === 'BODY.PEEK')
  if ((name === 'BINARY' || name === 'BINARY.PEEK' || name === 'BINARY.SIZE') && lexer.peek() === 0x5b) return parseBinaryItem(lexer, name)
  if (name === 'PREVIEW') {
    passPreviewModifiers(lexer)
    return { item: 'preview' }
  }
  const simple = simpleItems[name]
  if (simple !== undefined) return { item: simple }
  const section = sectionItems[name]
  if (section !== undefined) return section
  throw new SyntaxFault('Unknown fetch item')
}

function parseSectionItem(lexer: ImapLexer, peek: boolean): FetchItem {
  lexer.expect('[')
  const { section, label } = parseSection(lexer)
  lexer.expect(']')
  const partial = parsePartial(lexer)
  return { item: 'section', section, partial, peek, label: `BODY[${label}]${partial === null ? '' : `<${partial.offset}>`}` }
}

/** RFC 9051 §6.4.5, RFC 3516 §4.2: the offsets of a partial count decoded bytes. */
function parseBinaryItem(lexer: ImapLexer, name: string): FetchItem {
  lexer.expect('[')
  const part = parsePartNumber(lexer)
  lexer.expect(']')
  const sizeOnly = name === 'BINARY.SIZE'
  const partial = sizeOnly ? null : parsePartial(lexer)
  const label = `${sizeOnly ? 'BINARY.SIZE' : 'BINARY'}[${part.join('.')}]${partial === null ? '' : `<${partial.offset}>`}`
  return { item: 'binary', part, partial, peek: name !== 'BINARY', sizeOnly, label }
}

/** `PREVIEW (LAZY)`: previews are stored, so there is never a reason to leave one out (RFC 8970 §4.1). */
function passPreviewModifiers(lexer: ImapLexer): void {
  if (lexer.peek() !== 0x20 || lexer.peek(1) !== 0x28) return
  lexer.space()
  const modifiers = lexer.list(() => lexer.word('a PREVIEW modifier'), 10)
  if (modifiers.length === 0 || modifiers.some((modifier) => modifier !== 'LAZY')) throw new SyntaxFault('Unknown PREVIEW modifier')
}

function parseSection(lexer: ImapLexer): { section: Section; label: string } {
  const part = parsePartNumber(lexer)
  if (lexer.peek() !== 0x5d) return parseSectionText(lexer, part)
  return { section: { part, text: { kind: 'whole' } }, label: part.join('.') }
}

/** `1.2`, or nothing; where more follows than numbers, the cursor stands behind the dot. */
function parsePartNumber(lexer: ImapLexer): number[] {
  const part: number[] = []
  for (let next = lexer.peek(); next >= 0x30 && next <= 0x39; next = lexer.peek()) {
    if (part.length === maxPartDepth) throw new SyntaxFault('Part number too deep')
    part.push(lexer.nonZeroNumber())
    if (!lexer.accept('.')) break
    if (lexer.peek() === 0x5d) throw new SyntaxFault('Bad section')
  }
  return part
}

function parseSectionText(lexer: ImapLexer, part: readonly number[]): { section: Section; label: string } {
  const word = lexer.token(sectionWords, 'a section').toUpperCase()
  const label = [...part, word].join('.')
  switch (word) {
    case 'HEADER':
      return { section: { part, text: { kind: 'header' } }, label }
    case 'TEXT':
      return { section: { part, text: { kind: 'text' } }, label }
    case 'MIME':
      if (part.length === 0) break
      return { section: { part, text: { kind: 'mime' } }, label }
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT': {
      lexer.space()
      const names = lexer.list(() => lexer.astring(), maxFieldNames)
      if (names.length === 0) throw new SyntaxFault('Empty list of header fields')
      const fields = new Set(names.map((name) => name.toLowerCase()))
      return { section: { part, text: { kind: 'fields', names: fields, not: word.endsWith('NOT') } }, label: `${label} (${names.map(showFieldName).join(' ')})` }
    }
  }
  throw new SyntaxFault('Unknown section')
}

/** As the client wrote it, quoted where an atom cannot hold it; what no quoted string can hold is left out. */
function showFieldName(name: string): string {
  const plain = name !== '' && [...name].every((character) => character.charCodeAt(0) < 256 && astringCharacters[character.charCodeAt(0)] === 1 && character !== ']')
  return plain ? name : `"${name.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`
}

function parsePartial(lexer: ImapLexer): Partial | null {
  if (!lexer.accept('<')) return null
  const offset = lexer.number(Number.MAX_SAFE_INTEGER)
  lexer.expect('.')
  const length = lexer.nonZeroNumber(Number.MAX_SAFE_INTEGER)
  lexer.expect('>')
  return { offset, length }
}
