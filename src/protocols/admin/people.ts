/** Holders of accounts (Điều 4.2, 4.3, 5.2, 10.8): issuing one, details, names, aliases. Lists are imports.ts. */
import Type, { type Static } from 'typebox'
import type { AccountAdministration, NameWritten, PersonOrder, PersonView } from '../../core/account/account-administration.ts'
import type { OriginFields } from '../../core/account/person.ts'
import { route, type Route } from './route.ts'
import { accountKind, accountState, address, byId, day, id, instant, instantOf, line, lockClause, nullable, object, role } from './schemas.ts'

const nameSchema = object({
  full: line(200, 'Như trên căn cước / as on the identity card'),
  fields: Type.Optional(nullable(object({ family: line(100), middle: Type.String({ maxLength: 100 }), given: line(100) }, 'Họ, chữ lót, tên: thắng cách máy tách / they win over the proposal (D-20)'))),
  confirmed: Type.Optional(Type.Boolean({ description: 'Đã xem tên bị đánh dấu / a flagged name has been looked at' })),
})

const originSchema = object({
  birthDate: Type.Optional(nullable(day)),
  homeTown: Type.Optional(nullable(line(120))),
  birthPlace: Type.Optional(nullable(line(120))),
}, 'Chỉ cần khi trùng tên (Điều 4.2c); được niêm phong / needed only for a collision; kept sealed')

const contactSchema = object({ email: nullable(address), phone: nullable(line(30)) })

const issueBody = object({
  agency: Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9-]+$', description: 'Ký hiệu cơ quan / label' }),
  name: nameSchema,
  origin: Type.Optional(originSchema),
  unit: Type.Optional(nullable(line(120))),
  post: Type.Optional(nullable(line(120))),
  contact: Type.Optional(contactSchema),
  quotaClass: Type.Optional(nullable(Type.String({ maxLength: 40, pattern: '^[a-z0-9-]+$' }))),
})

const nameFields = object({ full: Type.String(), family: Type.Array(Type.String()), middle: Type.Array(Type.String()), given: Type.Array(Type.String()) })

const personSchema = object({
  id: Type.String(),
  agency: Type.String(),
  kind: accountKind,
  address: Type.String(),
  aliases: Type.Array(Type.String()),
  name: nameFields,
  unit: nullable(Type.String()),
  post: nullable(Type.String()),
  contact: object({ email: nullable(Type.String()), phone: nullable(Type.String()) }),
  hidden: Type.Boolean(),
  listed: Type.Boolean(),
  quotaClass: Type.String(),
  quotaBytes: nullable(Type.Integer()),
  maxAttachmentBytes: nullable(Type.Integer()),
  rule: Type.String({ description: '4.2a, 4.2b, 4.2c, 4.1, manual' }),
  import: nullable(Type.String()),
  account: object({ state: accountState, lockClause: nullable(lockClause), role, quotaBytes: Type.Integer(), usedBytes: Type.Integer(), createdAt: instant }),
})

const proposalSchema = object({
  name: nameFields,
  flags: Type.Array(Type.String()),
  address: nullable(Type.String()),
  rule: nullable(Type.String()),
  clause: nullable(Type.String()),
  level: nullable(Type.Integer()),
  gap: nullable(Type.String()),
  stem: nullable(Type.String()),
})

function personAnswer(person: PersonView): Static<typeof personSchema> {
  const { version: _version, account, aliases, name, ...shown } = person
  const { createdAtMs, ...rest } = account
  const { full, family, middle, given } = name
  return { ...shown, aliases: [...aliases], name: { full, family: [...family], middle: [...middle], given: [...given] }, account: { ...rest, createdAt: instantOf(createdAtMs) } }
}

const nameOf = ({ full, fields, confirmed }: Static<typeof nameSchema>): NameWritten => ({ full, fields: fields ?? null, confirmed: confirmed ?? false })
const originOf = (origin: Static<typeof originSchema> | undefined): OriginFields => ({
  birthDate: origin?.birthDate ?? null,
  homeTown: origin?.homeTown ?? null,
  birthPlace: origin?.birthPlace ?? null,
})

function orderOf({ name, origin, unit, post, contact, quotaClass }: Static<typeof issueBody>): PersonOrder {
  return {
    name: nameOf(name),
    origin: originOf(origin),
    unit: unit ?? null,
    post: post ?? null,
    contact: contact ?? { email: null, phone: null },
    quotaClass: quotaClass ?? null,
  }
}

const versioned = (person: PersonView) => ({ body: personAnswer(person), version: person.version })

/** Versions are numbers; what is none is none that there was. */
const versionOf = (ifMatch: string): number => (/^\d{1,9}$/.test(ifMatch) ? Number(ifMatch) : -1)

type Change = Parameters<AccountAdministration['changeDetails']>[2]

