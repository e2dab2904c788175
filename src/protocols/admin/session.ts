/** One's own sign-in to the console (requirements §1.2; Điều 9.1, 11.3): session, second factor, password, `GET /me`. */
import Type, { type Static } from 'typebox'
import type { Stage } from '../../core/administration/access.ts'
import type { SessionView } from '../../core/administration/console-sign-in.ts'
import { ApiError } from './problems.ts'
import { route, type Route } from './route.ts'
import { instant, instantOf, instantOrNull, line, nullable, object, oneOf, role } from './schemas.ts'

const own = { tag: 'session', clause: 'Điều 9.1, 11.3' } as const
const anyStage: readonly Stage[] = ['second-factor', 'enrolment', 'password-change', 'full']

/** Not normalised away: what was typed is what is compared. */
const password = Type.String({ minLength: 1, maxLength: 256, pattern: '^[^\\u0000]*$' })
const code = line(40, 'Sáu chữ số, hoặc mã dự phòng / six digits, or a recovery code')

const callerSchema = object({ id: Type.String(), address: Type.String(), name: Type.String(), role, agency: Type.String() })

const sessionSchema = object({
  stage: oneOf(anyStage, 'Bước còn thiếu; full: đã đăng nhập xong / what is still to be done; full: signed in'),
  account: callerSchema,
  createdAt: instant,
  endsAt: instant,
  csrfToken: Type.String({ description: 'X-CSRF-Token của mọi thay đổi / of every change' }),
})

const sessionAnswer = ({ caller, createdAtMs, endsAtMs, csrfToken }: SessionView): Static<typeof sessionSchema> => ({
  stage: caller.stage,
  account: { ...caller.account },
  createdAt: instantOf(createdAtMs),
  endsAt: instantOf(endsAtMs),
  csrfToken,
})

const listedSchema = object({
  id: Type.String(),
  current: Type.Boolean(),
  secondFactor: Type.Boolean(),
  createdAt: instant,
  seenAt: instant,
  endsAt: instant,
  remoteIp: Type.String(),
  userAgent: Type.String(),
})

const recoverySchema = object({ recoveryCodes: Type.Array(Type.String(), { description: 'Chỉ hiện một lần / shown once' }) })

const signingIn: readonly Route[] = [
  route({
    method: 'POST',
    path: '/session',
    ...own,
    access: 'public',
    summary: { vi: 'Đăng nhập', en: 'Signs in; the answer says what is still to be done' },
    actions: [],
    body: object({ user: line(320, 'Địa chỉ hoặc tên đăng nhập / address or name'), password }),
    answer: sessionSchema,
    status: 201,
    async run({ body, request, administration }) {
      const { secret, session } = await administration.sessions.signIn({ ...body, ...request })
      return { body: sessionAnswer(session), session: { secret } }
    },
  }),
  route({
    method: 'GET',
    path: '/session',
    ...own,
    stages: anyStage,
    summary: { vi: 'Phiên hiện tại', en: 'The present session' },
    actions: [],
    answer: sessionSchema,
    async run({ request, administration }) {
      const session = await administration.sessions.find(request.sessionSecret ?? '', request.remoteIp)
      if (session === null) throw new ApiError('sign-in-needed')
      return { body: sessionAnswer(session) }
    },
  }),
  route({
    method: 'DELETE',
    path: '/session',
    ...own,
    stages: anyStage,
    summary: { vi: 'Đăng xuất', en: 'Signs out' },
    actions: [],
    answer: null,
    async run({ caller, administration }) {
      await administration.sessions.end(caller, caller.id)
      return { session: 'ended' }
    },
  }),
  route({
    method: 'POST',
    path: '/session/second-factor',
    ...own,
    stages: ['second-factor'],
    summary: { vi: 'Nhập mã xác thực hai bước', en: 'Gives the second factor' },
    actions: [],
    body: object({ code }),
    answer: sessionSchema,
    run: async ({ caller, body, request, administration }) => ({
      body: sessionAnswer(await administration.sessions.passSecondFactor(request.sessionSecret ?? '', caller, body.code)),
    }),
  }),
]

