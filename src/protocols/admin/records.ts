/** Records beside the audit's plain list (Điều 7.2, 12.2c): search, closed days, purge runs, verification of a kind, legal holds. */
import Type, { type Static } from 'typebox'
import { MailError } from '../../core/errors.ts'
import type { HoldView } from '../../core/record/legal-hold.ts'
import { recordKinds } from '../../core/record/record.ts'
import { versionSeen } from './if-match.ts'
import { keyPosition, positionText } from './key-position.ts'
import { ApiError } from './problems.ts'
import { pageOf, route, type Position, type Route } from './route.ts'
import { byId, day, id, instant, instantOf, instantOrNull, line, nullable, object, oneOf } from './schemas.ts'
import { recordAnswer, recordSchema } from './views.ts'

const kind = oneOf(['audit', 'sign-in', 'mail', 'error', 'system'] as const)
const clause = 'Điều 7.2, 12.2c'
const byNames = ['message-id', 'sender', 'recipient', 'address', 'actor', 'transaction'] as const

const dayRootSchema = object({
  kind,
  day,
  firstSeq: Type.Integer(),
  lastSeq: Type.Integer(),
  count: Type.Integer(),
  root: Type.String({ description: 'SHA-256' }),
  purgedByRun: nullable(Type.String()),
  keptByHold: Type.Integer(),
})

const purgedSchema = object({ days: Type.Integer(), records: Type.Integer(), keptByHold: Type.Integer(), from: day, to: day })
const purgeRunSchema = object({ id: Type.String(), at: instant, day, kinds: Type.Record(Type.String(), purgedSchema) })

const verifiedSchema = object({
  kind,
  records: Type.Integer(),
  days: Type.Integer(),
  purgedDays: Type.Integer(),
  lastSeq: Type.Integer(),
  lastHash: Type.String(),
  break: nullable(object({ kind, seq: Type.Integer(), day: nullable(day), what: oneOf(['altered', 'missing', 'root']) })),
})

const names = nullable(Type.Array(line(320), { minItems: 1, maxItems: 500 }))
const holdBody = object({
  accounts: names,
  agencies: names,
  from: nullable(instant),
  to: nullable(instant),
  reason: line(1_000),
  document: line(100, 'Số văn bản / number of the document'),
})
const holdSchema = object({
  id: Type.String(),
  accounts: nullable(Type.Array(Type.String())),
  agencies: nullable(Type.Array(Type.String())),
  from: nullable(instant),
  to: nullable(instant),
  reason: Type.String(),
  document: Type.String(),
  createdBy: Type.String(),
  createdAt: instant,
  releasedBy: nullable(Type.String()),
  releasedAt: nullable(instant),
  releaseReason: nullable(Type.String()),
})

const holdAnswer = ({ version: _version, fromAtMs, toAtMs, createdAtMs, releasedAtMs, accounts, agencies, ...rest }: HoldView): Static<typeof holdSchema> => ({
  ...rest,
  accounts: accounts === null ? null : [...accounts],
  agencies: agencies === null ? null : [...agencies],
  from: instantOrNull(fromAtMs),
  to: instantOrNull(toAtMs),
  createdAt: instantOf(createdAtMs),
  releasedAt: instantOrNull(releasedAtMs),
})
const held = (hold: HoldView) => ({ body: holdAnswer(hold), version: hold.version })

const msOf = (text: string | null | undefined): number | null => (text === null || text === undefined ? null : Date.parse(text))

function recordPosition(position: Position | null): { readonly atMs: number; readonly seq: number } | null {
  if (position === null) return null
  const [atMs, seq] = String(position).split(' ').map(Number)
  if (!Number.isSafeInteger(atMs) || !Number.isSafeInteger(seq)) throw new ApiError('cursor-invalid')
  return { atMs: atMs!, seq: seq! }
}

