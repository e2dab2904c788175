/** Acts on agencies (Điều 4.1, 5.1, 10.8): creating, units, hand-overs, the province's list. */
import Type, { type Static } from 'typebox'
import type { AgencyView, UnitView } from '../../core/agency/agency-administration.ts'
import type { HandOver } from '../../core/agency/agency-details.ts'
import { route, type Route } from './route.ts'
import { address, byId, day, instant, instantOf, line, nullable, object, oneOf } from './schemas.ts'
import { agencyAnswer, agencySchema } from './views.ts'

const label = Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9-]+$', description: 'Ký hiệu / label' })
const kind = oneOf(['department', 'commune', 'other'])
const code = nullable(Type.String({ minLength: 1, maxLength: 20, pattern: '^[0-9A-Za-z.-]+$' }))

const detailsSchema = object({
  ...agencySchema.properties,
  kind,
  code: nullable(Type.String()),
  provisional: Type.Boolean(),
  mailbox: nullable(Type.String()),
  administrators: Type.Array(Type.String()),
})

const detailsAnswer = (agency: AgencyView): Static<typeof detailsSchema> => ({
  ...agencyAnswer(agency),
  kind: agency.kind,
  code: agency.code,
  provisional: agency.provisional,
  mailbox: agency.mailbox,
  administrators: [...agency.administrators],
})

const unitSchema = object({ id: Type.String(), agency: Type.String(), name: Type.String(), address: Type.String() })
const unitAnswer = (unit: UnitView): Static<typeof unitSchema> => ({ ...unit })

const documentSchema = object({
  number: line(60, 'Số, ký hiệu / number'),
  date: day,
  file: object({ name: line(255), sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }), sizeBytes: Type.Integer({ minimum: 1 }) }),
})

const handOverSchema = object({
  from: nullable(Type.String()),
  to: Type.String(),
  document: object({ number: Type.String(), date: Type.String() }),
  trained: Type.Boolean(),
  by: Type.String(),
  at: instant,
})
const handOverAnswer = ({ from, to, document, trained, by, atMs }: HandOver): Static<typeof handOverSchema> => ({
  from,
  to,
  document: { number: document.number, date: document.date },
  trained,
  by,
  at: instantOf(atMs),
})

const versionOf = (ifMatch: string): number => (/^\d{1,9}$/.test(ifMatch) ? Number(ifMatch) : -1)

