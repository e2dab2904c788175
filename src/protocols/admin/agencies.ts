/** Agencies (Điều 4.1, 5.1). */
import { pageOf, route, type Route } from './route.ts'
import { byId } from './schemas.ts'
import { agencyAnswer, agencySchema } from './views.ts'

export const agencyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/agencies',
    tag: 'agencies',
    summary: { vi: 'Danh sách cơ quan', en: 'Agencies, by label' },
    clause: 'Điều 4.1, 4.3',
    actions: ['agency.read'],
    answer: agencySchema,
    page: true,
    async run({ actor, page: { limit, after }, administration }) {
      const read = await administration.agencies.list(actor, { after: after === null ? null : String(after), limit: limit + 1 })
      const { items, next } = pageOf(read, limit, ({ label }) => label)
      return { items: items.map(agencyAnswer), next }
    },
  }),
  route({
    method: 'GET',
    path: '/agencies/{id}',
    tag: 'agencies',
    summary: { vi: 'Một cơ quan', en: 'One agency' },
    clause: 'Điều 4.1, 4.3',
    actions: ['agency.read'],
    params: byId,
    answer: agencySchema,
    run: async ({ actor, params, administration }) => ({ body: agencyAnswer(await administration.agencies.get(actor, params.id)) }),
  }),
]
