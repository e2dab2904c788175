/** Flags as documents hold them, and the numbering of different flags, so that many messages share one object for each set. */
import type { Flags } from '../../core/mailbox/flags.ts'
import { noFlags } from '../../core/mailbox/flags.ts'

/** Null for none, else one keyword a line (a keyword is an atom: it has no line end). */
export function keywordsText(keywords: readonly string[]): string | null {
  return keywords.length === 0 ? null : keywords.join('\n')
}

export function flagsOfDocument(bits: number, keywords: string | null): Flags {
  return { bits, keywords: keywords === null ? noFlags.keywords : keywords.split('\n') }
}

export class FlagSets {
  readonly sets: Flags[] = []
  readonly #byBits = new Map<number, number>()
  readonly #byText = new Map<string, number>()

  /** Index of these flags in {@link sets}. */
  index(bits: number, keywords: string | null): number {
    const known = keywords === null ? this.#byBits.get(bits) : this.#byText.get(`${bits}\n${keywords}`)
    if (known !== undefined) return known
    const index = this.sets.push(flagsOfDocument(bits, keywords)) - 1
    if (keywords === null) this.#byBits.set(bits, index)
    else this.#byText.set(`${bits}\n${keywords}`, index)
    return index
  }

  of(bits: number, keywords: string | null): Flags {
    return this.sets[this.index(bits, keywords)]!
  }
}

/** As small as the indexes allow. */
export function indexArray(indexes: ArrayLike<number>, sets: number): Uint16Array | Uint32Array {
  return sets <= 0x10000 ? Uint16Array.from(indexes) : Uint32Array.from(indexes)
}
