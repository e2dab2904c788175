/** Importing accounts and agencies from a table (Điều 4.1, 5.2). */
import type { Actor } from '../../../core/administration/actor.ts'
import type { ImportView, Imports } from '../../../core/account/import/imports.ts'
import type { PreviewRow } from '../../../core/account/import/plan-import.ts'
import type { AgencyKind } from '../../../core/agency/agency-details.ts'
import type { ImportRowView, ImportSummary } from '../messages.ts'
import { instant, type CommandRun } from './command.ts'

const maxFileBytes = 20 * 1024 * 1024

export const accounts: CommandRun<'account.import'> = async ({ administration, args, caller, item }) => {
  const order = {
    agency: args.optionalText('agency') ?? null,
    fileName: args.text('fileName'),
    bytes: args.bytes('content', maxFileBytes),
    options: { convertLegacy: args.flag('convertLegacy'), confirmed: args.flag('confirmed') },
  }
  const previewOnly = args.flag('preview')
  args.end()
  const { imports } = administration
  const { import: made, rows } = await imports.preview(caller, order)
  if (previewOnly) {
    for (const row of rows) await item({ ...rowView(row), temporaryPassword: null })
    return { import: summary(made) }
  }
  let told = Promise.resolve()
  const view = await imports.run(caller, made.id, ({ issued, faulty, rows: all }) => {
    told = told.then(() => item({ done: issued + faulty, total: all }))
  })
  await told
  await tellResults({ imports, caller, id: made.id, preview: rows }, item)
  return { import: summary(view) }
}

interface Ran {
  readonly imports: Imports
  readonly caller: Actor
  readonly id: string
  readonly preview: readonly PreviewRow[]
}

/** What became of each row, with the password to be handed out. */
async function tellResults({ imports, caller, id, preview }: Ran, item: (row: ImportRowView) => Promise<void>): Promise<void> {
  const previewed = new Map(preview.map((row) => [row.row, row]))
  const results = await imports.results(caller, id)
  const issued = results.some((one) => 'address' in one)
  const passwords = new Map(issued ? (await imports.sheet(caller, id, 'rows')).rows.map(({ row, temporaryPassword }) => [row, temporaryPassword]) : [])
  for (const one of results) {
    const before = previewed.get(one.row)
    const name = before?.name ?? ''
    if ('address' in one) {
      const rule = before?.address === one.address ? before.rule : one.rule
      await item({ row: one.row, name, address: one.address, rule, clause: `Điều ${one.rule}`, flags: [...(before?.flags ?? one.flags)], error: null, detail: null, temporaryPassword: passwords.get(one.row) ?? null })
    } else await item({ row: one.row, name, address: null, rule: null, clause: before?.clause ?? null, flags: [], error: one.fault, detail: one.detail, temporaryPassword: null })
  }
}

export const undo: CommandRun<'account.import-undo'> = async ({ administration, args, caller }) => {
  const id = args.text('id')
  args.end()
  return administration.imports.undo(caller, id)
}

export const agencies: CommandRun<'agency.import'> = async ({ administration, args, caller, item }) => {
  const rows = args.rows('rows', maxAgencies)
  args.end()
  const order = rows.map(({ name = '', label, kind, code }) => ({
    name,
    label: label === undefined || label === '' ? null : label,
    kind: kindOf(kind),
    code: code === undefined || code === '' ? null : code,
  }))
  return administration.agencyActs.importAll(caller, order, (one) =>
    item({ outcome: one.kind, label: one.label, name: one.name, near: one.kind === 'made' ? [...one.near] : [], reason: one.kind === 'refused' ? one.reason : null }),
  )
}

const kindOf = (kind: string | undefined): AgencyKind => (kind === 'commune' || kind === 'department' ? kind : 'other')

const maxAgencies = 2_000

const rowView = ({ row, name, address, rule, clause, flags, error, detail }: PreviewRow): Omit<Extract<ImportRowView, { row: number }>, 'temporaryPassword'> => ({
  row,
  name,
  address,
  rule,
  clause,
  flags: [...flags],
  error,
  detail,
})

function summary({ id, state, agency, file, rows, issued, faulty, createdAtMs, endedAtMs }: ImportView): ImportSummary {
  return { id, state, agency, file, rows, issued, faulty, createdAt: instant(createdAtMs), endedAt: endedAtMs === null ? null : instant(endedAtMs) }
}