export const peopleRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/accounts',
    tag: 'accounts',
    summary: { vi: 'Cấp tài khoản cho một người', en: 'Issues an account to a person' },
    clause: 'Điều 4.2, 5.2',
    actions: ['account.create'],
    creates: true,
    body: issueBody,
    answer: object({ person: personSchema, temporaryPassword: Type.String({ description: 'Chỉ hiện một lần / shown once' }) }),
    async run({ actor, body, administration }) {
      const { person, temporaryPassword } = await administration.people.issue(actor, body.agency, orderOf(body))
      return { body: { person: personAnswer(person), temporaryPassword }, location: `/accounts/${person.id}/person` }
    },
  }),
  route({
    method: 'POST',
    path: '/accounts/proposal',
    tag: 'accounts',
    summary: { vi: 'Địa chỉ sẽ được cấp, không giữ chỗ', en: 'The address that would be given; reserves nothing' },
    clause: 'Điều 4.2',
    actions: ['account.create'],
    body: object({ agency: issueBody.properties.agency, name: nameSchema, origin: Type.Optional(originSchema) }),
    answer: proposalSchema,
    async run({ actor, body, administration }) {
      const { name, flags, ...rest } = await administration.people.propose(actor, body.agency, { name: nameOf(body.name), origin: originOf(body.origin) })
      const { full, family, middle, given } = name
      return { body: { ...rest, flags: [...flags], name: { full, family: [...family], middle: [...middle], given: [...given] } } }
    },
  }),
  route({
    method: 'GET',
    path: '/accounts/{id}/person',
    tag: 'accounts',
    summary: { vi: 'Người giữ tài khoản', en: 'The holder of an account' },
    clause: 'Điều 4.3, 10.8',
    actions: ['account.read'],
    params: byId,
    answer: personSchema,
    version: 'gives',
    run: async ({ actor, params, administration }) => versioned(await administration.people.get(actor, params.id)),
  }),
  route({
    method: 'PATCH',
    path: '/accounts/{id}/person',
    tag: 'accounts',
    summary: { vi: 'Sửa đơn vị, chức vụ, liên lạc, hạng dung lượng, ẩn khỏi danh bạ', en: 'Changes unit, post, second channel, class of sizes, hiding' },
    clause: 'Điều 5.2, 7.3b, 4.3',
    actions: ['account.change-details'],
    params: byId,
    body: object({
      unit: Type.Optional(nullable(line(120))),
      post: Type.Optional(nullable(line(120))),
      contact: Type.Optional(contactSchema),
      quotaClass: Type.Optional(Type.String({ maxLength: 40, pattern: '^[a-z0-9-]+$' })),
      hidden: Type.Optional(Type.Boolean()),
    }),
    answer: personSchema,
    version: 'needs',
    run: async ({ actor, params, body, ifMatch, administration }) => versioned(await administration.people.changeDetails(actor, params.id, body as Change, versionOf(ifMatch))),
  }),
  route({
    method: 'POST',
    path: '/accounts/{id}/name',
    tag: 'accounts',
    summary: { vi: 'Đổi tên; có thể cấp địa chỉ mới, giữ địa chỉ cũ làm bí danh', en: 'A new name; on wish the address that belongs to it, the old one staying as an alias' },
    clause: 'Điều 5.2, 4.2',
    actions: ['account.change-details'],
    params: byId,
    body: object({ name: nameSchema, origin: Type.Optional(originSchema), newAddress: Type.Boolean(), keepOld: Type.Optional(Type.Boolean()) }),
    answer: personSchema,
    version: 'needs',
    async run({ actor, params, body, ifMatch, administration }) {
      const { newAddress, keepOld } = body
      const change = { name: nameOf(body.name), origin: originOf(body.origin), newAddress, keepOld: keepOld ?? true }
      return versioned(await administration.people.rename(actor, params.id, change, versionOf(ifMatch)))
    },
  }),
  route({
    method: 'POST',
    path: '/accounts/{id}/aliases',
    tag: 'accounts',
    summary: { vi: 'Thêm bí danh', en: 'Adds an alias' },
    clause: 'Điều 4.2',
    actions: ['account.change-details', 'account.create'],
    creates: true,
    params: byId,
    body: object({ address }),
    answer: personSchema,
    run: async ({ actor, params, body, administration }) => versioned(await administration.people.addAlias(actor, params.id, body.address)),
  }),
  route({
    method: 'DELETE',
    path: '/accounts/{id}/aliases/{address}',
    tag: 'accounts',
    summary: { vi: 'Bỏ bí danh; không cấp lại cho người khác', en: 'Removes an alias; nobody else gets it' },
    clause: 'Điều 4.2',
    actions: ['account.change-details'],
    params: object({ id, address }),
    answer: personSchema,
    run: async ({ actor, params, administration }) => versioned(await administration.people.removeAlias(actor, params.id, params.address)),
  }),
]
