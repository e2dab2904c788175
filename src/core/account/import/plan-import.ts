/** From the bytes of a table to who would be issued what (the preview), and in which slices (the run). */
import type { Agency } from '../../agency/agency.ts'
import { MailError } from '../../errors.ts'
import type { SheetLimits } from '../../ports/sheets.ts'
import type { AdministrationContext } from '../../administration/context.ts'
import { planAddresses } from '../plan-addresses.ts'
import { readColumns } from './columns.ts'
import type { ImportOptions, RowResult } from './import-record.ts'
import { createRowReader, type ReadRow, type RowPerson } from './read-rows.ts'

export type ImportContext = Pick<AdministrationContext, 'store' | 'sheets' | 'settings'>

export const importLimits: SheetLimits = {
  maxFileBytes: 20 * 1024 * 1024,
  maxRows: 50_001,
  maxColumns: 40,
  maxCellCharacters: 1_000,
  maxUnpackedBytes: 128 * 1024 * 1024,
}

/** Between them others have their turn. */
const rowsAtOnce = 500

export interface RowOfAgency {
  readonly row: number
  readonly person: RowPerson
  readonly flags: readonly string[]
}

export interface ReadImport {
  readonly rows: number
  /** Per agency, in the order of the file. */
  readonly groups: readonly { readonly agency: Agency; readonly domain: string; readonly rows: readonly RowOfAgency[] }[]
  readonly faults: readonly Extract<RowResult, { fault: unknown }>[]
  /** Names of faulty rows as they were written. */
  readonly written: ReadonlyMap<number, string>
  readonly unknownColumns: readonly string[]
}

export interface ReadOrder {
  readonly bytes: Uint8Array
  /** All rows are of this one; a row that names another is faulty. Null: each row names its own. */
  readonly agency: Agency | null
  readonly options: ImportOptions
  readonly today: string
}

/** Refuses `argument-invalid` for a table that cannot be read (detail.reason), `agency-unknown` never: that is a row's fault. */
export async function readImport(context: ImportContext, { bytes, agency, options, today }: ReadOrder): Promise<ReadImport> {
  const [head, ...rows] = await context.sheets.read(bytes, importLimits)
  const columns = readColumns(head ?? [])
  if ('kind' in columns) throw new MailError('argument-invalid', `the head of the table: ${columns.reason}`, { reason: columns.reason, column: columns.column })
  const rules = { ...options, quotaClasses: new Set(Object.keys(context.settings.regulation.quotaClasses)), today: Temporal.PlainDate.from(today) }
  const readRow = createRowReader(columns, rules)
  const read: ReadRow[] = []
  for (const [at, cells] of rows.entries()) {
    read.push(readRow(cells, at + 2))
    if (at % rowsAtOnce === rowsAtOnce - 1) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return grouped(context, read, agency, columns.unknown)
}

async function grouped(context: ImportContext, read: readonly ReadRow[], only: Agency | null, unknownColumns: readonly string[]): Promise<ReadImport> {
  const known = new Map<string, Agency | null>()
  const agencyOf = async (label: string): Promise<Agency | null> => {
    const found = known.get(label)
    if (found !== undefined) return found
    const agency = await context.store.agencies.byLabel(label)
    known.set(label, agency)
    return agency
  }
  const groups = new Map<string, { agency: Agency; domain: string; rows: RowOfAgency[] }>()
  const faults: Extract<RowResult, { fault: unknown }>[] = []
  const written = new Map<number, string>()
  for (const one of read) {
    if (one.kind === 'fault') {
      faults.push({ row: one.row, fault: one.fault, detail: one.detail })
      written.set(one.row, one.written)
      continue
    }
    const { row, person, flags } = one
    const label = person.agency
    const agency = label === null || label === only?.label ? only : await agencyOf(label)
    const domain = agency?.domains[0]
    if (agency === null || domain === undefined || (only !== null && agency.id !== only.id)) {
      faults.push({ row, fault: agency === null || domain === undefined ? 'agency-unknown' : 'agency-other', detail: label })
      written.set(row, person.name.full)
      continue
    }
    const group = groups.get(agency.id) ?? { agency, domain, rows: [] }
    group.rows.push({ row, person, flags })
    groups.set(agency.id, group)
  }
  return { rows: read.length, groups: [...groups.values()], faults, written, unknownColumns }
}

export interface PreviewRow {
  readonly row: number
  readonly name: string
  readonly address: string | null
  /** `4.2a`, `4.2b`, `4.2c`. */
  readonly rule: string | null
  readonly clause: string | null
  readonly flags: readonly string[]
  readonly error: string | null
  readonly detail: string | null
}

/** What would happen now; by row. */
export async function previewRows(context: ImportContext, read: ReadImport, today: string): Promise<readonly PreviewRow[]> {
  const rows: PreviewRow[] = read.faults.map(({ row, fault, detail }) => ({ row, name: read.written.get(row) ?? '', address: null, rule: null, clause: null, flags: [], error: fault, detail }))
  for (const { domain, rows: members } of read.groups) {
    const plan = await planAddresses(context.store, domain, members.map(({ person }) => person), today)
    for (const [at, { row, person, flags }] of members.entries()) {
      const allocation = plan.allocations[at]!
      const name = person.name.full
      if (allocation.kind === 'manual') {
        const error = person.birthDate === null ? 'birth-date-needed' : 'manual'
        rows.push({ row, name, address: null, rule: null, clause: 'Điều 4.2c', flags, error, detail: allocation.stem })
      } else {
        const { local, rule, level, gap } = allocation
        const marks = gap === null ? flags : [...flags, `gap:${gap}`]
        rows.push({ row, name, address: `${local}@${domain}`, rule: level === null ? rule : `${rule} L${level}`, clause: `Điều ${rule}`, flags: marks, error: null, detail: null })
      }
    }
  }
  return rows.toSorted((a, b) => a.row - b.row)
}
