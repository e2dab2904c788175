/** What is kept of an import of accounts (Điều 5.2; ), and of each of its slices: what became of the rows, and the temporary passwords. */
import type { AgencyId } from '../../agency/agency.ts'
import { entryKind } from '../../administration/entries.ts'
import type { BlobId } from '../../mailbox/mailbox.ts'
import type { RowFault } from './read-rows.ts'

export interface ImportRecord {
  /** All rows are of this agency; null: each row names its own. */
  readonly agency: AgencyId | null
  readonly file: { readonly name: string; readonly sizeBytes: number; readonly body: BlobId }
  readonly options: ImportOptions
  readonly state: 'previewed' | 'running' | 'done' | 'undone'
  /** The day against which ages were judged: a resumed run reads the rows alike. */
  readonly today: string
  readonly rows: number
  readonly slicesDone: number
  readonly issued: number
  readonly faulty: number
  readonly by: string
  readonly createdAtMs: number
  readonly endedAtMs: number | null
}

export interface ImportOptions {
  readonly convertLegacy: boolean
  readonly confirmed: boolean
}

export type RowResult =
  | { readonly row: number; readonly address: string; readonly rule: string; readonly flags: readonly string[] }
  | { readonly row: number; readonly fault: RowFault; readonly detail: string | null }

export interface ImportPart {
  readonly import: string
  readonly results: readonly RowResult[]
  /** Sealed JSON of {@link SheetRow}[]; null once the sheets have been thrown away. */
  readonly sheet: string | null
}

/** A line of the temporary password sheet. */
export interface SheetRow {
  readonly row: number
  readonly name: string
  readonly unit: string | null
  readonly address: string
  readonly temporaryPassword: string
}

export const importKind = entryKind<ImportRecord>({
  name: 'import',
  keys: ({ agency, state, createdAtMs }) => [`all ${String(createdAtMs).padStart(15, '0')}`, `agency ${agency ?? '-'} ${String(createdAtMs).padStart(15, '0')}`, ...(state === 'running' ? ['running'] : [])],
  bodies: ({ file }) => [file.body],
})

export const importPartKind = entryKind<ImportPart>({ name: 'import-part', keys: (part) => [`import ${part.import}`] })

export const partId = (importId: string, slice: number): string => `${importId}/${String(slice).padStart(6, '0')}`
