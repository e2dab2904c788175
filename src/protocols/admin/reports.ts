/** Statistics of agencies (R-10.8s; Điều 10.8, 12): as JSON, and as CSV or XLSX. */
import Type, { type Static } from 'typebox'
import type { Report } from '../../core/report/report-administration.ts'
import type { AgencyStatistics } from '../../core/report/statistics.ts'
import { route, type Route } from './route.ts'
import { instant, instantOf, nullable, object, oneOf } from './schemas.ts'

const count = Type.Integer({ minimum: 0 })
const counts = Type.Record(Type.String(), count)
const standing = object({ accounts: counts, signedIn30Days: count, defaultPassword: count, idle45Days: count, idle3Months: count, usedBytes: count, quotaBytes: count })
const happened = object({
  issued: count, locks: counts, restored: count, restoredInWorkingDays: counts, revoked: count, sent: count, received: count, spam: count, malware: count, quotaWarnings: count, incidents: count,
})
const statistics = object({ standing, units: Type.Record(Type.String(), standing), happened })

const reportSchema = object({
  period: Type.String(),
  closed: Type.Boolean({ description: 'Kỳ đã khép lại: số liệu không đổi nữa / the period is over: the answer stays the same' }),
  takenAt: instant,
  missing: Type.Array(Type.String()),
  rows: Type.Array(object({ agency: nullable(object({ id: Type.String(), label: Type.String(), name: Type.String() })), statistics })),
  total: statistics,
})

const params = object({ period: Type.String({ pattern: '^[0-9]{4}(-(0[1-9]|1[0-2])|-Q[1-4])?$', description: '2026-05, 2026-Q2, 2026' }) })
const agency = Type.Optional(Type.String({ minLength: 1, maxLength: 80, pattern: '^[A-Za-z0-9-]+$', description: 'Ký hiệu cơ quan / label' }))
const clause = 'Điều 10.8, 12'
const types = { csv: 'text/csv; charset=utf-8', xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' } as const

const copied = ({ standing: stands, units, happened: of }: AgencyStatistics): Static<typeof statistics> => structuredClone({ standing: stands, units, happened: of }) as Static<typeof statistics>

const answerOf = ({ period, closed, takenAtMs, missing, rows, total }: Report): Static<typeof reportSchema> => ({
  period,
  closed,
  takenAt: instantOf(takenAtMs),
  missing: [...missing],
  rows: rows.map((one) => ({ agency: one.agency === null ? null : { ...one.agency }, statistics: copied(one.statistics) })),
  total: copied(total),
})

export const reportRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/reports/{period}',
    tag: 'reports',
    summary: { vi: 'Thống kê theo cơ quan, đơn vị và kỳ', en: 'Statistics by agency, unit and period' },
    clause,
    actions: ['statistics.read'],
    params,
    query: object({ agency }),
    answer: reportSchema,
    run: async ({ actor, params: { period }, query, administration }) => ({ body: answerOf(await administration.reports.get(actor, period, query.agency ?? null)) }),
  }),
  route({
    method: 'GET',
    path: '/reports/{period}/file',
    tag: 'reports',
    summary: { vi: 'Thống kê dạng bảng tính', en: 'The statistics as a table' },
    clause,
    actions: ['statistics.read'],
    params,
    query: object({ agency, format: oneOf(['csv', 'xlsx']) }),
    download: Object.values(types),
    answer: null,
    async run({ actor, params: { period }, query: { agency: label, format }, administration }) {
      return { bytes: await administration.reports.file(actor, period, label ?? null, format), type: types[format], filename: `thong-ke-${period}.${format}` }
    },
  }),
]
