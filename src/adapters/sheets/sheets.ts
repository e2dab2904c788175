/** Tables in files, by csv-parse, read-excel-file and write-excel-file (port `Sheets`). */
import type { Sheets } from '../../core/ports/sheets.ts'
import { csvBytes } from './csv.ts'
import { readSheet } from './read-sheet.ts'
import { xlsxBytes } from './xlsx.ts'

export function createSheets(): Sheets {
  return { read: readSheet, writeCsv: csvBytes, writeXlsx: xlsxBytes }
}
