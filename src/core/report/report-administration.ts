/**
 * Reports (Điều 10.8, 12; R-10.8s): a month that is over is counted once and kept (kind `report`), so that it reads the same at any
 * later time; quarters and years are made of their months; the present month is counted when it is asked for.
 */
import type { Actor } from '../administration/actor.ts'
import type { AdministrationContext } from '../administration/context.ts'
import { entry, entryKind, findEntries, put } from '../administration/entries.ts'
import type { Agency, AgencyId } from '../agency/agency.ts'
import { MailError, isMailError } from '../errors.ts'
import type { CellValue } from '../ports/sheets.ts'
import { countMonth, firstDay, monthOf, nextMonth, noAgency, type Counted, type Month } from './count-month.ts'
import { monthsLater } from '../account/lifecycle/terms.ts'
import { columns, noStatistics, together, upon, type AgencyStatistics } from './statistics.ts'

export interface KeptReport {
  readonly month: Month
  /** Null: the month itself, which says that it was counted. */
  readonly agency: AgencyId | null
  readonly takenAtMs: number
  readonly statistics: AgencyStatistics
}

export const reportKind = entryKind<KeptReport>({ name: 'report', keys: ({ month, agency }) => [agency === null ? `taken ${month}` : `month ${month}`] })

export interface ReportRow {
  /** Null: what concerns no agency of ours. */
  readonly agency: Pick<Agency, 'id' | 'label' | 'name'> | null
  readonly statistics: AgencyStatistics
}

export interface Report {
  readonly period: string
  /** False while a month of it is not over: another answer may follow. */
  readonly closed: boolean
  readonly takenAtMs: number
  /** Months before counting began, or in which nobody counted. */
  readonly missing: readonly Month[]
  /** By label. */
  readonly rows: readonly ReportRow[]
  readonly total: AgencyStatistics
}

export interface ReportAdministration {
  /** `period`: `2026-05`, `2026-Q2` or `2026`. Without an agency: the officer's own, or all. Refuses `argument-invalid`, `agency-unknown`, `entry-unknown` (no month of it was counted). */
  get(actor: Actor, period: string, agency: string | null): Promise<Report>
  file(actor: Actor, period: string, agency: string | null, format: 'csv' | 'xlsx'): Promise<Uint8Array>
  /** The month that is over, when it was not counted yet. */
  takeDue(signal: AbortSignal): Promise<readonly Month[]>
}

/** Who asks again within this gets the same count of the present month. */
const presentForMs = 300_000
const maxAgencies = 5_000
const never = new AbortController().signal

export function createReportAdministration(context: AdministrationContext): ReportAdministration {
  const { store, authorise, clock } = context
  let present: { readonly month: Month; readonly atMs: number; readonly counted: Promise<Counted> } | null = null

  const presentMonth = (month: Month): Promise<Counted> => {
    if (present !== null && present.month === month && clock.nowMs() - present.atMs < presentForMs) return present.counted
    const counted = countMonth(context, month, never)
    present = { month, atMs: clock.nowMs(), counted }
    counted.catch(() => (present = null))
    return counted
  }

  const agencyId = async (actor: Actor, label: string | null): Promise<AgencyId | null> => {
    const named = label === null ? null : ((await store.agencies.byLabel(label)) ?? (await store.agencies.get(label)))
    const id = label === null ? (actor.role === 'agency-administrator' ? actor.agency : null) : (named?.id ?? null)
    await authorise(actor, 'statistics.read', { agency: id, account: null, subject: `report ${label ?? ''}`.trim().slice(0, 100) })
    if (label !== null && named === null) throw new MailError('agency-unknown', 'no such agency', { agency: label.slice(0, 80) })
    return id
  }

  const get = async (actor: Actor, period: string, label: string | null): Promise<Report> => {
    const only = await agencyId(actor, label)
    const nowMs = clock.nowMs()
    const now = monthOf(nowMs)
    const months = monthsOf(period).filter((month) => month <= now)
    if (months.length === 0) throw new MailError('argument-invalid', 'a period that has begun', { field: 'period' })
    const missing: Month[] = []
    const all = new Map<AgencyId, AgencyStatistics>()
    let takenAtMs = 0
    for (const month of months) {
      const taken = month === now ? { atMs: nowMs, counted: await presentMonth(month) } : await keptMonth(context, month)
      if (taken === null) missing.push(month)
      else {
        takenAtMs = Math.max(takenAtMs, taken.atMs)
        for (const [agency, statistics] of taken.counted) all.set(agency, upon(all.get(agency) ?? noStatistics, statistics))
      }
    }
    if (missing.length === months.length) throw new MailError('entry-unknown', 'nobody counted then', { kind: 'report', id: period })
    const rows = (await rowsOf(context, all)).filter(({ agency }) => only === null || agency?.id === only)
    return { period, closed: monthsOf(period).at(-1)! < now, takenAtMs, missing, rows, total: together(rows.map(({ statistics }) => statistics)) }
  }

  return {
    get,
    async file(actor, period, label, format) {
      const report = await get(actor, period, label)
      const agencies = tableOf(report)
      return format === 'csv' ? context.sheets.writeCsv(agencies) : context.sheets.writeXlsx([{ name: 'Cơ quan', rows: agencies }, { name: 'Đơn vị', rows: unitsOf(report) }])
    },
    async takeDue(signal) {
      const month = monthsLater(firstDay(monthOf(clock.nowMs())), -1).slice(0, 7)
      if ((await entry(store.registry, reportKind, month)) !== null) return []
      const counted = await countMonth(context, month, signal)
      const takenAtMs = clock.nowMs()
      const reports: KeptReport[] = [...counted].map(([agency, statistics]) => ({ month, agency, takenAtMs, statistics }))
      const marker: KeptReport = { month, agency: null, takenAtMs, statistics: together(reports.map(({ statistics }) => statistics)) }
      try {
        await store.registry.commit({
          entries: [put(reportKind, month, marker, 0), ...reports.map((one) => put(reportKind, `${month} ${one.agency || 'none'}`, one, 0))],
          records: [{ kind: 'system', atMs: takenAtMs, actor: 'system', action: 'report.taken', subject: month, clause: 'Điều 10.8', detail: { agencies: reports.length } }],
        })
      } catch (error) {
        if (isMailError(error, 'conflict')) return []
        throw error
      }
      return [month]
    },
  }
}

