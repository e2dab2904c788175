/** The record of administrative acts (Điều 7.2, 12.2c). */
import { pageOf, route, type Route } from './route.ts'
import { recordAnswer, recordSchema } from './views.ts'

export const auditRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/audit',
    tag: 'records',
    summary: { vi: 'Nhật ký quản trị', en: 'Administrative acts, oldest first' },
    clause: 'Điều 7.2, 12.2c',
    actions: ['audit.read'],
    answer: recordSchema,
    page: true,
    async run({ actor, page: { limit, after }, administration }) {
      const read = await administration.audit.list(actor, { after: after === null ? null : Number(after), limit: limit + 1 })
      const { items, next } = pageOf(read, limit, ({ seq }) => seq)
      return { items: items.map(recordAnswer), next }
    },
  }),
]
