/** One run of a part's measures on one server: takes figures, and takes a figure again when other work disturbed it. */
import type { Figure, Figures } from './figures.ts'
import { foreignPercent, snapshot, waitForQuiet, type Quiet } from './quiet.ts'
import { rows, type RowId } from './rows.ts'
import type { Target } from './target.ts'

export interface TrialOptions {
  readonly target: Target
  /** From 0: measures that need a fresh mailbox take the one of this number. */
  readonly run: number
  readonly quiet: Quiet
  readonly figures: Figures
  /** Called before every measure "for the first time"; drops the page cache when that was asked for. */
  readonly cool: () => void
  readonly tell: (text: string) => void
}

const tries = 3

export class Trial {
  readonly target: Target
  readonly run: number
  readonly cool: () => void
  readonly tell: (text: string) => void
  readonly #options: TrialOptions

  constructor(options: TrialOptions) {
    this.#options = options
    this.target = options.target
    this.run = options.run
    this.cool = options.cool
    this.tell = options.tell
  }

  /**
   * Adds what `measure` returns, in the row's unit. `once`: it changes what it measures, so it is not taken again.
   * Otherwise the least disturbed of three counts.
   */
  async measure(row: RowId, measure: () => Promise<number>, { once = false } = {}): Promise<number> {
    const { quiet, target, figures } = this.#options
    let best: Figure | null = null
    for (let count = 0; count < (once ? 1 : tries); count++) {
      await waitForQuiet(quiet)
      const before = snapshot(target.pids)
      const value = await measure()
      const figure = { value, foreignPercent: foreignPercent(before, target.pids) }
      if (best === null || figure.foreignPercent < best.foreignPercent) best = figure
      if (best.foreignPercent <= quiet.maxForeignPercent) break
    }
    figures.add(target.name, row, best!)
    this.#told(row, best!)
    return best!.value
  }

  /** A figure that came with another one. */
  add(row: RowId, value: number, foreign = 0): void {
    const figure = { value, foreignPercent: foreign }
    this.#options.figures.add(this.target.name, row, figure)
    this.#told(row, figure)
  }

  #told(row: RowId, { value, foreignPercent: foreign }: Figure): void {
    const { title, unit } = rows[row]
    this.tell(`  ${this.target.name}: ${title}: ${formatValue(value)} ${unit}${foreign > 0 ? ` (foreign ${foreign} %)` : ''}`)
  }
}

/** Three digits that count. */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return '–'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}
