/** Written requests of agencies (Điều 5.3, 6.2, 6.3a, 10.4): filing, reading, deciding account by account. */
import Type, { type Static } from 'typebox'
import type { RequestView, RowAnswer } from '../../core/request/request-administration.ts'
import { fileSchema, givenFile, maxFileBodyBytes } from './given-file.ts'
import { versionSeen } from './if-match.ts'
import { keyPosition, positionText } from './key-position.ts'
import { route, type Route } from './route.ts'
import { accountState, address, byId, day, id, instant, instantOf, line, nullable, object, oneOf } from './schemas.ts'

const kind = oneOf(['restore', 'revoke-leavers', 'revoke-list', 'lock'])
const leave = object({ reason: oneOf(['retired', 'resigned', 'transferred'], 'Nghỉ hưu, nghỉ việc, chuyển công tác'), effectiveOn: day, newAgency: Type.Optional(nullable(id)) })

const rowSchema = object({
  address: Type.String(),
  leave: nullable(object({ reason: oneOf(['retired', 'resigned', 'transferred']), effectiveOn: day, newAgency: nullable(Type.String()) })),
  status: oneOf(['open', 'not-accepted', 'granted', 'denied']),
  by: nullable(Type.String()),
  at: nullable(instant),
  runsOn: nullable(day),
  reason: nullable(Type.String({ description: 'Lý do từ chối, hoặc mã của lỗi khi nhận / why it was denied, or the code of a row that is not valid' })),
})

const requestSchema = object({
  id: Type.String(),
  kind,
  agency: Type.String(),
  filedBy: Type.String(),
  receivedAt: instant,
  document: object({ number: Type.String(), date: day, fileName: Type.String(), sha256: Type.String(), sizeBytes: Type.Integer() }),
  due: nullable(day),
  provisional: Type.Boolean(),
  calendarVersion: nullable(Type.String()),
  earlierDue: Type.Array(day),
  state: oneOf(['open', 'partly-decided', 'closed']),
  rows: Type.Array(rowSchema),
})

type Row = RequestView['request']['rows'][number]

function rowAnswer({ address: of, leave: left, status }: Row): Static<typeof rowSchema> {
  const decided = status.kind === 'granted' || status.kind === 'denied'
  return {
    address: of,
    leave: left === null ? null : { ...left },
    status: status.kind,
    by: decided ? status.by : null,
    at: decided ? instantOf(status.atMs) : null,
    runsOn: status.kind === 'granted' ? status.runsOn : null,
    reason: status.kind === 'denied' ? status.reason : status.kind === 'not-accepted' ? status.refusal : null,
  }
}

function requestAnswer({ id: of, request, progress }: RequestView): Static<typeof requestSchema> {
  const { document, deadline } = request
  return {
    id: of,
    kind: request.kind,
    agency: request.agency,
    filedBy: request.filedBy,
    receivedAt: instantOf(request.receivedAtMs),
    document: { number: document.number, date: document.date, fileName: document.file.name, sha256: document.file.sha256, sizeBytes: document.file.sizeBytes },
    due: deadline?.due ?? null,
    provisional: deadline?.provisional ?? false,
    calendarVersion: deadline?.calendarVersion ?? null,
    earlierDue: (deadline?.earlier ?? []).map(({ due }) => due),
    state: progress.state,
    rows: request.rows.map(rowAnswer),
  }
}

const versioned = (view: RequestView) => ({ body: requestAnswer(view), version: view.version })

const answerSchema = Type.Union([
  object({
    kind: oneOf(['grant']),
    lock: Type.Optional(
      Type.Union([
        object({ act: oneOf(['lock-compromised']), ground: oneOf(['hijacked', 'leaked', 'forgotten', 'lost', 'spam-or-malware']), warning: Type.Optional(nullable(line(200))) }),
        object({ act: oneOf(['lock-prohibited-use']), case: id }),
        object({ act: oneOf(['suspend']), reason: line(1000) }),
      ]),
    ),
  }),
  object({ kind: oneOf(['deny']), reason: line(1000) }),
])

function rowAnswerOf(answer: Static<typeof answerSchema>): RowAnswer {
  if (answer.kind === 'deny') return answer
  const { lock } = answer
  if (lock === undefined) return { kind: 'grant' }
  return { kind: 'grant', lock: lock.act === 'lock-compromised' ? { ...lock, warning: lock.warning ?? null } : lock }
}

