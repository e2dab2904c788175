/**
 * Message identifiers: RFC 5322 §3.6.4, for threads (RFC 5256) and for the loop and duplicate checks.
 */

/** More ancestors than any thread shows. */
const maxReferences = 100
const maxIdChars = 998

/** The identifier of a Message-ID value: no angle brackets, lower-case host; null when there is none. */
export function parseMessageId(value: string): string | null {
  const bracketed = /<([^<>]+)>/.exec(value)
  const text = (bracketed?.[1] ?? value.split(/[\x00-\x20(]/, 1)[0] ?? '').replace(/[\x00-\x20<>]+/g, '')
  return text === '' || text.length > maxIdChars ? null : normalized(text)
}

/**
 * The ancestors of a message: References, then In-Reply-To, oldest first, without duplicates. When there are more than
 * 100 the first (the root of the thread) and the last 99 stay (RFC 5322 §3.6.4 trims so, too).
 */
export function parseReferences(references: readonly string[], inReplyTo: readonly string[]): string[] {
  const found = new Set<string>()
  for (const value of references) for (const id of idsOf(value)) found.add(id)
  // In-Reply-To names the parent; people also write prose into it, so only bracketed words with an @ count.
  for (const value of inReplyTo) for (const id of idsOf(value)) if (id.includes('@')) found.add(id)
  const all = [...found]
  return all.length <= maxReferences ? all : [all[0]!, ...all.slice(1 - maxReferences)]
}

function* idsOf(value: string): Generator<string> {
  for (const match of value.matchAll(/<([^<>]+)>/g)) {
    const text = match[1]!.replace(/[\x00-\x20]+/g, '')
    if (text !== '' && text.length <= maxIdChars) yield normalized(text)
  }
}

/** Left side as it is, host without case. */
function normalized(id: string): string {
  const at = id.lastIndexOf('@')
  return at < 0 ? id : id.slice(0, at + 1) + id.slice(at + 1).toLowerCase()
}
