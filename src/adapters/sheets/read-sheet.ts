/** Which kind of file it is, and reading of its first sheet within the limits (port `Sheets`). */
import { MailError } from '../../core/errors.ts'
import type { SheetLimits, SheetRows } from '../../core/ports/sheets.ts'
import { readCsv } from './csv.ts'
import { readXlsx } from './xlsx.ts'

export type SheetFault = 'empty' | 'not-a-table' | 'file-too-large' | 'too-many-rows' | 'too-many-columns' | 'cell-too-large' | 'unpacked-too-large' | 'broken'

export function sheetRefusal(reason: SheetFault, detail: Record<string, number> = {}): MailError {
  return new MailError('argument-invalid', `the table: ${reason}`, { reason, ...detail })
}

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b
/** The container of .xls, and of an encrypted .xlsx. */
const isCompoundFile = (bytes: Uint8Array): boolean => bytes[0] === 0xd0 && bytes[1] === 0xcf && bytes[2] === 0x11 && bytes[3] === 0xe0

export async function readSheet(bytes: Uint8Array, limits: SheetLimits): Promise<SheetRows> {
  if (bytes.byteLength === 0) throw sheetRefusal('empty')
  if (bytes.byteLength > limits.maxFileBytes) throw sheetRefusal('file-too-large', { maxBytes: limits.maxFileBytes })
  if (isCompoundFile(bytes)) throw sheetRefusal('not-a-table')
  const rows = isZip(bytes) ? await readXlsx(bytes, limits) : await readCsv(bytes, limits)
  if (rows.every((row) => row.every((cell) => cell === ''))) throw sheetRefusal('empty')
  return rows
}

/** Takes a row in, or refuses what is beyond the limits. Cells are NFC without white space around them. */
export function takeRow(rows: string[][], cells: readonly string[], limits: SheetLimits): void {
  if (rows.length >= limits.maxRows) throw sheetRefusal('too-many-rows', { maxRows: limits.maxRows })
  if (cells.length > limits.maxColumns) throw sheetRefusal('too-many-columns', { maxColumns: limits.maxColumns, row: rows.length + 1 })
  if (cells.some((cell) => cell.length > limits.maxCellCharacters)) throw sheetRefusal('cell-too-large', { maxCharacters: limits.maxCellCharacters, row: rows.length + 1 })
  rows.push(cells.map((cell) => cell.trim()))
}