const maxRows = 1_000
const bytesType = 'application/octet-stream'

export const requestRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/requests',
    tag: 'requests',
    summary: { vi: 'Văn bản đề nghị, mới nhất trước', en: 'Written requests, newest first' },
    clause: 'Điều 5.3, 6.3a, 10.4',
    actions: ['request.read'],
    query: object({ agency: Type.Optional(id), open: Type.Optional(Type.Boolean()) }),
    answer: requestSchema,
    page: true,
    async run({ actor, query, page: { limit, after }, administration }) {
      const { requests, next } = await administration.requests.list(actor, {
        limit,
        openOnly: query.open === true,
        ...(query.agency !== undefined && { agency: query.agency }),
        ...(after !== null && { after: keyPosition(after) }),
      })
      return { items: requests.map(requestAnswer), next: next === null ? null : positionText(next) }
    },
  }),
  route({
    method: 'POST',
    path: '/requests',
    tag: 'requests',
    summary: { vi: 'Nộp văn bản đề nghị: khôi phục, thu hồi, tạm khóa', en: 'Files a request: to restore, revoke or lock' },
    clause: 'Điều 5.3, 6.2, 6.3a, 10.4',
    actions: ['restoration.ask', 'revocation.ask', 'account.request-lock'],
    creates: true,
    maxBodyBytes: maxFileBodyBytes,
    body: object({
      kind,
      document: object({ number: line(60), date: day, file: fileSchema }),
      rows: Type.Array(object({ address, leave: Type.Optional(nullable(leave)) }), { minItems: 1, maxItems: maxRows }),
    }),
    answer: requestSchema,
    async run({ actor, body, administration }) {
      const { bytes, ...file } = givenFile(body.document.file)
      const rows = body.rows.map(({ address: of, leave: left }) => ({ address: of, leave: left === undefined || left === null ? null : { ...left, newAgency: left.newAgency ?? null } }))
      const view = await administration.requests.file(actor, { kind: body.kind, document: { number: body.document.number, date: body.document.date, file }, bytes, rows })
      return { ...versioned(view), location: `/requests/${view.id}` }
    },
  }),
  route({
    method: 'GET',
    path: '/requests/{id}',
    tag: 'requests',
    summary: { vi: 'Một văn bản đề nghị và từng tài khoản trong đó', en: 'A request and each of its accounts' },
    clause: 'Điều 5.3, 6.3a, 10.4',
    actions: ['request.read'],
    params: byId,
    answer: requestSchema,
    version: 'gives',
    run: async ({ actor, params, administration }) => versioned(await administration.requests.get(actor, params.id)),
  }),
  route({
    method: 'GET',
    path: '/requests/{id}/document',
    tag: 'requests',
    summary: { vi: 'Tệp của văn bản', en: "The document's file" },
    clause: 'Điều 5.3, 6.3a, 10.4',
    actions: ['request.read'],
    params: byId,
    download: [bytesType],
    answer: null,
    async run({ actor, params, administration }) {
      const { name, bytes } = await administration.requests.document(actor, params.id)
      return { bytes, type: bytesType, filename: asciiName(name) }
    },
  }),
  route({
    method: 'POST',
    path: '/requests/{id}/decisions',
    tag: 'requests',
    summary: { vi: 'Quyết định cho một tài khoản của văn bản', en: 'Decides one account of the request' },
    clause: 'Điều 5.1, 5.3, 6.2, 6.3b, 10.4',
    actions: ['restoration.carry-out', 'restoration.refuse', 'revocation.carry-out', 'account.lock'],
    params: byId,
    version: 'needs',
    body: object({ address, answer: answerSchema }),
    answer: object({ request: requestSchema, state: accountState, temporaryPassword: nullable(Type.String({ description: 'Chỉ hiện một lần / shown once' })) }),
    async run({ actor, params, body, ifMatch, administration }) {
      const { view, account, temporaryPassword } = await administration.requests.decide(actor, params.id, { address: body.address, answer: rowAnswerOf(body.answer) }, versionSeen(ifMatch))
      return { body: { request: requestAnswer(view), state: account.state, temporaryPassword }, version: view.version }
    },
  }),
]

const asciiName = (name: string): string => name.normalize('NFD').replace(/[^\x20-\x7e]/g, '').replace(/["\\/]/g, '_') || 'van-ban'
