/** Announced outages (Điều 8.2): drafts, announcement, change, end, and who was told. */
import Type, { type Static } from 'typebox'
import type { OutageView } from '../../core/notice/outage-administration.ts'
import { versionSeen } from './if-match.ts'
import { keyPosition, positionText } from './key-position.ts'
import { pageOf, route, type Route } from './route.ts'
import { byId, day, instant, instantOf, instantOrNull, line, nullable, object, oneOf, text } from './schemas.ts'

const count = Type.Integer({ minimum: 0 })
const outageBody = object({ start: instant, end: instant, urgentReason: Type.Optional(nullable(line(1_000, 'Khẩn cấp / why it cannot wait'))), description: text(4_000) })

const outageSchema = object({
  id: Type.String(),
  state: oneOf(['draft', 'announced', 'ended', 'withdrawn']),
  start: instant,
  end: instant,
  urgentReason: nullable(Type.String()),
  description: Type.String(),
  draftedBy: Type.String(),
  createdAt: instant,
  announced: nullable(object({ by: Type.String(), at: instant, noticeOn: day, latestNotice: day, urgent: Type.Boolean(), provisional: Type.Boolean() })),
  endedAt: nullable(instant),
  letters: Type.Array(object({ word: oneOf(['announced', 'changed', 'ended', 'withdrawn']), subject: Type.String(), begunAt: instant, endedAt: nullable(instant), filed: count, refused: count })),
})
const standingSchema = object({ id: Type.String(), start: instant, end: instant, urgentReason: nullable(Type.String()), description: Type.String() })
const receiptSchema = object({ at: nullable(instant), accounts: Type.Array(object({ id: Type.String(), address: Type.String(), received: nullable(Type.Boolean()) })) })

const orderOf = ({ start, end, urgentReason, description }: Static<typeof outageBody>) => ({ startAtMs: Date.parse(start), endAtMs: Date.parse(end), urgentReason: urgentReason ?? null, description })

const answerOf = ({ id, state, startAtMs, endAtMs, urgentReason, description, draftedBy, createdAtMs, announced, endedAtMs, letters }: OutageView): Static<typeof outageSchema> => {
  const { atMs = 0, ...announcement } = announced ?? {}
  return {
    id,
    state,
    start: instantOf(startAtMs),
    end: instantOf(endAtMs),
    urgentReason,
    description,
    draftedBy,
    createdAt: instantOf(createdAtMs),
    announced: announced === null ? null : { ...(announcement as Omit<NonNullable<OutageView['announced']>, 'atMs'>), at: instantOf(atMs) },
    endedAt: instantOrNull(endedAtMs),
    letters: letters.map(({ word, subject, begunAtMs, endedAtMs: doneAtMs, filed, refused }) => ({ word, subject, begunAt: instantOf(begunAtMs), endedAt: instantOrNull(doneAtMs), filed, refused })),
  }
}
const versioned = (outage: OutageView) => ({ body: answerOf(outage), version: outage.version })

const clause = 'Điều 8.2'
const onOne = { tag: 'notices', clause, params: byId, answer: outageSchema } as const

export const noticeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/outages',
    tag: 'notices',
    summary: { vi: 'Các lần ngừng hệ thống, mới nhất trước', en: 'Outages, newest first' },
    clause,
    actions: ['outage.draft'],
    answer: outageSchema,
    page: true,
    async run({ actor, page: { limit, after }, administration }) {
      const { items, next } = pageOf(await administration.outages.list(actor, { after: after === null ? null : keyPosition(after), limit: limit + 1 }), limit, positionText)
      return { items: items.map(answerOf), next }
    },
  }),
  route({
    method: 'GET',
    path: '/standing-outages',
    tag: 'notices',
    summary: { vi: 'Thông báo ngừng hệ thống đang có hiệu lực', en: 'What is announced and not over' },
    clause,
    actions: [],
    answer: object({ items: Type.Array(standingSchema) }),
    async run({ administration }) {
      const standing = await administration.outages.standing()
      return { body: { items: standing.map(({ id, startAtMs, endAtMs, urgentReason, description }) => ({ id, start: instantOf(startAtMs), end: instantOf(endAtMs), urgentReason, description })) } }
    },
  }),
  route({
    method: 'POST',
    path: '/outages',
    tag: 'notices',
    summary: { vi: 'Soạn thông báo ngừng hệ thống', en: 'Drafts an outage' },
    clause,
    actions: ['outage.draft'],
    creates: true,
    body: outageBody,
    answer: outageSchema,
    async run({ actor, body, administration }) {
      const outage = await administration.outages.draft(actor, orderOf(body))
      return { ...versioned(outage), location: `/outages/${outage.id}` }
    },
  }),
  route({
    ...onOne,
    method: 'GET',
    path: '/outages/{id}',
    summary: { vi: 'Một lần ngừng hệ thống', en: 'An outage' },
    actions: ['outage.draft'],
    version: 'gives',
    run: async ({ actor, params, administration }) => versioned(await administration.outages.get(actor, params.id)),
  }),
  route({
    ...onOne,
    method: 'PUT',
    path: '/outages/{id}',
    summary: { vi: 'Sửa bản soạn; hoặc thay đổi đã thông báo, mọi người được báo lại', en: 'Changes a draft; or what was announced, and everybody is told again' },
    actions: ['outage.draft'],
    body: outageBody,
    version: 'needs',
    run: async ({ actor, params, body, ifMatch, administration }) => versioned(await administration.outages.change(actor, params.id, orderOf(body), versionSeen(ifMatch).ifVersion)),
  }),
  route({
    ...onOne,
    method: 'POST',
    path: '/outages/{id}/announcement',
    summary: { vi: 'Thông báo đến mọi hộp thư; đúng hạn, hoặc khẩn cấp có lý do', en: 'Tells every mailbox; in time, or urgent with its reason' },
    actions: ['outage.announce'],
    version: 'needs',
    run: async ({ actor, params, ifMatch, administration }) => versioned(await administration.outages.announce(actor, params.id, versionSeen(ifMatch).ifVersion)),
  }),
  route({
    ...onOne,
    method: 'POST',
    path: '/outages/{id}/end',
    summary: { vi: 'Hệ thống đã trở lại, hoặc không ngừng nữa', en: 'The service is back, or the outage does not take place' },
    actions: ['outage.announce'],
    body: object({ how: oneOf(['ended', 'withdrawn']) }),
    version: 'needs',
    run: async ({ actor, params, body, ifMatch, administration }) => versioned(await administration.outages.end(actor, params.id, body.how, versionSeen(ifMatch).ifVersion)),
  }),
  route({
    method: 'GET',
    path: '/outages/{id}/receipts',
    tag: 'notices',
    summary: { vi: 'Ai đã nhận thông báo gần nhất', en: 'Who was told, by the last letter' },
    clause,
    actions: ['outage.draft'],
    params: byId,
    answer: receiptSchema,
    page: true,
    async run({ actor, params, page: { limit, after }, administration }) {
      const read = await administration.outages.receipts(actor, params.id, { after: after === null ? null : keyPosition(after), limit: limit + 1 })
      const { items, next } = pageOf(read, limit, positionText)
      return {
        items: items.map(({ accounts, filedAtMs, refused }) => ({ at: instantOrNull(filedAtMs), accounts: accounts.map(({ id, address }) => ({ id, address, received: filedAtMs === null ? null : !refused.includes(id) })) })),
        next,
      }
    },
  }),
]
