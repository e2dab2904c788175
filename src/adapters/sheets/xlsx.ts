/**
 * XLSX (ECMA-376) by read-excel-file and write-excel-file. Before the reader sees the file it is unpacked piece by piece and
 * thrown away: what a zip says of its own sizes is not believed.
 */
import { Unzip, UnzipInflate } from 'fflate'
import type { CellValue, SheetLimits } from '../../core/ports/sheets.ts'
import { sheetRefusal, takeRow } from './read-sheet.ts'

const pieceBytes = 64 * 1024
const maxEntries = 2_000

export async function readXlsx(bytes: Uint8Array, limits: SheetLimits): Promise<string[][]> {
  requireSmallUnpacked(bytes, limits.maxUnpackedBytes)
  const { readSheet: read } = await import('read-excel-file/node')
  let data: readonly (readonly unknown[])[]
  try {
    data = (await read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { trim: true })) as readonly (readonly unknown[])[]
  } catch {
    // Its errors are of many kinds, and all of them say that the file is not what it should be.
    throw sheetRefusal('broken')
  }
  const rows: string[][] = []
  for (const row of data) {
    const cells = row.map(cellText)
    if (cells.some((cell) => cell !== '')) takeRow(rows, cells, limits)
  }
  return rows
}

/** Refuses `unpacked-too-large`, `broken`. */
function requireSmallUnpacked(bytes: Uint8Array, maxBytes: number): void {
  let unpacked = 0
  let entries = 0
  let failed = false
  const unzip = new Unzip((file) => {
    if (++entries > maxEntries) throw sheetRefusal('unpacked-too-large', { maxBytes })
    file.ondata = (error, chunk) => {
      if (error !== null) failed = true
      unpacked += chunk?.byteLength ?? 0
      if (unpacked > maxBytes) throw sheetRefusal('unpacked-too-large', { maxBytes })
    }
    file.start()
  })
  unzip.register(UnzipInflate)
  try {
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) unzip.push(bytes.subarray(at, at + pieceBytes), at + pieceBytes >= bytes.byteLength)
  } catch (error) {
    if (error instanceof Error && error.name === 'MailError') throw error
    failed = true
  }
  if (failed || entries === 0) throw sheetRefusal('broken')
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  // The reader gives days as midnight UTC.
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString().slice(0, 10).split('-').toReversed().join('/')
  return String(value).normalize('NFC')
}

export async function xlsxBytes(sheets: readonly { readonly name: string; readonly rows: readonly (readonly CellValue[])[] }[]): Promise<Uint8Array> {
  const { default: write } = await import('write-excel-file/node')
  const written = sheets.map(({ name, rows }) => ({ sheet: sheetName(name), data: rows.map((row, at) => row.map((value) => cellOf(value, at === 0))), stickyRowsCount: 1 }))
  return (await write(written)).toBuffer()
}

/** Excel takes 31 characters and none of these. */
const sheetName = (name: string): string => name.replace(/[\\/?*[\]:]/g, ' ').slice(0, 31) || 'Sheet1'

/** Text is written as text, never as a formula. */
function cellOf(value: CellValue, head: boolean): { value: string | number; type: StringConstructor | NumberConstructor; fontWeight?: 'bold' } | null {
  if (value === null || value === '') return null
  const bold = head ? ({ fontWeight: 'bold' } as const) : {}
  return typeof value === 'number' ? { value, type: Number, ...bold } : { value, type: String, ...bold }
}
