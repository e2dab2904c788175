/** Patterns of LIST and LSUB: RFC 9051 §6.3.9. `*` matches anything, `%` anything but the hierarchy separator. */

/**
 * A matcher over full names. Time is bounded by pattern length × name length, whatever the pattern. `INBOX` matches in any
 * case (RFC 9051 §5.1).
 */
export function listMatcher(pattern: string, separator: string): (name: string) => boolean {
  const compact = pattern.replace(/[*%]*\*[*%]*/g, '*').replace(/%+/g, '%').replace(inboxLevel, 'INBOX')
  return (name) => matches(compact, name, separator) || (name === 'INBOX' && matches(compact.toUpperCase(), name, separator))
}

const inboxLevel = /^inbox(?=\/|$)/i

/** The set of pattern positions that are reachable, moved on by each character of the name. */
function matches(pattern: string, name: string, separator: string): boolean {
  let reachable = new Uint8Array(pattern.length + 1)
  reachable[0] = 1
  passWildcards(pattern, reachable)
  for (const character of name) {
    const next = new Uint8Array(pattern.length + 1)
    let any = false
    for (let at = 0; at < pattern.length; at++) {
      if (reachable[at] === 0) continue
      const expected = pattern[at]
      if (expected === '*' || (expected === '%' && character !== separator)) {
        next[at] = 1
        any = true
      } else if (pattern.startsWith(character, at)) {
        next[at + character.length] = 1
        any = true
      }
    }
    if (!any) return false
    passWildcards(pattern, next)
    reachable = next
  }
  return reachable[pattern.length] === 1
}

/** A wildcard may match nothing. */
function passWildcards(pattern: string, reachable: Uint8Array): void {
  for (let at = 0; at < pattern.length; at++) {
    if (reachable[at] === 1 && (pattern[at] === '*' || pattern[at] === '%')) reachable[at + 1] = 1
  }
}
