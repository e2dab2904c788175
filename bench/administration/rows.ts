/** What is measured of the administration and what it must reach (issue: regulation, "Speed"), and the stores side by side. */
import { formatValue } from '../trial.ts'

export const storeNames = ['embedded', 'one'] as const
export type StoreName = (typeof storeNames)[number]

export const titles: Readonly<Record<StoreName, string>> = { embedded: 'SQLite', one: 'MongoDB, 1' }

export interface AdministrationRow {
  readonly title: string
  readonly unit: 's' | 'ms' | '/s' | 'MB'
  readonly better: 'more' | 'less'
  readonly reach?: number
}

export const administrationRows = {
  agencies: { title: '165 agencies made', unit: 's', better: 'less' },
  preview: { title: 'import: preview', unit: 's', better: 'less' },
  import: { title: 'import: preview and run', unit: 's', better: 'less', reach: 120 },
  'night-quiet': { title: 'night of the lifecycle, nobody due', unit: 's', better: 'less', reach: 10 },
  'night-busy': { title: 'night of the lifecycle, 1 in 10 warned or locked', unit: 's', better: 'less', reach: 10 },
  'word-accents': { title: 'directory: one word with accents, p95', unit: 'ms', better: 'less', reach: 20 },
  'word-plain': { title: 'directory: one word without, p95', unit: 'ms', better: 'less', reach: 20 },
  'two-words': { title: 'directory: two words, p95', unit: 'ms', better: 'less', reach: 20 },
  prefix: { title: 'directory: 1 to 3 letters, p95', unit: 'ms', better: 'less', reach: 20 },
  page: { title: "an account's page, p95", unit: 'ms', better: 'less', reach: 20 },
  verify: { title: 'audit verify, records', unit: '/s', better: 'more', reach: 50_000 },
  memory: { title: 'memory of core at its highest (RSS)', unit: 'MB', better: 'less', reach: 500 },
} satisfies Readonly<Record<string, AdministrationRow>>

export type AdministrationRowId = keyof typeof administrationRows

interface Figure {
  readonly value: number
  /** CPU share of other work meanwhile, in percent. */
  readonly foreign: number
}

/** One figure by row and store. */
export class AdministrationFigures {
  readonly #values = new Map<string, Figure>()

  add(store: StoreName, row: AdministrationRowId, figure: Figure): void {
    this.#values.set(`${store} ${row}`, figure)
  }

  of(store: StoreName, row: AdministrationRowId): Figure | null {
    return this.#values.get(`${store} ${row}`) ?? null
  }
}

const titleWidth = 50
const cellWidth = 24

export function administrationTable(figures: AdministrationFigures, stores: readonly StoreName[], people: number): string[] {
  const ids = (Object.keys(administrationRows) as AdministrationRowId[]).filter((id) => stores.some((store) => figures.of(store, id) !== null))
  const head = `${`${people.toLocaleString('en')} accounts`.padEnd(titleWidth)}${stores.map((store) => titles[store].padStart(cellWidth)).join('')}`
  return [head, ...ids.map((id) => `${administrationRows[id].title.padEnd(titleWidth)}${stores.map((store) => cell(figures, store, id)).join('')}`)]
}

function cell(figures: AdministrationFigures, store: StoreName, id: AdministrationRowId): string {
  const figure = figures.of(store, id)
  if (figure === null) return '–'.padStart(cellWidth)
  const { unit, better, reach }: AdministrationRow = administrationRows[id]
  const kept = reach === undefined ? '' : (better === 'more' ? figure.value >= reach : figure.value <= reach) ? ` ✓${reach}` : ` ✗${reach}`
  const foreign = figure.foreign > 0 ? ` (${figure.foreign})` : ''
  return `${formatValue(figure.value)} ${unit}${kept}${foreign}`.padStart(cellWidth)
}
