/**
 * Authentication-Results that claim to be ours (RFC 8601 §5): whoever reads these fields trusts those that carry our
 * authserv-id, so one that came with a message is cut out before the body is kept. It is the one thing that delivery takes
 * out of a sender's bytes, and nothing else changes: results of other systems stay, and so does every other byte.
 */
import { cutFields } from '../../message/compose.ts'

export interface ResultsField {
  /** Of the whole field in the message, its line end included. */
  readonly start: number
  readonly end: number
  /** Who claims to have checked: the authserv-id, lower case. */
  readonly authority: string
}

/** The bytes themselves when none was forged. */
export function withoutForgedResults(bytes: Uint8Array, results: readonly ResultsField[], hostname: string): Uint8Array {
  const forged = results.filter(({ authority }) => authority === hostname.toLowerCase())
  return forged.length === 0 ? bytes : cutFields(bytes, forged)
}

/**
 * The authserv-id of a field's value (RFC 8601 §2.2: CFWS, then a token or a quoted string), read as generously as a careless
 * reader would: a dot at its end, and what hangs on it without a space, are left out.
 */
export function authorityOf(value: string): string {
  const text = afterComments(value)
  const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(text)
  const name = quoted === null ? /^[^\s;()"/=]*/.exec(text)![0] : quoted[1]!.replace(/\\(.)/gs, '$1').trim()
  return name.toLowerCase().replace(/\.$/, '')
}

/** RFC 5322 §3.2.2: comments nest; a backslash quotes. An open end swallows the rest. */
function afterComments(value: string): string {
  let depth = 0
  for (let at = 0; at < value.length; at++) {
    const char = value[at]!
    if (char === '\\' && depth > 0) at++
    else if (char === '(') depth++
    else if (char === ')' && depth > 0) depth--
    else if (depth === 0 && !/\s/.test(char)) return value.slice(at)
  }
  return ''
}