export const recordRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/records/{kind}',
    tag: 'records',
    summary: { vi: 'Tìm trong nhật ký theo message-id, người gửi, người nhận, địa chỉ, thời gian', en: 'Searches a log by message-id, sender, recipient, address, time' },
    clause,
    actions: ['records.read'],
    params: object({ kind }),
    query: object({ by: Type.Optional(oneOf(byNames)), text: Type.Optional(line(320)), from: Type.Optional(instant), to: Type.Optional(instant), order: Type.Optional(oneOf(['newest-first', 'oldest-first'])) }),
    answer: recordSchema,
    page: true,
    async run({ actor, params, query, page: { limit, after }, administration }) {
      if ((query.by === undefined) !== (query.text === undefined)) throw new MailError('argument-invalid', 'by and text belong together', { field: 'query.text' })
      const read = await administration.records.search(actor, {
        kind: params.kind,
        by: query.by === undefined ? null : { name: query.by, text: query.text! },
        fromMs: msOf(query.from),
        toMs: msOf(query.to),
        after: recordPosition(after),
        descending: query.order !== 'oldest-first',
        limit: limit + 1,
      })
      const { items, next } = pageOf(read, limit, ({ atMs, seq }) => `${atMs} ${seq}`)
      return { items: items.map(recordAnswer), next }
    },
  }),
  route({
    method: 'GET',
    path: '/record-days/{kind}',
    tag: 'records',
    summary: { vi: 'Các ngày đã khóa sổ với mã gốc', en: 'Closed days with their roots, oldest first' },
    clause,
    actions: ['audit.read'],
    params: object({ kind }),
    answer: dayRootSchema,
    page: true,
    async run({ actor, params, page: { limit, after }, administration }) {
      const read = await administration.records.days(actor, { kind: params.kind, after: after === null ? null : String(after), limit: limit + 1 })
      const { items, next } = pageOf(read, limit, (one) => one.day)
      return { items: items.map(({ purge, firstAtMs: _first, lastAtMs: _last, ...root }) => ({ ...root, purgedByRun: purge?.run ?? null, keptByHold: purge?.kept?.count ?? 0 })), next }
    },
  }),
  route({
    method: 'GET',
    path: '/purge-runs',
    tag: 'records',
    summary: { vi: 'Những lần xóa nhật ký hết hạn, mới nhất trước', en: 'Purges of records whose time was over, newest first' },
    clause,
    actions: ['audit.read'],
    answer: purgeRunSchema,
    page: true,
    async run({ actor, page: { limit, after }, administration }) {
      const read = await administration.records.purgeRuns(actor, { after: after === null ? null : keyPosition(after), limit: limit + 1 })
      const { items, next } = pageOf(read, limit, positionText)
      return { items: items.map(({ id: of, atMs, day: on, kinds }) => ({ id: of, at: instantOf(atMs), day: on, kinds: Object.fromEntries(recordKinds.flatMap((one) => (kinds[one] === undefined ? [] : [[one, kinds[one]]]))) })), next }
    },
  }),
  route({
    method: 'GET',
    path: '/record-verification/{kind}',
    tag: 'records',
    summary: { vi: 'Kiểm tra toàn vẹn: tính lại chuỗi băm, đối chiếu từng ngày đã khóa sổ', en: 'Whether all is as it was written: the chain computed anew, each closed day compared' },
    clause,
    actions: ['audit.read'],
    params: object({ kind }),
    answer: verifiedSchema,
    run: async ({ actor, params, administration }) => ({ body: await administration.records.verify(actor, params.kind) }),
  }),
  route({
    method: 'GET',
    path: '/legal-holds',
    tag: 'records',
    summary: { vi: 'Lệnh giữ dữ liệu', en: 'Legal holds' },
    clause,
    actions: ['audit.read'],
    answer: object({ items: Type.Array(holdSchema) }),
    run: async ({ actor, administration }) => ({ body: { items: (await administration.records.holds.list(actor)).map(holdAnswer) } }),
  }),
  route({
    method: 'POST',
    path: '/legal-holds',
    tag: 'records',
    summary: { vi: 'Giữ dữ liệu, không xóa khi hết hạn', en: 'Keeps data beyond their term' },
    clause,
    actions: ['legal-hold.set'],
    creates: true,
    body: holdBody,
    answer: holdSchema,
    async run({ actor, body: { from, to, ...order }, administration }) {
      const hold = await administration.records.holds.create(actor, { ...order, fromAtMs: msOf(from), toAtMs: msOf(to) })
      return { ...held(hold), location: `/legal-holds/${hold.id}` }
    },
  }),
  route({
    method: 'GET',
    path: '/legal-holds/{id}',
    tag: 'records',
    summary: { vi: 'Một lệnh giữ dữ liệu', en: 'A legal hold' },
    clause,
    actions: ['audit.read'],
    params: byId,
    answer: holdSchema,
    version: 'gives',
    run: async ({ actor, params, administration }) => held(await administration.records.holds.get(actor, params.id)),
  }),
  route({
    method: 'POST',
    path: '/legal-holds/{id}/release',
    tag: 'records',
    summary: { vi: 'Chấm dứt lệnh giữ dữ liệu', en: 'Releases a legal hold' },
    clause,
    actions: ['legal-hold.set'],
    params: object({ id }),
    version: 'needs',
    body: object({ reason: line(1_000) }),
    answer: holdSchema,
    run: async ({ actor, params, body, ifMatch, administration }) => held(await administration.records.holds.release(actor, params.id, body.reason, versionSeen(ifMatch).ifVersion)),
  }),
]
