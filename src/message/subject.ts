/**
 * The base subject: RFC 5256 §2.1, by which threads are joined and mail is sorted.
 */
import { foldKey } from '../vietnamese/fold.ts'

/** A subject is read this far; longer ones only cost time. */
const maxSubjectChars = 2000

const blob = String.raw`\[[^[\]]*\]\s*`
const leader = new RegExp(String.raw`^(?:${blob})*(?:re|fwd?)\s*(?:${blob})?:\s*`, 'i')
const leadingBlob = new RegExp(`^${blob}`)
const forwarded = /^\[fwd:(.*)\]$/is

/** The base subject of a decoded subject, in its own letters and accents (white space collapsed). */
export function extractBaseSubject(subject: string): string {
  // Step 1: white space to single spaces (the words are decoded already).
  let text = subject.slice(0, maxSubjectChars).replace(/\s+/g, ' ').trim()
  for (;;) {
    // Step 2: trailers. The pattern is anchored at the end, where "(fwd)" and spaces repeat.
    text = stripTrailer(text)
    // Steps 3 to 5: leaders and blobs, as long as something remains.
    for (;;) {
      const before = text
      text = text.replace(leader, '').trimStart()
      const rest = text.replace(leadingBlob, '')
      if (rest !== '') text = rest
      if (text === before) break
    }
    // Step 6: "[fwd: … ]" is taken off and all begins again.
    const match = forwarded.exec(text)
    if (match === null) return text
    text = match[1]!.trim()
  }
}

function stripTrailer(text: string): string {
  let end = text.length
  for (;;) {
    const trimmed = text.slice(0, end).trimEnd()
    end = trimmed.length
    if (trimmed.slice(-5).toLowerCase() !== '(fwd)') return trimmed
    end -= 5
  }
}

/** The base subject by which messages are compared: folded (no accents, lower case). */
export function baseSubject(subject: string): string {
  return foldKey(extractBaseSubject(subject))
}
