/**
 * CSV (RFC 4180) as offices send it: UTF-8, UTF-16 or an old Vietnamese charset; comma, semicolon or tab. Read in pieces, so
 * that a long file holds nobody up. Old charsets are turned into Unicode here; text that only looks like one (TCVN3 pasted
 * into a Unicode file) is the name reader's to suspect.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { parse } from 'csv-parse'
import type { CellValue, SheetLimits } from '../../core/ports/sheets.ts'
import { detect } from '../../vietnamese/charsets/detect.ts'
import { decodeUtf8, decodeVietnamese } from '../../vietnamese/charsets/legacy.ts'
import { sheetRefusal, takeRow } from './read-sheet.ts'

const pieceCharacters = 64 * 1024
/** What a spreadsheet takes for the beginning of a formula (OWASP: CSV injection). */
const formulaStart = /^[=+\-@\t\r]/

export async function readCsv(bytes: Uint8Array, limits: SheetLimits): Promise<string[][]> {
  const text = decoded(bytes)
  if (/[\u0000-\u0008\u000e-\u001f]/.test(text.slice(0, 10_000))) throw sheetRefusal('not-a-table')
  const parser = parse({
    delimiter: delimiterOf(text),
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: limits.maxCellCharacters * limits.maxColumns,
  })
  const rows: string[][] = []
  const feeding = feed(parser, text)
  try {
    for await (const record of parser) takeRow(rows, record as string[], limits)
  } catch (error) {
    throw refusalOf(error, limits)
  } finally {
    parser.destroy()
    await feeding
  }
  return rows
}

async function feed(parser: ReturnType<typeof parse>, text: string): Promise<void> {
  parser.on('error', () => undefined)
  for (let at = 0; at < text.length && !parser.destroyed; at += pieceCharacters) {
    if (!parser.write(text.slice(at, at + pieceCharacters))) await drained(parser)
    await turn()
  }
  if (!parser.destroyed) parser.end()
}

function drained(parser: ReturnType<typeof parse>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      parser.off('drain', done).off('close', done)
      resolve()
    }
    parser.on('drain', done).on('close', done)
  })
}

function refusalOf(error: unknown, { maxCellCharacters }: SheetLimits): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'CSV_MAX_RECORD_SIZE') return sheetRefusal('cell-too-large', { maxCharacters: maxCellCharacters })
  return code.startsWith('CSV_') ? sheetRefusal('broken') : error
}

function decoded(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  const utf8 = decodeUtf8(bytes)
  if (utf8 !== null) return utf8.replace(/^\ufeff/, '')
  const charset = detect(bytes)
  return charset === null ? new TextDecoder('windows-1258').decode(bytes) : decodeVietnamese(bytes, charset)
}

/** The one that divides the first line most often outside of quotes. */
function delimiterOf(text: string): string {
  const head = text.slice(0, 20_000).split(/\r?\n/, 1)[0]?.replace(/"[^"]*"/g, '') ?? ''
  const count = (delimiter: string): number => head.split(delimiter).length
  return [',', ';', '\t'].reduce((best, other) => (count(other) > count(best) ? other : best))
}

export function csvBytes(rows: readonly (readonly CellValue[])[]): Uint8Array {
  const lines = rows.map((row) => row.map(cellText).join(',') + '\r\n')
  return new TextEncoder().encode('\ufeff' + lines.join(''))
}

function cellText(value: CellValue): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = formulaStart.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
