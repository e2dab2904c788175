/** A question about a message's folded text, answered from that text: the exact search (RFC 9051 §6.4.4). Pure. */
import type { TextQuestion } from '../ports/full-text.ts'
import type { SearchedText } from './searched-text.ts'

/** Null: it is not in what was stored, but what was stored is not all. */
export function answerOf(question: TextQuestion, text: SearchedText): boolean | null {
  const { needle } = question
  switch (question.area) {
    case 'header':
      return inHeader(question.name, needle, text)
    case 'body':
      return found(text.body.includes(needle), text.bodyWhole)
    case 'text': {
      const isThere = text.header.includes(needle) || text.body.includes(needle) || text.trace.includes(needle)
      return found(isThere, text.headerWhole && text.bodyWhole)
    }
  }
}

/** Values of the fields with this name (lower case), in order, of lines as {@link SearchedText} has them. */
export function* headerValues(header: string, name: string): Generator<string> {
  const start = `\n${name}:`
  for (let at = header.indexOf(start); at !== -1; at = header.indexOf(start, at + start.length)) {
    const from = at + start.length
    yield header.slice(header[from] === ' ' ? from + 1 : from, header.indexOf('\n', from))
  }
}

/** No field has such a name, but a line could begin with it. */
export function isFieldName(name: string): boolean {
  return !/[:\s]/.test(name)
}

/** What is searched for the most, and never stands in trace lines: they need not be read for it. */
const neverInTrace = new Set(['from', 'to', 'cc', 'bcc', 'subject', 'date', 'message-id'])

function inHeader(name: string, needle: string, text: SearchedText): boolean | null {
  if (!isFieldName(name)) return false
  for (const header of neverInTrace.has(name) ? [text.header] : [text.header, text.trace]) {
    for (const value of headerValues(header, name)) if (value.includes(needle)) return true
  }
  return text.headerWhole ? false : null
}

function found(isThere: boolean, whole: boolean): boolean | null {
  return isThere ? true : whole ? false : null
}
