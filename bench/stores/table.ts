/** The stores side by side: each figure with what it must reach, and how many times better it is than the anchor's. */
import { formatValue } from '../trial.ts'
import { storeRows, type StoreFigures, type StoreRow, type StoreRowId } from './rows.ts'
import { storeNames, titles, type StoreName } from './targets.ts'

const titleWidth = 50
const cellWidth = 22

export function storeTable(figures: StoreFigures, stores: readonly StoreName[]): string[] {
  const shown = storeNames.filter((store) => stores.includes(store))
  const lines = [`${'measure'.padEnd(titleWidth)}${shown.map((store) => titles[store].padStart(cellWidth)).join('')}${'WildDuck'.padStart(10)}${'ratio'.padStart(8)}`]
  for (const id of Object.keys(storeRows) as StoreRowId[]) {
    if (shown.every((store) => figures.of(store, id) === null)) continue
    const row: StoreRow = storeRows[id]
    const anchor = row.anchor === undefined ? '' : formatValue(row.anchor)
    lines.push(`${row.title.padEnd(titleWidth)}${shown.map((store) => cell(figures, store, id)).join('')}${anchor.padStart(10)}${ratio(figures, shown, id).padStart(8)}`)
  }
  return lines
}

function cell(figures: StoreFigures, store: StoreName, id: StoreRowId): string {
  const figure = figures.of(store, id)
  if (figure === null) return '–'.padStart(cellWidth)
  const row: StoreRow = storeRows[id]
  const reach = row.reach?.[store]
  const kept = reach === undefined ? '' : (row.better === 'more' ? figure.value >= reach : figure.value <= reach) ? ` ✓${reach}` : ` ✗${reach}`
  const foreign = figure.foreignPercent > 0 ? ` (${figure.foreignPercent})` : ''
  return `${formatValue(figure.value)} ${row.unit}${kept}${foreign}`.padStart(cellWidth)
}

/** Of MongoDB with one member, else of what there is of MongoDB; above 1 is better. */
function ratio(figures: StoreFigures, shown: readonly StoreName[], id: StoreRowId): string {
  const row: StoreRow = storeRows[id]
  const own = shown.filter((store) => store !== 'embedded').map((store) => figures.of(store, id)).find((figure) => figure !== null)
  if (row.anchor === undefined || own === undefined) return ''
  return `${formatValue(row.better === 'more' ? own!.value / row.anchor : row.anchor / own!.value)}×`
}
