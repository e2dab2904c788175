/** Randomness that can be repeated: every input is drawn from its own generator, so one input is made again by its number alone. */

export class Rng {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Of input `index` of the target `name` in a run with this seed. */
  static of(seed: number, name: string, index: number): Rng {
    let state = seed >>> 0
    for (const part of [...Buffer.from(name), index & 0xffff, index >>> 16]) state = mix(state ^ part)
    return new Rng(state)
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    return Math.floor((mix(this.#state) / 2 ** 32) * limit)
  }

  /** True once in so many. */
  once(inSoMany: number): boolean {
    return this.below(inSoMany) === 0
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  bytes(length: number): Buffer {
    return Buffer.from(Uint8Array.from({ length }, () => this.below(256)))
  }
}

function mix(value: number): number {
  let t = Math.imul(value ^ (value >>> 15), value | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return (t ^ (t >>> 14)) >>> 0
}
