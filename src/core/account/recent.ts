/** The most recently used texts, at most `max`; the one unused for longest is forgotten first. */

export interface Recent {
  /** Counts as use. */
  has(text: string): boolean
  add(text: string): void
}

export function createRecent(max: number): Recent {
  /** A Set keeps the order of insertion: what was used goes to its end. */
  const texts = new Set<string>()
  return {
    has(text) {
      if (!texts.delete(text)) return false
      texts.add(text)
      return true
    },
    add(text) {
      texts.delete(text)
      texts.add(text)
      if (texts.size <= max) return
      const [oldest] = texts
      if (oldest !== undefined) texts.delete(oldest)
    },
  }
}
