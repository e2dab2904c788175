/** Tables in files: CSV and XLSX, as people send them and as they want them (Điều 5.2, 10.8; ). */

export interface SheetLimits {
  readonly maxFileBytes: number
  readonly maxRows: number
  readonly maxColumns: number
  readonly maxCellCharacters: number
  /** Of all cells together, and of a packed file when it is unpacked. */
  readonly maxUnpackedBytes: number
}

/** A cell is text, NFC is the reader's; dates of XLSX are `dd/mm/yyyy`. Rows may differ in length. */
export type SheetRows = readonly (readonly string[])[]

export type CellValue = string | number | null

export interface Sheets {
  /**
   * The first sheet. CSV in UTF-8, UTF-16 or an old Vietnamese charset; comma, semicolon or tab. Refuses `argument-invalid`
   * with detail.reason `empty`, `not-a-table`, `file-too-large`, `too-many-rows`, `too-many-columns`, `cell-too-large`,
   * `unpacked-too-large`, `broken`; nothing larger than the limits is ever held.
   */
  read(bytes: Uint8Array, limits: SheetLimits): Promise<SheetRows>
  /** RFC 4180 with a byte order mark, and no cell that a spreadsheet would take for a formula. */
  writeCsv(rows: readonly (readonly CellValue[])[]): Uint8Array
  /** One sheet a name; the first row of each is its head. */
  writeXlsx(sheets: readonly { readonly name: string; readonly rows: readonly (readonly CellValue[])[] }[]): Promise<Uint8Array>
}
