/** Who opens an agency's mailbox (Điều 10.1, 10.3). */
import Type, { type Static } from 'typebox'
import type { DelegationView } from '../../core/account/delegation-administration.ts'
import { route, type Route } from './route.ts'
import { address, byId, day, id, instant, instantOf, line, nullable, object, oneOf } from './schemas.ts'

const rights = oneOf(['read', 'write'])
const decisionKind = oneOf(['decision', 'assignment', 'duty'], 'Quyết định (phải có số), phân công, theo nhiệm vụ / a decision (with its number), an assignment, the duty of the post')

const party = object({ id: Type.String(), address: Type.String(), name: Type.String() })

const delegationSchema = object({
  mailbox: party,
  person: party,
  rights,
  sendAs: Type.Boolean({ description: 'Được gửi thư với địa chỉ cơ quan / may send as the mailbox' }),
  decision: object({ kind: decisionKind, number: nullable(Type.String()), date: Type.String() }),
  by: Type.String(),
  at: instant,
  inEffect: Type.Boolean({ description: 'Sai khi tài khoản bị khóa, thu hồi hoặc chuyển cơ quan / false while one of them is locked, revoked or of another agency' }),
})

const answerOf = ({ atMs, mailbox, person, decision, ...shown }: DelegationView): Static<typeof delegationSchema> => ({
  ...shown,
  mailbox: { ...mailbox },
  person: { ...person },
  decision: { ...decision },
  at: instantOf(atMs),
})

const list = object({ items: Type.Array(delegationSchema) })

export const delegationRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/accounts/{id}/delegations',
    tag: 'delegations',
    summary: { vi: 'Những người mở hộp thư cơ quan này', en: 'Who opens this mailbox' },
    clause: 'Điều 10.3',
    actions: ['delegation.read'],
    params: byId,
    answer: list,
    run: async ({ actor, params, administration }) => ({ body: { items: (await administration.delegations.ofMailbox(actor, params.id)).map(answerOf) } }),
  }),
  route({
    method: 'GET',
    path: '/accounts/{id}/delegated-mailboxes',
    tag: 'delegations',
    summary: { vi: 'Những hộp thư cơ quan mà người này mở', en: 'Agency mailboxes that this person opens' },
    clause: 'Điều 10.3',
    actions: ['delegation.read'],
    params: byId,
    answer: list,
    run: async ({ actor, params, administration }) => ({ body: { items: (await administration.delegations.ofPerson(actor, params.id)).map(answerOf) } }),
  }),
  route({
    method: 'POST',
    path: '/accounts/{id}/delegations',
    tag: 'delegations',
    summary: { vi: 'Giao hộp thư cơ quan cho một người trong cơ quan; giao lại để đổi quyền', en: 'Opens an agency mailbox to a person of the agency; again, to change the rights' },
    clause: 'Điều 10.1, 10.3',
    actions: ['delegation.manage'],
    creates: true,
    params: byId,
    body: object({ person: address, rights, sendAs: Type.Optional(Type.Boolean()), decision: object({ kind: decisionKind, number: Type.Optional(nullable(line(60, 'Số, ký hiệu / number'))), date: day }) }),
    answer: delegationSchema,
    async run({ actor, params, body, administration }) {
      const { kind, number, date } = body.decision
      const order = { person: body.person, rights: body.rights, sendAs: body.sendAs ?? false, decision: { kind, number: number ?? null, date } }
      return { body: answerOf(await administration.delegations.grant(actor, params.id, order)), location: `/accounts/${params.id}/delegations` }
    },
  }),
  route({
    method: 'DELETE',
    path: '/accounts/{id}/delegations/{person}',
    tag: 'delegations',
    summary: { vi: 'Chấm dứt ngay việc giao hộp thư', en: 'Ends it at once' },
    clause: 'Điều 10.3',
    actions: ['delegation.manage'],
    params: object({ id, person: id }),
    answer: null,
    async run({ actor, params, administration }) {
      await administration.delegations.end(actor, params.id, params.person)
      return {}
    },
  }),
]
