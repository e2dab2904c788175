/**
 * Questions for one document each, by a key, that arrive together: while one command is being answered, those that come meanwhile
 * wait and share the next. A busy node asks fewer, larger questions; a lone one is asked at once. Each is asked after it
 * arrived, so its answer has all that was written before.
 */

interface Waiting<D> {
  readonly promise: Promise<D | null>
  readonly resolve: (document: D | null) => void
  readonly reject: (error: unknown) => void
}

const maxKeys = 500

export class Lookups<K, D> {
  readonly #ask: (keys: readonly K[]) => Promise<ReadonlyMap<K, D>>
  #waiting = new Map<K, Waiting<D>>()
  #asking = false

  /** `ask` answers those that are there, in one command. */
  constructor(ask: (keys: readonly K[]) => Promise<ReadonlyMap<K, D>>) {
    this.#ask = ask
  }

  /** The document, or null; rejects as `ask` does. */
  of(key: K): Promise<D | null> {
    const known = this.#waiting.get(key)
    if (known !== undefined) return known.promise
    const one: Waiting<D> = Promise.withResolvers<D | null>()
    this.#waiting.set(key, one)
    if (!this.#asking) void this.#work()
    return one.promise
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    this.#asking = true
    // Those of the same turn belong together.
    await Promise.resolve()
    while (this.#waiting.size > 0) {
      const some = [...this.#waiting].slice(0, maxKeys)
      for (const [key] of some) this.#waiting.delete(key)
      try {
        const found = await this.#ask(some.map(([key]) => key))
        for (const [key, { resolve }] of some) resolve(found.get(key) ?? null)
      } catch (error) {
        for (const [, { reject }] of some) reject(error)
      }
    }
    this.#asking = false
  }
}
