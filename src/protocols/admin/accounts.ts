/** Accounts (Điều 4.2, 5, 6): reading them. */
import Type from 'typebox'
import { pageOf, route, type Route } from './route.ts'
import { byId, id, object } from './schemas.ts'
import { accountAnswer, accountSchema } from './views.ts'

export const accountRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/accounts',
    tag: 'accounts',
    summary: { vi: 'Danh sách tài khoản', en: 'Accounts, by address' },
    clause: 'Điều 10.8, 12.2c',
    actions: ['account.read'],
    query: object({ agency: Type.Optional(id) }),
    answer: accountSchema,
    page: true,
    async run({ actor, query, page: { limit, after }, administration }) {
      const read = await administration.accounts.list(actor, { agency: query.agency ?? null, after: after === null ? null : String(after), limit: limit + 1 })
      const { items, next } = pageOf(read, limit, ({ address }) => address)
      return { items: items.map(accountAnswer), next }
    },
  }),
  route({
    method: 'GET',
    path: '/accounts/{id}',
    tag: 'accounts',
    summary: { vi: 'Một tài khoản', en: 'One account' },
    clause: 'Điều 10.8, 12.2c',
    actions: ['account.read'],
    params: byId,
    answer: accountSchema,
    version: 'gives',
    async run({ actor, params, administration }) {
      const account = await administration.accounts.get(actor, params.id)
      return { body: accountAnswer(account), version: account.credentialVersion }
    },
  }),
  route({
    method: 'DELETE',
    path: '/accounts/{id}/second-factor',
    tag: 'accounts',
    summary: { vi: 'Bỏ xác thực hai bước của người đã mất thiết bị', en: 'Takes the second factor away from somebody who lost it' },
    clause: 'Điều 9.1, 11.3',
    actions: ['second-factor.reset'],
    params: byId,
    answer: null,
    async run({ actor, params, administration }) {
      await administration.secondFactors.reset(actor, params.id)
      return {}
    },
  }),
]
