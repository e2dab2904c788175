/**
 * The folded text of a message as columns of its account's index. Pure.
 *
 * Two tables of trigrams. `words` keeps positions, so that a phrase of trigrams is an exact substring: the body, the fields
 * that people search for one by one, and other fields that people write or read. `rest` has no positions and takes a
 * fraction of the room: ids, signatures, trace lines; trigrams that are all there say only that the text may be.
 *
 * Every header line stands whole between two line feeds, as in the searched text, and each column ends with two more: a
 * needle has no line feed, so it never goes over the end of a line; and each character, also the last, begins a trigram.
 */
import type { SearchedText } from '../../core/mailbox/searched-text.ts'

/** Fields with a column of their own, which trace lines never have (core/mailbox/search-plan.ts). */
export const ownColumns = ['from', 'to', 'cc', 'bcc', 'subject'] as const
export type OwnColumn = (typeof ownColumns)[number]

/** Fields in the column `fields`: short, and worth a look-up. */
export const sharedColumn: ReadonlySet<string> = new Set([
  'date', 'sender', 'reply-to', 'organization', 'comments', 'keywords', 'list-id', 'importance', 'priority', 'x-priority', 'x-mailer', 'user-agent',
])

/** Column of `words` in the order of {@link IndexedText.words}. Fields have an `h_` before their name: some are words of SQL. */
export const wordColumns = ['body', ...ownColumns.map((name) => `h_${name}`), 'fields'] as const

export interface IndexedText {
  /** One text per column of {@link wordColumns}; empty where the message has nothing for it. */
  readonly words: readonly string[]
  readonly rest: string
  /** {@link wholeHeader} and {@link wholeBody}: nothing of it was cut off in what is stored. */
  readonly whole: number
}

export const wholeHeader = 1
export const wholeBody = 2

const ends = '\n\n'

export function indexedText(text: SearchedText): IndexedText {
  const own = ownColumns.map(() => '')
  let fields = ''
  let rest = ''
  for (const line of linesOf(text.header)) {
    const name = line.slice(0, line.indexOf(':'))
    const column = ownColumns.indexOf(name as OwnColumn)
    if (column !== -1) own[column] += `\n${line}`
    else if (sharedColumn.has(name)) fields += `\n${line}`
    else rest += `\n${line}`
  }
  for (const line of linesOf(text.trace)) rest += `\n${line}`
  return {
    words: [text.body, ...own, fields].map(ended),
    rest: ended(rest),
    whole: (text.headerWhole ? wholeHeader : 0) | (text.bodyWhole ? wholeBody : 0),
  }
}

function linesOf(header: string): string[] {
  return header.split('\n').filter((line) => line !== '')
}

/** The tokenizer leaves NUL out, which would join its neighbours: U+FFFD, which no needle may have, keeps them apart. */
function ended(text: string): string {
  return text === '' ? '' : `${text.replaceAll('\0', '\ufffd')}${ends}`
}