export const agencyActRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/agencies',
    tag: 'agencies',
    summary: { vi: 'Tạo cơ quan, tên miền và hộp thư cơ quan', en: 'Makes an agency, its domain and its mailbox' },
    clause: 'Điều 4.1, 5.1',
    actions: ['agency.create'],
    creates: true,
    body: object({ name: line(200), label: Type.Optional(nullable(label)), kind: Type.Optional(kind), code: Type.Optional(code), provisional: Type.Optional(Type.Boolean()) }),
    answer: object({ agency: detailsSchema, near: Type.Array(Type.String(), { description: 'Ký hiệu chỉ khác một phím / labels one keystroke away' }) }),
    async run({ actor, body, administration }) {
      const order = { name: body.name, label: body.label ?? null, kind: body.kind ?? 'other', code: body.code ?? null, provisional: body.provisional ?? false }
      const { agency, near } = await administration.agencyActs.create(actor, order)
      return { body: { agency: detailsAnswer(agency), near: [...near] }, version: agency.version, location: `/agencies/${agency.id}/details` }
    },
  }),
  route({
    method: 'GET',
    path: '/agencies/label-proposal',
    tag: 'agencies',
    summary: { vi: 'Ký hiệu đề xuất cho tên cơ quan', en: 'The label that is proposed for a name' },
    clause: 'Điều 4.1',
    actions: ['agency.read'],
    query: object({ name: line(200) }),
    answer: object({ label: Type.String(), address: Type.String(), taken: Type.Boolean(), reserved: Type.Boolean(), near: Type.Array(Type.String()) }),
    async run({ actor, query, administration }) {
      const { near, ...rest } = await administration.agencyActs.propose(actor, query.name)
      return { body: { ...rest, near: [...near] } }
    },
  }),
  route({
    method: 'GET',
    path: '/agencies/unit-proposal',
    tag: 'agencies',
    summary: { vi: 'Địa chỉ đề xuất cho đơn vị thuộc cơ quan', en: 'The address that is proposed for a unit' },
    clause: 'Điều 4.1c',
    actions: ['agency.read'],
    query: object({ name: line(200), agency: Type.Optional(label) }),
    answer: object({ local: Type.String(), address: nullable(Type.String()), taken: Type.Boolean() }),
    run: async ({ actor, query, administration }) => ({ body: { ...(await administration.agencyActs.proposeUnit(actor, query.name, query.agency ?? null)) } }),
  }),
  route({
    method: 'GET',
    path: '/agencies/{id}/details',
    tag: 'agencies',
    summary: { vi: 'Cơ quan: hộp thư, cán bộ đầu mối', en: 'An agency with its mailbox and focal officers' },
    clause: 'Điều 4.1, 5.1',
    actions: ['agency.read'],
    params: byId,
    answer: detailsSchema,
    version: 'gives',
    async run({ actor, params, administration }) {
      const agency = await administration.agencyActs.view(actor, params.id)
      return { body: detailsAnswer(agency), version: agency.version }
    },
  }),
  route({
    method: 'PATCH',
    path: '/agencies/{id}/details',
    tag: 'agencies',
    summary: { vi: 'Xác nhận ký hiệu tạm, sửa loại và mã', en: 'Confirms a provisional label, corrects kind and code' },
    clause: 'Điều 4.1',
    actions: ['agency.create'],
    params: byId,
    body: object({ kind: Type.Optional(kind), code: Type.Optional(code), provisional: Type.Optional(Type.Boolean()) }),
    answer: detailsSchema,
    version: 'needs',
    async run({ actor, params, body, ifMatch, administration }) {
      const agency = await administration.agencyActs.change(actor, params.id, body, versionOf(ifMatch))
      return { body: detailsAnswer(agency), version: agency.version }
    },
  }),
  route({
    method: 'GET',
    path: '/agencies/{id}/units',
    tag: 'agencies',
    summary: { vi: 'Đơn vị thuộc cơ quan', en: 'Units of an agency' },
    clause: 'Điều 4.1c',
    actions: ['agency.read'],
    params: byId,
    answer: object({ items: Type.Array(unitSchema) }),
    run: async ({ actor, params, administration }) => ({ body: { items: (await administration.agencyActs.units(actor, params.id)).map(unitAnswer) } }),
  }),
  route({
    method: 'POST',
    path: '/agencies/{id}/units',
    tag: 'agencies',
    summary: { vi: 'Tạo đơn vị và hộp thư đơn vị', en: 'Makes a unit and its mailbox' },
    clause: 'Điều 4.1c, 10.8',
    actions: ['unit.create'],
    creates: true,
    params: byId,
    body: object({ name: line(200), local: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 64, pattern: '^[a-z0-9._-]+$' }))) }),
    answer: unitSchema,
    async run({ actor, params, body, administration }) {
      const unit = await administration.agencyActs.createUnit(actor, params.id, { name: body.name, local: body.local ?? null })
      return { body: unitAnswer(unit), location: `/accounts/${unit.id}/person` }
    },
  }),
  route({
    method: 'GET',
    path: '/agencies/{id}/hand-overs',
    tag: 'agencies',
    summary: { vi: 'Các lần bàn giao tài khoản quản trị, mới nhất trước', en: 'Hand-overs of the administration, newest first' },
    clause: 'Điều 5.1',
    actions: ['agency.read'],
    params: byId,
    answer: object({ items: Type.Array(handOverSchema) }),
    run: async ({ actor, params, administration }) => ({ body: { items: (await administration.agencyActs.handOvers(actor, params.id)).map(handOverAnswer) } }),
  }),
  route({
    method: 'POST',
    path: '/agencies/{id}/hand-overs',
    tag: 'agencies',
    summary: { vi: 'Bàn giao tài khoản quản trị: quyền cũ hết ngay', en: 'Hands the administration over: the old rights end at once' },
    clause: 'Điều 5.1, 10.8',
    actions: ['agency.hand-over'],
    creates: true,
    params: byId,
    body: object({ to: address, from: Type.Optional(nullable(address)), document: documentSchema, trained: Type.Boolean() }),
    answer: handOverSchema,
    async run({ actor, params, body, administration }) {
      const order = { to: body.to, from: body.from ?? null, document: body.document, trained: body.trained }
      return { body: handOverAnswer(await administration.agencyActs.handOver(actor, params.id, order)) }
    },
  }),
  route({
    method: 'POST',
    path: '/agencies/import',
    tag: 'agencies',
    summary: { vi: 'Nhập danh sách cơ quan của tỉnh; ký hiệu mới là tạm', en: "Imports the province's list of agencies; new labels are provisional" },
    clause: 'Điều 4.1',
    actions: ['agency.create'],
    body: object({ rows: Type.Array(object({ name: line(200), label: Type.Optional(nullable(label)), kind: Type.Optional(kind), code: Type.Optional(code) }), { maxItems: 2_000 }) }),
    answer: object({
      made: Type.Integer(),
      known: Type.Integer(),
      refused: Type.Integer(),
      rows: Type.Array(object({ outcome: oneOf(['made', 'known', 'refused']), label: nullable(Type.String()), name: Type.String(), near: Type.Array(Type.String()), reason: nullable(Type.String()) })),
    }),
    async run({ actor, body, administration }) {
      const rows: { outcome: 'made' | 'known' | 'refused'; label: string | null; name: string; near: string[]; reason: string | null }[] = []
      const order = body.rows.map((row) => ({ name: row.name, label: row.label ?? null, kind: row.kind ?? ('other' as const), code: row.code ?? null }))
      const counts = await administration.agencyActs.importAll(actor, order, async (one) => {
        rows.push({ outcome: one.kind, label: one.label, name: one.name, near: one.kind === 'made' ? [...one.near] : [], reason: one.kind === 'refused' ? one.reason : null })
      })
      return { body: { ...counts, rows } }
    },
  }),
]
