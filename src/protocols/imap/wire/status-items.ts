/**
 * What STATUS and LIST … RETURN (STATUS …) can ask: RFC 9051 §6.3.11, RFC 3501 §6.3.10 (RECENT); RFC 7162 §3.1.7
 * (HIGHESTMODSEQ), RFC 7889 §3 (APPENDLIMIT), RFC 8438 (SIZE), RFC 8474 §4.3 (MAILBOXID), RFC 9208 §4.1.4.
 */
import { SyntaxFault } from '../../shared/lexer.ts'
import type { ImapLexer } from './lexer.ts'

const names = [
  'MESSAGES', 'RECENT', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN', 'DELETED', 'DELETED-STORAGE', 'SIZE', 'HIGHESTMODSEQ', 'APPENDLIMIT', 'MAILBOXID',
] as const

export type StatusItem = (typeof names)[number]

const maxItems = 30

/** `(item item …)`, not empty; duplicates are answered once. */
export function parseStatusItems(lexer: ImapLexer): StatusItem[] {
  const items = lexer.list(() => {
    const word = lexer.word('a status item')
    const item = names.find((name) => name === word)
    if (item === undefined) throw new SyntaxFault('Unknown status item')
    return item
  }, maxItems)
  if (items.length === 0) throw new SyntaxFault('Empty list of status items')
  return [...new Set(items)]
}
