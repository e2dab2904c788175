/** What is printed and what is written as JSON: each row with median, spread, reach and aim, or with the ratio to others. */
import { median, type Figure, type Figures } from './figures.ts'
import type { MachineFacts } from './machine.ts'
import { rowIds, rows, type Row, type RowId } from './rows.ts'
import { formatValue } from './trial.ts'

const titleWidth = 58

/** Ours alone: rows that were measured, in the table's order. */
export function ownTable(figures: Figures, server: string): string[] {
  const lines = [`${'measure'.padEnd(titleWidth)}${'median'.padStart(9)} ${'unit'.padEnd(4)}${'reach'.padStart(8)}${'aim'.padStart(8)}           spread (foreign CPU %)`]
  for (const id of rowIds) {
    const taken = figures.of(server, id)
    if (taken.length === 0) continue
    const row: Row = rows[id]
    const middle = medianOf(taken)
    const limits = `${limitText(row, row.reach).padStart(8)}${limitText(row, row.aim).padStart(8)}`
    lines.push(`${row.title.padEnd(titleWidth)}${formatValue(middle).padStart(9)} ${row.unit.padEnd(4)}${limits}  ${verdict(row, middle).padEnd(8)} ${spreadOf(taken)}`)
  }
  return lines
}

/** Ours beside another server; the ratio is above 1 where ours is better. */
export function peerTable(figures: Figures, own: string, peer: string): string[] {
  const lines = [`${'measure'.padEnd(titleWidth)}${own.padStart(10)}${peer.padStart(20)} ${'unit'.padEnd(5)}${'ratio'.padStart(8)}   spread`]
  for (const id of rowIds) {
    const [mine, theirs] = [figures.of(own, id), figures.of(peer, id)]
    if (mine.length === 0 || theirs.length === 0) continue
    const row: Row = rows[id]
    const [a, b] = [medianOf(mine), medianOf(theirs)]
    const ratio = row.better === 'more' ? a / b : b / a
    lines.push(`${row.title.padEnd(titleWidth)}${formatValue(a).padStart(10)}${formatValue(b).padStart(20)} ${row.unit.padEnd(5)}${`${formatValue(ratio)}×`.padStart(8)}   ${spreadOf(mine)} | ${spreadOf(theirs)}`)
  }
  return lines
}

/** Every figure, for programs. */
export function jsonReport(figures: Figures, servers: readonly string[], machine: MachineFacts): string {
  const measured = Object.fromEntries(servers.map((server) => [server, Object.fromEntries(rowIds.flatMap((id) => rowJson(figures, server, id)))]))
  return `${JSON.stringify({ machine, figures: measured }, null, 2)}\n`
}

function rowJson(figures: Figures, server: string, id: RowId): [string, object][] {
  const taken = figures.of(server, id)
  return taken.length === 0 ? [] : [[id, { ...rows[id], median: medianOf(taken), taken }]]
}

const medianOf = (taken: readonly Figure[]): number => median(taken.map(({ value }) => value))

function limitText(row: Row, limit: number | undefined): string {
  if (limit === undefined) return '–'
  return `${row.better === 'more' ? '≥' : '≤'} ${limit.toLocaleString('en')}`
}

function verdict(row: Row, value: number): string {
  const keeps = (limit: number): boolean => (row.better === 'more' ? value >= limit : value <= limit)
  if (row.aim !== undefined && keeps(row.aim)) return 'aim'
  if (row.reach === undefined) return ''
  return keeps(row.reach) ? 'reach' : 'MISSED'
}

function spreadOf(taken: readonly Figure[]): string {
  return taken.map(({ value, foreignPercent }) => `${formatValue(value)}${foreignPercent > 0 ? ` (${foreignPercent})` : ''}`).join(' / ')
}