/** Refuses `argument-invalid`. */
function monthsOf(period: string): readonly Month[] {
  const found = /^(\d{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?$/.exec(period)
  if (found === null) throw new MailError('argument-invalid', 'a month, a quarter or a year', { field: 'period', expected: '2026-05, 2026-Q2, 2026' })
  const [, year, month, quarter] = found
  if (month !== undefined) return [period]
  const [from, count] = quarter === undefined ? [1, 12] : [Number(quarter) * 3 - 2, 3]
  const months: Month[] = [`${year}-${String(from).padStart(2, '0')}`]
  while (months.length < count) months.push(nextMonth(months.at(-1)!))
  return months
}

async function keptMonth({ store }: AdministrationContext, month: Month): Promise<{ readonly atMs: number; readonly counted: Counted } | null> {
  const marker = await entry(store.registry, reportKind, month)
  if (marker === null) return null
  const found = await findEntries(store.registry, reportKind, { from: `month ${month}`, to: `month ${month}\u0000`, limit: maxAgencies })
  return { atMs: marker.value.takenAtMs, counted: new Map(found.map(({ value }) => [value.agency ?? noAgency, value.statistics])) }
}

async function rowsOf({ store }: AdministrationContext, all: ReadonlyMap<AgencyId, AgencyStatistics>): Promise<readonly ReportRow[]> {
  const rows: ReportRow[] = []
  for await (const { id, label, name } of store.agencies.list()) {
    const statistics = all.get(id)
    if (statistics !== undefined) rows.push({ agency: { id, label, name }, statistics })
  }
  const other = all.get(noAgency)
  return other === undefined ? rows : [...rows, { agency: null, statistics: other }]
}

function tableOf({ rows, total }: Report): readonly (readonly CellValue[])[] {
  const line = (label: string, name: string, of: AgencyStatistics): readonly CellValue[] => [label, name, ...columns.map(([, value]) => value(of))]
  return [
    ['Ký hiệu', 'Cơ quan', ...columns.map(([head]) => head)],
    ...rows.map(({ agency, statistics }) => line(agency?.label ?? '', agency?.name ?? 'Ngoài các cơ quan', statistics)),
    line('', 'Tổng cộng', total),
  ]
}

function unitsOf({ rows }: Report): readonly (readonly CellValue[])[] {
  const lines = rows.flatMap(({ agency, statistics }) =>
    Object.entries(statistics.units)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([unit, { accounts, signedIn30Days, usedBytes }]): readonly CellValue[] => [agency?.label ?? '', unit, Object.values(accounts).reduce((left, right) => left + right, 0), signedIn30Days, usedBytes]),
  )
  return [['Ký hiệu', 'Đơn vị', 'Số tài khoản', 'Đăng nhập trong 30 ngày', 'Dung lượng đã dùng (byte)'], ...lines]
}
