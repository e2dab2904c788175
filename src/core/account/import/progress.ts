/** How far the run of an import is: what each slice's commit says of it, and where a run that was broken off goes on. */
import type { AdministrationContext } from '../../administration/context.ts'
import { put, type Kept } from '../../administration/entries.ts'
import type { EntryWrite } from '../../ports/registry.ts'
import type { Issued } from '../issuing.ts'
import { importKind, importPartKind, partId, type ImportPart, type ImportRecord, type RowResult, type SheetRow } from './import-record.ts'
import type { ReadImport, RowOfAgency } from './plan-import.ts'

/** Slices are cut alike in every run: changing it would make runs that were broken off lose or repeat rows. */
export const sliceSize = 100
/** Number of the part that tells of the rows that were faulty from the start. */
const faultsPart = 999_999

export class Progress {
  kept: Kept<ImportRecord>
  readonly #context: Pick<AdministrationContext, 'secrets'>
  readonly #read: ReadImport
  /** Slices of the groups that were done before this run. */
  #skip: number
  #at = 0
  #failed: number

  constructor(begun: Kept<ImportRecord>, context: Pick<AdministrationContext, 'secrets'>, read: ReadImport) {
    this.kept = begun
    this.#context = context
    this.#read = read
    this.#skip = begun.value.slicesDone
    this.#failed = begun.value.slicesDone === 0 ? read.faults.length : begun.value.faulty
  }

  /** Those of a group that are not done yet: slices are cut alike in every run. */
  left(rows: readonly RowOfAgency[]): readonly RowOfAgency[] {
    const slices = Math.ceil(rows.length / sliceSize)
    const done = Math.min(this.#skip, slices)
    this.#skip -= done
    this.#at = 0
    return rows.slice(done * sliceSize)
  }

  writes(slice: readonly Issued[], rows: readonly RowOfAgency[]): EntryWrite[] {
    const { id, version, value } = this.kept
    const of = rows.slice(this.#at, this.#at + slice.length)
    const results = slice.map((one, at): RowResult => resultOf(one, of[at]!))
    const sheet = slice.flatMap((one, at): SheetRow[] =>
      one.kind === 'issued' ? [{ row: of[at]!.row, name: one.person.name.full, unit: one.person.unit, address: one.account.address, temporaryPassword: one.temporaryPassword }] : [],
    )
    const part: ImportPart = { import: id, results, sheet: sheet.length === 0 ? null : this.#context.secrets.seal(JSON.stringify(sheet)) }
    return [put(importKind, id, this.#after(slice, value), version), put(importPartKind, partId(id, value.slicesDone), part, 0)]
  }

  take(slice: readonly Issued[]): void {
    const { id, version, value } = this.kept
    this.kept = { id, version: version + 1, value: this.#after(slice, value) }
    this.#failed = this.kept.value.faulty
    this.#at += slice.length
  }

  #after(slice: readonly Issued[], value: ImportRecord): ImportRecord {
    const issued = slice.filter(({ kind }) => kind === 'issued').length
    return { ...value, slicesDone: value.slicesDone + 1, issued: value.issued + issued, faulty: this.#failed + slice.length - issued }
  }

  ended(nowMs: number): ImportRecord {
    return { ...this.kept.value, state: 'done', faulty: this.#failed, endedAtMs: nowMs }
  }

  /** What became of the rows that were faulty from the start. */
  faultPart(): EntryWrite[] {
    const { faults } = this.#read
    return faults.length === 0 ? [] : [put(importPartKind, partId(this.kept.id, faultsPart), { import: this.kept.id, results: faults, sheet: null }, null)]
  }
}

function resultOf(one: Issued, { row, flags }: RowOfAgency): RowResult {
  if (one.kind === 'issued') return { row, address: one.account.address, rule: one.allocation.rule, flags }
  return { row, fault: one.reason, detail: one.stem }
}

