/** Imports of accounts from CSV and XLSX (Điều 5.2; ). */
import Type, { type Static } from 'typebox'
import type { ImportView } from '../../core/account/import/imports.ts'
import { pageOf, route, type Route } from './route.ts'
import { byId, instant, instantOf, instantOrNull, line, nullable, object, oneOf } from './schemas.ts'

const label = Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9-]+$', description: 'Ký hiệu cơ quan / label' })

const importSchema = object({
  id: Type.String(),
  state: oneOf(['previewed', 'running', 'done', 'undone']),
  agency: nullable(Type.String()),
  file: Type.String(),
  rows: Type.Integer(),
  issued: Type.Integer(),
  faulty: Type.Integer(),
  createdAt: instant,
  endedAt: nullable(instant),
})

const previewRow = object({
  row: Type.Integer({ description: 'Như trong bảng tính / as in the spreadsheet' }),
  name: Type.String(),
  address: nullable(Type.String()),
  rule: nullable(Type.String()),
  clause: nullable(Type.String()),
  flags: Type.Array(Type.String()),
  error: nullable(Type.String()),
  detail: nullable(Type.String()),
})

const resultRow = object({
  row: Type.Integer(),
  address: nullable(Type.String()),
  rule: nullable(Type.String()),
  flags: Type.Array(Type.String()),
  error: nullable(Type.String()),
  detail: nullable(Type.String()),
})

function importAnswer({ version: _version, createdAtMs, endedAtMs, ...shown }: ImportView): Static<typeof importSchema> {
  return { ...shown, createdAt: instantOf(createdAtMs), endedAt: instantOrNull(endedAtMs) }
}

const csv = 'text/csv'
const xlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

export const importRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/imports',
    tag: 'imports',
    summary: { vi: 'Xem trước một danh sách (CSV, XLSX): chưa cấp gì', en: 'Previews a list (CSV, XLSX): nothing is issued yet' },
    clause: 'Điều 5.2',
    actions: ['account.create'],
    creates: true,
    upload: [csv, xlsx],
    maxBodyBytes: 20 * 1024 * 1024,
    query: object({ agency: Type.Optional(label), file: Type.Optional(line(200)), convertLegacy: Type.Optional(Type.Boolean()), confirmed: Type.Optional(Type.Boolean()) }),
    answer: object({ import: importSchema, rows: Type.Array(previewRow), unknownColumns: Type.Array(Type.String()) }),
    async run({ actor, query, body, administration }) {
      const options = { convertLegacy: query.convertLegacy ?? false, confirmed: query.confirmed ?? false }
      const order = { agency: query.agency ?? null, fileName: query.file ?? 'import', bytes: body, options }
      const { import: made, rows, unknownColumns } = await administration.imports.preview(actor, order)
      return { body: { import: importAnswer(made), rows: rows.map((row) => ({ ...row, flags: [...row.flags] })), unknownColumns: [...unknownColumns] }, location: `/imports/${made.id}` }
    },
  }),
  route({
    method: 'GET',
    path: '/imports',
    tag: 'imports',
    summary: { vi: 'Các lần nhập, mới nhất trước', en: 'Imports, newest first' },
    clause: 'Điều 5.2',
    actions: ['account.create'],
    query: object({ agency: Type.Optional(label) }),
    answer: object({ items: Type.Array(importSchema) }),
    async run({ actor, query, administration }) {
      return { body: { items: (await administration.imports.list(actor, { agency: query.agency ?? null, limit: 100 })).map(importAnswer) } }
    },
  }),
  route({
    method: 'GET',
    path: '/imports/{id}',
    tag: 'imports',
    summary: { vi: 'Một lần nhập và tiến độ', en: 'One import and how far it is' },
    clause: 'Điều 5.2',
    actions: ['account.create'],
    params: byId,
    answer: importSchema,
    run: async ({ actor, params, administration }) => ({ body: importAnswer(await administration.imports.get(actor, params.id)) }),
  }),
  route({
    method: 'POST',
    path: '/imports/{id}/run',
    tag: 'imports',
    summary: { vi: 'Cấp tài khoản theo bản xem trước; chạy nền', en: 'Issues what was previewed; runs in the background' },
    clause: 'Điều 5.2',
    actions: ['account.create'],
    params: byId,
    answer: importSchema,
    status: 202,
    run: async ({ actor, params, administration }) => ({ body: importAnswer(await administration.imports.start(actor, params.id)) }),
  }),
  route({
    method: 'GET',
    path: '/imports/{id}/rows',
    tag: 'imports',
    summary: { vi: 'Kết quả từng dòng', en: 'What became of each row' },
    clause: 'Điều 5.2',
    actions: ['account.create'],
    params: byId,
    answer: resultRow,
    page: true,
    async run({ actor, params, page: { limit, after }, administration }) {
      const all = await administration.imports.results(actor, params.id)
      const { items, next } = pageOf(all.filter(({ row }) => after === null || row > Number(after)).slice(0, limit + 1), limit, ({ row }) => row)
      const shown = items.map((one) =>
        'address' in one ? { row: one.row, address: one.address, rule: one.rule, flags: [...one.flags], error: null, detail: null } : { row: one.row, address: null, rule: null, flags: [], error: one.fault, detail: one.detail },
      )
      return { items: shown, next }
    },
  }),
  route({
    method: 'GET',
    path: '/imports/{id}/sheet',
    tag: 'imports',
    summary: { vi: 'Bảng mật khẩu tạm để giao; mỗi lần xem đều được ghi lại', en: 'The sheet of temporary passwords; every look is recorded' },
    clause: 'Điều 5.2, 9.1',
    actions: ['account.create'],
    params: byId,
    query: object({ format: Type.Optional(oneOf(['csv', 'xlsx'])) }),
    download: [csv, xlsx],
    answer: null,
    async run({ actor, params, query, administration }) {
      const format = query.format ?? 'xlsx'
      const { bytes } = await administration.imports.sheet(actor, params.id, format)
      return { bytes: bytes ?? new Uint8Array(), type: format === 'csv' ? csv : xlsx, filename: `mat-khau-tam-${params.id}.${format}` }
    },
  }),
  route({
    method: 'DELETE',
    path: '/imports/{id}/sheet',
    tag: 'imports',
    summary: { vi: 'Hủy bảng mật khẩu tạm', en: 'Throws the sheet of temporary passwords away' },
    clause: 'Điều 5.2',
    actions: ['account.create'],
    params: byId,
    answer: null,
    async run({ actor, params, administration }) {
      await administration.imports.discardSheet(actor, params.id)
      return {}
    },
  }),
  route({
    method: 'POST',
    path: '/imports/{id}/undo',
    tag: 'imports',
    summary: { vi: 'Rút lại những tài khoản chưa ai dùng', en: 'Takes back the accounts that nobody has used' },
    clause: 'Điều 5.2',
    actions: ['account.create'],
    params: byId,
    answer: object({ undone: Type.Integer(), kept: Type.Integer() }),
    run: async ({ actor, params, administration }) => ({ body: await administration.imports.undo(actor, params.id) }),
  }),
]
