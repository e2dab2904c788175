/**
 * Importing accounts from a table (Điều 5.2; ): a preview that changes nothing, a run that can be stopped at any point and
 * goes on where it was, the sheets of temporary passwords, and the undoing of what nobody has used yet.
 *
 * A run commits slice by slice: accounts, their records and the progress of the import are one commit, so a row is issued
 * exactly once, whatever happens. Two who run the same import: the one that comes second finds the progress changed and stops.
 */
import type { Agency } from '../../agency/agency.ts'
import type { Actor } from '../../administration/actor.ts'
import { auditRecord, today, type AdministrationContext } from '../../administration/context.ts'
import { entriesOf, findEntries, put, remove, requireEntry, type Kept } from '../../administration/entries.ts'
import { MailError } from '../../errors.ts'
import { keysFrom } from '../../ports/registry.ts'
import type { CellValue } from '../../ports/sheets.ts'
import { issueInSlices, type Issued } from '../issuing.ts'
import { lifecycleKind } from '../lifecycle-record.ts'
import { personKind } from '../person.ts'
import { importKind, importPartKind, type ImportOptions, type ImportPart, type ImportRecord, type RowResult, type SheetRow } from './import-record.ts'
import { previewRows, readImport, type PreviewRow } from './plan-import.ts'
import { Progress, sliceSize } from './progress.ts'

export interface ImportView {
  readonly id: string
  readonly version: number
  readonly state: ImportRecord['state']
  readonly agency: string | null
  readonly file: string
  readonly rows: number
  readonly issued: number
  readonly faulty: number
  readonly createdAtMs: number
  readonly endedAtMs: number | null
}

export interface ImportOrder {
  /** Label; null: each row names its own (the Sở and the operator only). */
  readonly agency: string | null
  readonly fileName: string
  readonly bytes: Uint8Array
  readonly options: ImportOptions
}

export interface Imports {
  /** Changes nothing but a record of the file. Refuses as readImport does, `agency-unknown`, and by role. */
  preview(actor: Actor, order: ImportOrder): Promise<{ readonly import: ImportView; readonly rows: readonly PreviewRow[]; readonly unknownColumns: readonly string[] }>
  /** Runs to the end, or from where it was; `told` after each slice. Refuses `conflict` when somebody else runs it now. */
  run(actor: Actor, id: string, told?: (view: ImportView) => void, signal?: AbortSignal): Promise<ImportView>
  /** Begins to run in the background; the view tells how far it is. */
  start(actor: Actor, id: string): Promise<ImportView>
  /** Goes on with the runs that a stop has broken off (a job). Returns how many. */
  resume(signal: AbortSignal): Promise<number>
  get(actor: Actor, id: string): Promise<ImportView>
  list(actor: Actor, query: { readonly agency: string | null; readonly limit: number }): Promise<readonly ImportView[]>
  results(actor: Actor, id: string): Promise<readonly RowResult[]>
  /** The temporary passwords, for handing out; every look is recorded. Refuses `entry-unknown` once they are thrown away. */
  sheet(actor: Actor, id: string, format: 'csv' | 'xlsx' | 'rows'): Promise<{ readonly rows: readonly SheetRow[]; readonly bytes: Uint8Array | null }>
  discardSheet(actor: Actor, id: string): Promise<void>
  /** Takes back the accounts that nobody has used: never signed in, no mail. The others stay and are counted. */
  undo(actor: Actor, id: string): Promise<{ readonly undone: number; readonly kept: number }>
}

const maxListed = 100
const undoTogether = 50

export function createImports(context: AdministrationContext): Imports {
  return new Importing(context)
}

class Importing implements Imports {
  readonly #context: AdministrationContext
  readonly #running = new Map<string, Promise<ImportView>>()

  constructor(context: AdministrationContext) {
    this.#context = context
  }

