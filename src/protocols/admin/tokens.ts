/** API tokens of those who administer (Điều 3.1, 9.1): made and revoked by their owners, signed in themselves. */
import Type, { type Static } from 'typebox'
import { maxTokenDays, maxTokenNameLength, type ListedToken } from '../../core/administration/api-token.ts'
import { scopes, type Scope } from '../../core/administration/scopes.ts'
import { route, type Route } from './route.ts'
import { byId, instant, instantOf, instantOrNull, line, nullable, object, oneOf } from './schemas.ts'

const own = { tag: 'session', clause: 'Điều 3.1, 9.1' } as const
const scope = oneOf(scopes)

const tokenProperties = {
  id: Type.String(),
  account: Type.String(),
  name: Type.String(),
  scopes: Type.Array(scope),
  createdAt: instant,
  expiresAt: instant,
  revokedAt: nullable(instant),
  lastUsedAt: nullable(instant),
  lastUsedIp: nullable(Type.String()),
}
const tokenSchema = object(tokenProperties)

const tokenAnswer = ({ id, account, name, scopes: held, createdAtMs, expiresAtMs, revokedAtMs, lastUsedAtMs, lastUsedIp }: ListedToken): Static<typeof tokenSchema> => ({
  id,
  account,
  name,
  scopes: [...held],
  createdAt: instantOf(createdAtMs),
  expiresAt: instantOf(expiresAtMs),
  revokedAt: instantOrNull(revokedAtMs),
  lastUsedAt: instantOrNull(lastUsedAtMs),
  lastUsedIp,
})

export const tokenRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/tokens',
    ...own,
    summary: { vi: 'Mã truy cập của mình', en: 'Own tokens, newest first' },
    actions: ['token.manage'],
    answer: object({ items: Type.Array(tokenSchema) }),
    run: async ({ caller, administration }) => ({ body: { items: (await administration.tokens.list(caller)).map(tokenAnswer) } }),
  }),
  route({
    method: 'POST',
    path: '/tokens',
    ...own,
    summary: { vi: 'Tạo mã truy cập', en: 'Makes a token, which is shown once' },
    actions: ['token.manage'],
    body: object({
      name: line(maxTokenNameLength),
      scopes: Type.Array(scope, { minItems: 1, maxItems: scopes.length }),
      days: Type.Integer({ minimum: 1, maximum: maxTokenDays }),
    }),
    answer: object({ ...tokenProperties, token: Type.String({ description: 'Chỉ hiện một lần / shown once' }) }),
    creates: true,
    async run({ caller, body, administration }) {
      const { token, listed } = await administration.tokens.create(caller, { ...body, scopes: body.scopes as readonly Scope[] })
      return { body: { ...tokenAnswer(listed), token }, location: `/tokens/${listed.id}` }
    },
  }),
  route({
    method: 'GET',
    path: '/tokens/{id}',
    ...own,
    summary: { vi: 'Một mã truy cập của mình', en: 'One of the own tokens' },
    actions: ['token.manage'],
    params: byId,
    answer: tokenSchema,
    run: async ({ caller, params, administration }) => ({ body: tokenAnswer(await administration.tokens.get(caller, params.id)) }),
  }),
  route({
    method: 'POST',
    path: '/tokens/{id}/revocation',
    ...own,
    summary: { vi: 'Hủy mã truy cập', en: 'Revokes a token: the own, or by the Sở anybody’s' },
    actions: ['token.manage', 'token.revoke'],
    params: byId,
    answer: null,
    async run({ actor, params, administration }) {
      await administration.tokens.revoke(actor, params.id)
      return {}
    },
  }),
]
