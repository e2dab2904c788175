/** Numbers that were measured, and what is made of them. */

export interface Figure {
  readonly value: number
  /** CPU share of other work meanwhile, in percent. */
  readonly foreignPercent: number
}

/** Figures by server and row, in the order in which they came. */
export class Figures {
  readonly #rows = new Map<string, Figure[]>()

  add(server: string, row: string, figure: Figure): void {
    const key = `${server}\n${row}`
    this.#rows.set(key, [...(this.#rows.get(key) ?? []), figure])
  }

  of(server: string, row: string): readonly Figure[] {
    return this.#rows.get(`${server}\n${row}`) ?? []
  }
}

/** The middle one, or the lower of the two in the middle. Of nothing: NaN. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN
}

/** `share` from 0 to 1: 0.95 is the value that 95 % do not exceed. Of nothing: NaN. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
