/**
 * What LIST is asked: RFC 9051 §6.3.9, RFC 3501 §6.3.8; selection and return options and several patterns of RFC 5258; SPECIAL-USE
 * of RFC 6154 §2; STATUS of RFC 5819.
 */
import { SyntaxFault } from '../../shared/lexer.ts'
import { atomCharacters, type ImapLexer } from './lexer.ts'
import { decodeListPattern } from './mailbox-name.ts'
import { parseStatusItems, type StatusItem } from './status-items.ts'

export interface ListArguments {
  /** With the reference before them; one that no name could match is left out, and so is an empty one of the extended form. */
  readonly patterns: readonly string[]
  /** `LIST "" ""`: only the separator is asked for. */
  readonly separatorOnly: boolean
  /** The client reads extended answers. */
  readonly extended: boolean
  readonly select: { readonly subscribed: boolean; readonly specialUse: boolean; readonly recursive: boolean }
  readonly give: { readonly subscribed: boolean; readonly children: boolean; readonly specialUse: boolean; readonly status: readonly StatusItem[] }
}

const maxOptions = 20
const maxPatterns = 20

const nothingSelected = { subscribed: false, specialUse: false, recursive: false }
const nothingGiven = { subscribed: false, children: false, specialUse: false, status: [] as readonly StatusItem[] }

/** `reference SP pattern`: LSUB, and LIST as it always was. */
export function parseBasicList(lexer: ImapLexer, utf8: boolean): ListArguments {
  lexer.space()
  const reference = decodeListPattern(lexer.astring(), utf8)
  lexer.space()
  const pattern = lexer.listMailbox()
  lexer.end()
  return { patterns: below(reference, [pattern], utf8), separatorOnly: pattern === '', extended: false, select: nothingSelected, give: nothingGiven }
}

export function parseList(lexer: ImapLexer, utf8: boolean): ListArguments {
  lexer.space()
  const selecting = lexer.peek() === 0x28
  const select = selecting ? parseSelection(lexer) : nothingSelected
  if (selecting) lexer.space()
  const reference = decodeListPattern(lexer.astring(), utf8)
  lexer.space()
  const several = lexer.peek() === 0x28
  const patterns = several ? lexer.list(() => lexer.listMailbox(), maxPatterns) : [lexer.listMailbox()]
  if (patterns.length === 0) throw new SyntaxFault('Empty list of patterns')
  const returning = lexer.accept(' ')
  const give = returning ? parseReturn(lexer) : nothingGiven
  lexer.end()
  const extended = selecting || several || returning
  return {
    patterns: below(reference, extended ? patterns.filter((pattern) => pattern !== '') : patterns, utf8),
    separatorOnly: !extended && patterns[0] === '',
    extended,
    select,
    give,
  }
}

/** A name from the root stands for itself; others are taken below the reference (RFC 9051 §6.3.9). */
function below(reference: string | null, patterns: readonly string[], utf8: boolean): string[] {
  if (reference === null) return []
  const decoded = patterns.map((pattern) => decodeListPattern(pattern, utf8)).filter((pattern) => pattern !== null)
  return decoded.map((pattern) => reference + pattern).filter((pattern) => pattern.replace(/[*%]/g, '').length <= maxNameCharacters)
}

/** No mailbox name is longer: a pattern with more than wildcards above that matches none. */
const maxNameCharacters = 1000

function parseSelection(lexer: ImapLexer): ListArguments['select'] {
  const names = new Set(lexer.list(() => lexer.word('a selection option'), maxOptions))
  for (const name of names) if (!['SUBSCRIBED', 'SPECIAL-USE', 'RECURSIVEMATCH', 'REMOTE'].includes(name)) throw new SyntaxFault('Unknown selection option')
  const select = { subscribed: names.has('SUBSCRIBED'), specialUse: names.has('SPECIAL-USE'), recursive: names.has('RECURSIVEMATCH') }
  // RFC 5258 §3.1: there must be something that the children are to match. REMOTE adds nothing: no mailbox is elsewhere.
  if (select.recursive && !select.subscribed && !select.specialUse) throw new SyntaxFault('RECURSIVEMATCH needs another selection option')
  return select
}

function parseReturn(lexer: ImapLexer): ListArguments['give'] {
  if (!lexer.acceptWord('RETURN', atomCharacters)) throw new SyntaxFault('Expected RETURN')
  lexer.space()
  const give = { subscribed: false, children: false, specialUse: false, status: [] as readonly StatusItem[] }
  lexer.list(() => {
    const name = lexer.word('a return option')
    if (name === 'SUBSCRIBED') give.subscribed = true
    else if (name === 'CHILDREN') give.children = true
    else if (name === 'SPECIAL-USE') give.specialUse = true
    else if (name === 'STATUS') {
      lexer.space()
      give.status = parseStatusItems(lexer)
    } else throw new SyntaxFault('Unknown return option')
  }, maxOptions)
  return give
}
