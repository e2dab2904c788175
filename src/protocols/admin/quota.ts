/** Sizes of mailboxes (Điều 7.3a, 7.3b). Bytes. */
import Type, { type Static } from 'typebox'
import type { SizesChange, SizesView } from '../../core/account/quota-administration.ts'
import { versionSeen } from './if-match.ts'
import { route, type Route } from './route.ts'
import { byId, nullable, object } from './schemas.ts'

const size = Type.Integer({ minimum: 0 })
const wanted = nullable(Type.Integer({ minimum: 1_048_576, maximum: Number.MAX_SAFE_INTEGER }))
const className = Type.String({ maxLength: 40, pattern: '^[a-z0-9-]+$' })

const sizesSchema = object({
  account: object({ id: Type.String(), address: Type.String(), usedBytes: size }),
  class: Type.String(),
  classKnown: Type.Boolean(),
  own: object({ quotaBytes: nullable(size), maxAttachmentBytes: nullable(size) }, 'Trống: theo hạng / null: of the class'),
  quotaBytes: size,
  maxAttachmentBytes: size,
  maxMessageBytes: size,
  belowUse: Type.Boolean({ description: 'Đã dùng nhiều hơn hạn mức; không xóa gì / more is used than allowed; nothing is deleted' }),
})

const versioned = ({ version, ...body }: SizesView): { readonly body: Static<typeof sizesSchema>; readonly version: number } => ({ body, version })

export const quotaRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/quota-classes',
    tag: 'quota',
    summary: { vi: 'Các hạng dung lượng', en: 'Classes of sizes' },
    clause: 'Điều 7.3a',
    actions: [],
    answer: object({ items: Type.Array(object({ id: Type.String(), name: Type.String(), quotaBytes: size, maxAttachmentBytes: size, maxMessageBytes: size })) }),
    run: async ({ administration }) => ({ body: { items: [...administration.quota.classes()] } }),
  }),
  route({
    method: 'GET',
    path: '/accounts/{id}/quota',
    tag: 'quota',
    summary: { vi: 'Dung lượng của một hộp thư', en: 'The sizes of a mailbox' },
    clause: 'Điều 7.3',
    actions: ['account.read'],
    params: byId,
    answer: sizesSchema,
    version: 'gives',
    run: async ({ actor, params, administration }) => versioned(await administration.quota.get(actor, params.id)),
  }),
  route({
    method: 'PATCH',
    path: '/accounts/{id}/quota',
    tag: 'quota',
    summary: { vi: 'Đặt hạng hoặc giá trị riêng; hạ xuống dưới mức đã dùng không xóa thư', en: 'Sets the class or own values; lowering below use deletes nothing' },
    clause: 'Điều 7.3b',
    actions: ['quota.set'],
    params: byId,
    body: object({ class: Type.Optional(className), quotaBytes: Type.Optional(wanted), maxAttachmentBytes: Type.Optional(wanted) }),
    answer: sizesSchema,
    version: 'needs',
    run: async ({ actor, params, body, ifMatch, administration }) => versioned(await administration.quota.set(actor, params.id, body as SizesChange, versionSeen(ifMatch).ifVersion)),
  }),
]