  async preview(actor: Actor, order: ImportOrder) {
    const { store, blobs, clock, random } = this.#context
    const agency = await this.#agencyFor(actor, order.agency)
    const day = today(this.#context)
    const read = await readImport(this.#context, { bytes: order.bytes, agency, options: order.options, today: day })
    const rows = await previewRows(this.#context, read, day)
    const nowMs = clock.nowMs()
    const id = random.id(nowMs)
    const faulty = rows.filter(({ error }) => error !== null).length
    const record: ImportRecord = {
      agency: agency?.id ?? null,
      file: { name: order.fileName.normalize('NFC').slice(0, 200), sizeBytes: order.bytes.byteLength, body: await blobs.put(order.bytes) },
      options: order.options,
      state: 'previewed',
      today: day,
      rows: read.rows,
      slicesDone: 0,
      issued: 0,
      faulty,
      by: actor.name,
      createdAtMs: nowMs,
      endedAtMs: null,
    }
    await store.registry.commit({ entries: [put(importKind, id, record, 0)] })
    return { import: await this.#view({ id, version: 1, value: record }), rows, unknownColumns: read.unknownColumns }
  }

  async run(actor: Actor, id: string, told: (view: ImportView) => void = () => undefined, signal?: AbortSignal): Promise<ImportView> {
    const kept = await this.#begin(actor, id)
    return this.#once(id, () => this.#work(actor, kept, told, signal))
  }

  async start(actor: Actor, id: string): Promise<ImportView> {
    const kept = await this.#begin(actor, id)
    // Whoever asks for the view sees how far it came; a run that fails stays `running` and is gone on with by the job.
    void this.#once(id, () => this.#work(actor, kept, () => undefined)).catch(() => undefined)
    return this.#view(kept)
  }

  async resume(signal: AbortSignal): Promise<number> {
    const open = await findEntries(this.#context.store.registry, importKind, { ...keysFrom('running'), limit: maxListed })
    let gone = 0
    for (const kept of open) {
      if (signal.aborted || this.#running.has(kept.id)) continue
      const clock: Actor = { name: kept.value.by, role: 'operator', account: null, agency: null, via: 'clock', order: null, remoteIp: null }
      await this.#once(kept.id, () => this.#work(clock, kept, () => undefined, signal))
      gone++
    }
    return gone
  }

  async get(actor: Actor, id: string): Promise<ImportView> {
    return this.#view(await this.#mine(actor, id))
  }

  async list(actor: Actor, { agency: label, limit }: { readonly agency: string | null; readonly limit: number }): Promise<readonly ImportView[]> {
    const agency = await this.#agencyFor(actor, label)
    const range = keysFrom(agency === null ? 'all ' : `agency ${agency.id} `)
    const found = await findEntries(this.#context.store.registry, importKind, { ...range, descending: true, limit: Math.min(limit, maxListed) })
    return Promise.all(found.map((kept) => this.#view(kept)))
  }

  async results(actor: Actor, id: string): Promise<readonly RowResult[]> {
    await this.#mine(actor, id)
    const results: RowResult[] = []
    for await (const { value } of this.#parts(id)) results.push(...value.results)
    return results.toSorted((a, b) => a.row - b.row)
  }

  async sheet(actor: Actor, id: string, format: 'csv' | 'xlsx' | 'rows') {
    const { store, secrets, sheets, clock } = this.#context
    const kept = await this.#mine(actor, id)
    const rows: SheetRow[] = []
    for await (const { value } of this.#parts(id)) {
      const opened = value.sheet === null ? null : secrets.open(value.sheet)
      if (opened !== null) rows.push(...(JSON.parse(opened) as SheetRow[]))
    }
    if (rows.length === 0) throw new MailError('entry-unknown', 'there is no sheet of temporary passwords', { kind: 'sheet', id })
    const act = { action: 'import.sheet', subject: id, clause: 'Điều 5.2', before: null, after: { file: kept.value.file.name, rows: rows.length, format } }
    await store.records.append([auditRecord(actor, clock.nowMs(), act)])
    const table = sheetTable(rows)
    const bytes = format === 'rows' ? null : format === 'csv' ? sheets.writeCsv(table) : await sheets.writeXlsx([{ name: 'Mật khẩu tạm', rows: table }])
    return { rows, bytes }
  }

  async discardSheet(actor: Actor, id: string): Promise<void> {
    const { store, clock } = this.#context
    await this.#mine(actor, id)
    const parts: Kept<ImportPart>[] = []
    for await (const part of this.#parts(id)) parts.push(part)
    const records = [auditRecord(actor, clock.nowMs(), { action: 'import.discard-sheet', subject: id, clause: 'Điều 5.2', before: null, after: null })]
    await store.registry.commit({ entries: parts.map((part) => put(importPartKind, part.id, { ...part.value, sheet: null }, part.version)), records })
  }

  async undo(actor: Actor, id: string): Promise<{ readonly undone: number; readonly kept: number }> {
    const { store, clock } = this.#context
    const kept = await this.#mine(actor, id)
    if (kept.value.state !== 'done') throw new MailError('not-permitted', 'only an import that has ended is undone', { reason: 'state', state: kept.value.state, class: 'conflict' })
    const made = await findAll(store, id)
    let undone = 0
    for (let at = 0; at < made.length; at += undoTogether) undone += await this.#undoSome(actor, id, made.slice(at, at + undoTogether))
    const after: ImportRecord = { ...kept.value, state: 'undone', endedAtMs: clock.nowMs() }
    const record = auditRecord(actor, clock.nowMs(), { action: 'import.undo', subject: id, clause: 'Điều 5.2', before: { issued: made.length }, after: { undone, kept: made.length - undone } })
    await store.registry.commit({ entries: [put(importKind, id, after, kept.version)], records: [record] })
    return { undone, kept: made.length - undone }
  }

  // -- the run ------------------------------------------------------------------------------------------------------------

  async #begin(actor: Actor, id: string): Promise<Kept<ImportRecord>> {
    const { store, clock } = this.#context
    const kept = await this.#mine(actor, id)
    if (kept.value.state === 'running') return kept
    if (kept.value.state !== 'previewed') throw new MailError('not-permitted', 'the import has run already', { reason: 'state', state: kept.value.state, class: 'conflict' })
    const value: ImportRecord = { ...kept.value, state: 'running' }
    const record = auditRecord(actor, clock.nowMs(), { action: 'import.run', subject: id, clause: 'Điều 5.2', before: null, after: { file: value.file.name, rows: value.rows } })
    const { versions } = await store.registry.commit({ entries: [put(importKind, id, value, kept.version)], records: [record] })
    return { id, version: versions[0]!, value }
  }

  #once(id: string, work: () => Promise<ImportView>): Promise<ImportView> {
    const present = this.#running.get(id)
    if (present !== undefined) return present
    const running = work().finally(() => this.#running.delete(id))
    this.#running.set(id, running)
    return running
  }

  async #work(actor: Actor, begun: Kept<ImportRecord>, told: (view: ImportView) => void, signal?: AbortSignal): Promise<ImportView> {
    const { store, blobs, clock } = this.#context
    const { id } = begun
    const { agency: agencyId, file, options, today: day } = begun.value
    const agency = agencyId === null ? null : await store.agencies.get(agencyId)
    const read = await readImport(this.#context, { bytes: await blobs.read(file.body), agency, options, today: day })
    const progress = new Progress(begun, this.#context, read)
    for (const group of read.groups) {
      const rows = progress.left(group.rows)
      if (rows.length === 0) continue
      const people = rows.map(({ person }) => person)
      const order = { actor, ...group, people, import: id, sliceSize, beside: (slice: readonly Issued[]) => progress.writes(slice, rows) }
      for await (const slice of issueInSlices(this.#context, order)) {
        progress.take(slice)
        told(await this.#view(progress.kept))
        if (signal?.aborted === true) return this.#view(progress.kept)
      }
    }
    const ended = progress.ended(clock.nowMs())
    const { versions } = await store.registry.commit({ entries: [put(importKind, id, ended, progress.kept.version), ...progress.faultPart()] })
    const view = await this.#view({ id, version: versions[0]!, value: ended })
    told(view)
    return view
  }

  // -- undoing ------------------------------------------------------------------------------------------------------------

  async #undoSome(actor: Actor, id: string, ids: readonly string[]): Promise<number> {
    const { store, clock } = this.#context
    const people = await entriesOf(store.registry, personKind, ids)
    const lives = new Map((await entriesOf(store.registry, lifecycleKind, ids)).map((kept) => [kept.id, kept]))
    const accounts = (await Promise.all(ids.map((one) => store.accounts.get(one)))).filter((account) => account !== null)
    const unused = accounts.filter((account) => {
      const life = lives.get(account.id)
      return account.state === 'issued' && account.usedBytes === 0 && life?.value.lastSignInAtMs === null && life.value.passwordChangedAtMs === null
    })
    if (unused.length === 0) return 0
    const gone = new Set(unused.map(({ id: account }) => account))
    await store.registry.commit({
      accountChanges: unused.map((account) => ({ account: account.id, change: { state: 'purged' as const, passwordHash: null }, ifVersion: account.credentialVersion })),
      renames: unused.map(({ id: account, address }) => ({ account, address: `undone-${account}@${address.slice(address.lastIndexOf('@') + 1)}`, keepOld: false })),
      entries: [
        ...people.filter(({ id: account }) => gone.has(account)).map((kept) => remove(personKind, kept)),
        ...[...lives.values()].filter(({ id: account }) => gone.has(account)).map((kept) => remove(lifecycleKind, kept)),
      ],
      records: unused.map(({ address }) => auditRecord(actor, clock.nowMs(), { action: 'account.undo-issue', subject: address, clause: 'Điều 5.2', before: { state: 'issued', import: id }, after: null })),
    })
    return unused.length
  }

  // -- reading ------------------------------------------------------------------------------------------------------------

  /** The agency by its label, when the actor may issue there. */
  async #agencyFor(actor: Actor, label: string | null): Promise<Agency | null> {
    const { store, authorise } = this.#context
    const agency = label === null ? null : await store.agencies.byLabel(label)
    await authorise(actor, 'account.create', { agency: agency?.id ?? null, account: null, subject: label ?? '*' })
    if (label !== null && agency === null) throw new MailError('agency-unknown', 'no such agency', { agency: label.slice(0, 80) })
    return agency
  }

  async #mine(actor: Actor, id: string): Promise<Kept<ImportRecord>> {
    const kept = await requireEntry(this.#context.store.registry, importKind, id)
    await this.#context.authorise(actor, 'account.create', { agency: kept.value.agency, account: null, subject: id })
    return kept
  }

  async *#parts(id: string): AsyncGenerator<Kept<ImportPart>> {
    const { registry } = this.#context.store
    for (let after: { key: string; id: string } | undefined; ; ) {
      const page = await findEntries(registry, importPartKind, { ...keysFrom(`import ${id}`), limit: 100, ...(after === undefined ? {} : { after }) })
      yield* page
      const last = page.at(-1)
      if (last === undefined) return
      after = { key: last.key, id: last.id }
    }
  }

  async #view({ id, version, value }: Kept<ImportRecord>): Promise<ImportView> {
    const { state, agency, file, rows, issued, faulty, createdAtMs, endedAtMs } = value
    const label = agency === null ? null : ((await this.#context.store.agencies.get(agency))?.label ?? null)
    return { id, version, state, agency: label, file: file.name, rows, issued, faulty, createdAtMs, endedAtMs }
  }
}

/** What is printed and handed out (Điều 9.1: to be changed at the first sign-in). */
function sheetTable(rows: readonly SheetRow[]): readonly (readonly CellValue[])[] {
  const sorted = rows.toSorted((a, b) => a.row - b.row)
  return [['STT', 'Họ và tên', 'Đơn vị', 'Địa chỉ thư', 'Mật khẩu tạm'], ...sorted.map((one, at) => [at + 1, one.name, one.unit, one.address, one.temporaryPassword])]
}

async function findAll(store: AdministrationContext['store'], id: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let after: { key: string; id: string } | undefined; ; ) {
    const page = await store.registry.find({ kind: personKind.name, ...keysFrom(`import ${id}`), limit: 500, ...(after === undefined ? {} : { after }) })
    if (page.length === 0) return ids
    ids.push(...page.map((one) => one.id))
    const last = page.at(-1)!
    after = { key: last.key, id: last.id }
  }
}
