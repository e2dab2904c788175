/**
 * Flags of a message: system flags as a bit mask, keywords as a sorted list. RFC 9051 §2.3.2.
 * Invariant: `keywords` is sorted, without case-insensitive duplicates, and never holds a system flag.
 */

export const systemFlags = { '\\Seen': 1, '\\Answered': 2, '\\Flagged': 4, '\\Deleted': 8, '\\Draft': 16 } as const
export const seenBit = 1
export const deletedBit = 8

export interface Flags {
  /** Sum of {@link systemFlags}. */
  readonly bits: number
  readonly keywords: readonly string[]
}

export const noFlags: Flags = { bits: 0, keywords: [] }

const bitOf = new Map<string, number>(Object.entries(systemFlags).map(([name, bit]) => [name.toLowerCase(), bit]))

/** From flag names as a client writes them; unknown `\Flags` are ignored (a server need not keep them). */
export function flagsOf(names: Iterable<string>): Flags {
  let bits = 0
  const keywords = new Map<string, string>()
  for (const name of names) {
    const bit = bitOf.get(name.toLowerCase())
    if (bit !== undefined) bits |= bit
    else if (!name.startsWith('\\') && !keywords.has(name.toLowerCase())) keywords.set(name.toLowerCase(), name)
  }
  return { bits, keywords: [...keywords.values()].sort() }
}

export function flagNames(flags: Flags): string[] {
  const names: string[] = []
  for (const [name, bit] of Object.entries(systemFlags)) if (flags.bits & bit) names.push(name)
  return [...names, ...flags.keywords]
}

export type FlagChange = { readonly mode: 'add' | 'remove' | 'replace'; readonly flags: Flags }

/** The flags after the change; keywords compare without case, the spelling that is stored stays. */
export function changeFlags(now: Flags, change: FlagChange): Flags {
  const given = new Set(change.flags.keywords.map((keyword) => keyword.toLowerCase()))
  switch (change.mode) {
    case 'replace':
      return change.flags
    case 'add':
      return given.size === 0
        ? { bits: now.bits | change.flags.bits, keywords: now.keywords }
        : { bits: now.bits | change.flags.bits, keywords: flagsOf([...now.keywords, ...change.flags.keywords]).keywords }
    case 'remove':
      return {
        bits: now.bits & ~change.flags.bits,
        keywords: given.size === 0 ? now.keywords : now.keywords.filter((keyword) => !given.has(keyword.toLowerCase())),
      }
  }
}

export function sameFlags(a: Flags, b: Flags): boolean {
  return a.bits === b.bits && a.keywords.length === b.keywords.length && a.keywords.every((keyword, i) => keyword === b.keywords[i])
}
