/** Numbers the different flags of many messages, so that a packed answer holds each set once. */
import type { Flags } from '../../core/mailbox/flags.ts'
import { flagsOfRow } from './rows.ts'

export class FlagSets {
  readonly sets: Flags[] = []
  readonly #byBits = new Map<number, number>()
  readonly #byText = new Map<string, number>()
  /** The last one that was asked for: neighbours are mostly alike. */
  #lastBits = -1
  #lastIndex = 0

  /** Index of these flags in {@link sets}. */
  index(bits: number, keywords: string | null): number {
    if (keywords === null && bits === this.#lastBits) return this.#lastIndex
    const index = this.#indexOf(bits, keywords)
    if (keywords === null) {
      this.#lastBits = bits
      this.#lastIndex = index
    }
    return index
  }

  #indexOf(bits: number, keywords: string | null): number {
    const known = keywords === null ? this.#byBits.get(bits) : this.#byText.get(`${bits}\n${keywords}`)
    if (known !== undefined) return known
    const index = this.sets.push(flagsOfRow(bits, keywords)) - 1
    if (keywords === null) this.#byBits.set(bits, index)
    else this.#byText.set(`${bits}\n${keywords}`, index)
    return index
  }
}

/** As small as the indexes allow. */
export function indexArray(indexes: ArrayLike<number>, sets: number): Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  return sets <= 0x10000 ? new Uint16Array(indexes) : new Uint32Array(indexes)
}