const sessions: readonly Route[] = [
  route({
    method: 'GET',
    path: '/sessions',
    ...own,
    summary: { vi: 'Các phiên của mình', en: 'Own sessions' },
    actions: [],
    answer: object({ items: Type.Array(listedSchema) }),
    async run({ caller, administration }) {
      const listed = await administration.sessions.list(caller)
      const items = listed.map(({ id, secondFactor, createdAtMs, seenAtMs, endsAtMs, remoteIp, userAgent }) => ({
        id,
        current: id === caller.id,
        secondFactor,
        createdAt: instantOf(createdAtMs),
        seenAt: instantOf(seenAtMs),
        endsAt: instantOf(endsAtMs),
        remoteIp,
        userAgent,
      }))
      return { body: { items } }
    },
  }),
  route({
    method: 'DELETE',
    path: '/sessions/{id}',
    ...own,
    summary: { vi: 'Kết thúc một phiên của mình', en: 'Ends one of the own sessions' },
    actions: [],
    params: object({ id: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
    answer: null,
    async run({ caller, params, administration }) {
      await administration.sessions.end(caller, params.id)
      return params.id === caller.id ? { session: 'ended' } : {}
    },
  }),
]

const secondFactor: readonly Route[] = [
  route({
    method: 'GET',
    path: '/second-factor',
    ...own,
    summary: { vi: 'Xác thực hai bước của mình', en: 'The own second factor' },
    actions: ['own.access'],
    answer: object({ confirmedAt: nullable(instant), recoveryCodesLeft: Type.Integer({ minimum: 0 }) }),
    async run({ caller, administration }) {
      const { confirmedAtMs, recoveryCodesLeft } = await administration.secondFactors.state(caller)
      return { body: { confirmedAt: instantOrNull(confirmedAtMs), recoveryCodesLeft } }
    },
  }),
  route({
    method: 'POST',
    path: '/second-factor',
    ...own,
    stages: ['enrolment', 'full'],
    summary: { vi: 'Bắt đầu đăng ký xác thực hai bước', en: 'Begins to enrol a second factor; whoever has one gives a code of it' },
    actions: ['own.access'],
    body: object({ code: Type.Optional(code) }),
    answer: object({ secret: Type.String(), uri: Type.String({ description: 'otpauth:// cho mã QR / for a QR code' }) }),
    run: async ({ caller, body, administration }) => ({ body: await administration.secondFactors.enrol(caller, body.code ?? null) }),
  }),
  route({
    method: 'POST',
    path: '/second-factor/confirmation',
    ...own,
    stages: ['enrolment', 'full'],
    summary: { vi: 'Xác nhận bằng mã đầu tiên', en: 'Confirms it by its first code; gives the recovery codes' },
    actions: ['own.access'],
    body: object({ code }),
    answer: recoverySchema,
    async run({ caller, body, administration }) {
      const recoveryCodes = await administration.secondFactors.confirm(caller, body.code)
      await administration.sessions.secondFactorEnrolled(caller)
      return { body: { recoveryCodes } }
    },
  }),
  route({
    method: 'POST',
    path: '/second-factor/recovery-codes',
    ...own,
    summary: { vi: 'Tạo lại mã dự phòng', en: 'Makes new recovery codes; the old ones are void' },
    actions: ['own.access'],
    body: object({ code }),
    answer: recoverySchema,
    run: async ({ caller, body, administration }) => ({ body: { recoveryCodes: await administration.secondFactors.renewRecoveryCodes(caller, body.code) } }),
  }),
]

const me: readonly Route[] = [
  route({
    method: 'GET',
    path: '/me',
    tag: 'session',
    clause: null,
    stages: anyStage,
    summary: { vi: 'Tôi là ai', en: 'Who am I' },
    actions: [],
    answer: callerSchema,
    run: async ({ caller }) => ({ body: { ...caller.account } }),
  }),
  route({
    method: 'PUT',
    path: '/me/password',
    tag: 'session',
    clause: 'Điều 9.1, 9.2',
    stages: ['password-change', 'full'],
    summary: { vi: 'Đổi mật khẩu của mình', en: 'Changes the own password; other sessions end' },
    actions: ['account.change-own-password'],
    body: object({ oldPassword: password, newPassword: password }),
    answer: sessionSchema,
    async run({ caller, body, administration }) {
      const { secret, session } = await administration.sessions.changePassword(caller, body.oldPassword, body.newPassword)
      return { body: sessionAnswer(session), session: { secret } }
    },
  }),
]

export const sessionRoutes: readonly Route[] = [...signingIn, ...sessions, ...secondFactor, ...me]
