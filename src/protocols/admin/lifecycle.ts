/** The life of accounts (Điều 5, 6; requirements §1.2): locks, resets, absences, proposals, what is to come. */
import Type, { type Static } from 'typebox'
import type { Account } from '../../core/account/account.ts'
import type { LifecycleAct } from '../../core/account/lifecycle/acts.ts'
import type { LockWanted, LifecycleView } from '../../core/account/lifecycle-administration.ts'
import { versionSeen } from './if-match.ts'
import { route, type Route } from './route.ts'
import { accountState, byId, day, id, instantOrNull, line, lockClause, nullable, object, oneOf, text, instant } from './schemas.ts'
import { accountAnswer, accountSchema } from './views.ts'

const ground = oneOf(['hijacked', 'leaked', 'forgotten', 'lost', 'spam-or-malware'], 'Điều 6.2b')
const reason = line(1000)

const actSchema = object({
  act: oneOf(['warn', 'lock', 'propose-revocation', 'withdraw-proposal', 'revoke', 'purge']),
  on: day,
  clause: Type.String(),
  decisions: Type.Array(Type.String()),
  provisional: Type.Boolean({ description: 'Dự kiến: lịch của năm chưa chính thức / the calendar of a year is not final' }),
  daysBefore: nullable(Type.Integer()),
})

const absenceSchema = object({ from: day, to: day, reason: Type.String(), document: nullable(Type.String()) })

const lifeSchema = object({
  id: Type.String(),
  address: Type.String(),
  state: accountState,
  lockClause: nullable(lockClause),
  lock: nullable(object({ clause: Type.String(), ground: nullable(ground), warning: nullable(Type.String()), case: nullable(Type.String()), reason: nullable(Type.String()), by: Type.String(), at: nullable(instant) })),
  lastSignIn: nullable(instant),
  lastSent: nullable(instant),
  lastReceived: nullable(instant),
  temporaryPasswordSetAt: nullable(instant),
  passwordChangedAt: nullable(instant),
  absences: Type.Array(absenceSchema),
  proposal: nullable(object({ state: oneOf(['open', 'snoozed']), from: day, proposedOn: day, until: nullable(day) })),
  scheduledRevocation: nullable(object({ clause: Type.String(), effectiveOn: day, document: Type.String() })),
  revokedAt: nullable(instant),
  restorationRequest: nullable(Type.String()),
  coming: Type.Array(actSchema),
  calendarVersion: Type.String(),
})

const actAnswer = (act: LifecycleAct): Static<typeof actSchema> => ({
  act: act.kind,
  on: act.on,
  clause: act.clause,
  decisions: [...act.decisions],
  provisional: act.provisional,
  daysBefore: act.kind === 'warn' ? act.daysBefore : null,
})

function lifeAnswer({ account, record, coming, calendarVersion }: LifecycleView): Static<typeof lifeSchema> {
  const { lock, scheduledRevocation: scheduled, proposal } = record
  return {
    id: account.id,
    address: account.address,
    state: account.state,
    lockClause: account.lockClause,
    lock: lock === null ? null : lockAnswer(lock),
    lastSignIn: instantOrNull(record.lastSignInAtMs),
    lastSent: instantOrNull(record.lastSentAtMs),
    lastReceived: instantOrNull(record.lastReceivedAtMs.filtered),
    temporaryPasswordSetAt: instantOrNull(record.temporaryPassword?.setAtMs ?? null),
    passwordChangedAt: instantOrNull(record.passwordChangedAtMs),
    absences: record.absences.map((one) => ({ ...one })),
    proposal: proposal === null ? null : { ...proposal },
    scheduledRevocation: scheduled === null ? null : { clause: scheduled.clause, effectiveOn: scheduled.effectiveOn, document: scheduled.document.number },
    revokedAt: instantOrNull(record.revokedAtMs),
    restorationRequest: record.restorationRequest,
    coming: coming.map(actAnswer),
    calendarVersion,
  }
}

function lockAnswer({ atMs, ...lock }: NonNullable<LifecycleView['record']['lock']>): NonNullable<Static<typeof lifeSchema>['lock']> {
  return { ...lock, at: instantOrNull(atMs) }
}

const changed = ({ passwordHash: _hash, modseq: _modseq, ...account }: Account) => ({ body: accountAnswer(account), version: account.credentialVersion })
const lifeVersioned = (view: LifecycleView) => ({ body: lifeAnswer(view), version: view.account.credentialVersion })

const lockBody = Type.Union([
  object({ act: oneOf(['lock-compromised'], 'Điều 6.2b'), ground, warning: Type.Optional(nullable(line(200, 'Số cảnh báo của cơ quan chức năng / number of the warning'))) }),
  object({ act: oneOf(['lock-prohibited-use'], 'Điều 6.2c'), case: id }),
  object({ act: oneOf(['suspend'], 'Khẩn cấp / emergency'), reason }),
])

function lockWanted(body: Static<typeof lockBody>): LockWanted {
  return body.act === 'lock-compromised' ? { act: body.act, ground: body.ground, warning: body.warning ?? null } : body
}

const onePlace = { params: byId, tag: 'lifecycle' } as const
const actOn = { ...onePlace, method: 'POST', version: 'needs' } as const

const lifeRoutes: readonly Route[] = [
  route({
    ...onePlace,
    method: 'GET',
    path: '/accounts/{id}/lifecycle',
    summary: { vi: 'Vòng đời của một tài khoản và những việc sắp tới', en: 'The life of an account, and what is to come' },
    clause: 'Điều 5, 6',
    actions: ['account.read'],
    answer: lifeSchema,
    version: 'gives',
    run: async ({ actor, params, administration }) => lifeVersioned(await administration.lifecycle.get(actor, params.id)),
  }),
  route({
    ...actOn,
    path: '/accounts/{id}/lock',
    summary: { vi: 'Tạm khóa theo Điều 6.2b, 6.2c hoặc khẩn cấp; thư vẫn được nhận', en: 'Locks by Điều 6.2b, 6.2c or in an emergency; it still receives mail' },
    clause: 'Điều 6.2',
    actions: ['account.lock', 'account.suspend'],
    body: lockBody,
    answer: accountSchema,
    run: async ({ actor, params, body, ifMatch, administration }) => changed(await administration.lifecycle.lock(actor, params.id, lockWanted(body), versionSeen(ifMatch))),
  }),
  route({
    ...actOn,
    path: '/accounts/{id}/password-reset',
    summary: { vi: 'Cấp mật khẩu tạm mới (tài khoản không bị khóa); chỉ hiện một lần', en: 'A new temporary password (of an account that is not locked); shown once' },
    clause: 'Điều 10.8, 11.3',
    actions: ['account.reset-password'],
    answer: object({ account: accountSchema, temporaryPassword: Type.String() }),
    async run({ actor, params, ifMatch, administration }) {
      const { account, temporaryPassword } = await administration.lifecycle.resetPassword(actor, params.id, versionSeen(ifMatch))
      const { body, version } = changed(account)
      return { body: { account: body, temporaryPassword }, version }
    },
  }),
  route({
    ...onePlace,
    method: 'POST',
    path: '/accounts/{id}/absences',
    summary: { vi: 'Ghi nhận lý do không sử dụng: dừng thời hạn của Điều 6.2a', en: 'Notes a reason for absence: stops the term of Điều 6.2a' },
    clause: 'Điều 6.2a',
    actions: ['account.note-absence'],
    creates: true,
    body: object({ from: day, to: day, reason, document: Type.Optional(nullable(line(100))) }),
    answer: lifeSchema,
    run: async ({ actor, params, body, administration }) => lifeVersioned(await administration.lifecycle.noteAbsence(actor, params.id, { ...body, document: body.document ?? null })),
  }),
  route({
    tag: 'lifecycle',
    method: 'PATCH',
    path: '/accounts/{id}/absences/{from}',
    summary: { vi: 'Kết thúc sớm một thời gian vắng mặt', en: 'Ends an absence early' },
    clause: 'Điều 6.2a',
    actions: ['account.note-absence'],
    params: object({ id, from: day }),
    body: object({ endedOn: day }),
    answer: lifeSchema,
    run: async ({ actor, params, body, administration }) => lifeVersioned(await administration.lifecycle.endAbsence(actor, params.id, { from: params.from, endedOn: body.endedOn })),
  }),
  route({
    ...onePlace,
    method: 'POST',
    path: '/accounts/{id}/loss-report',
    summary: { vi: 'Chủ tài khoản báo mất, lộ hoặc bị chiếm quyền', en: 'The owner reports the account lost, leaked or hijacked' },
    clause: 'Điều 6.2b, 11.3',
    actions: ['account.report-loss'],
    creates: true,
    body: object({ ground, text: text(1000) }),
    answer: null,
    async run({ actor, params, body, administration }) {
      await administration.lifecycle.reportLoss(actor, params.id, body)
      return {}
    },
  }),
]

const revocationRoutes: readonly Route[] = [
  route({
    ...actOn,
    path: '/accounts/{id}/proposal/acceptance',
    summary: { vi: 'Sở chấp thuận đề xuất thu hồi', en: 'The department accepts the proposal to revoke' },
    clause: 'Điều 5.1, 5.4, 8.3đ',
    actions: ['revocation.decide-proposal'],
    body: object({ reason }),
    answer: accountSchema,
    run: async ({ actor, params, body, ifMatch, administration }) => changed(await administration.lifecycle.acceptProposal(actor, params.id, body, versionSeen(ifMatch))),
  }),
  route({
    ...actOn,
    path: '/accounts/{id}/proposal/postponement',
    summary: { vi: 'Sở chưa chấp thuận, xem lại vào một ngày khác', en: 'The department puts the proposal off to another day' },
    clause: 'Điều 5.1, 8.3đ',
    actions: ['revocation.decide-proposal'],
    body: object({ until: day, reason }),
    answer: accountSchema,
    run: async ({ actor, params, body, ifMatch, administration }) => changed(await administration.lifecycle.putOffProposal(actor, params.id, body, versionSeen(ifMatch))),
  }),
  route({
    ...actOn,
    path: '/accounts/{id}/scheduled-revocation/cancellation',
    summary: { vi: 'Hủy việc thu hồi đang chờ đến ngày', en: 'Cancels a revocation that waits for its day' },
    clause: 'Điều 5.1, 5.3',
    actions: ['revocation.carry-out'],
    body: object({ reason }),
    answer: accountSchema,
    run: async ({ actor, params, body, ifMatch, administration }) => changed(await administration.lifecycle.cancelRevocation(actor, params.id, body, versionSeen(ifMatch))),
  }),
  route({
    ...actOn,
    path: '/accounts/{id}/revocation/undoing',
    summary: { vi: 'Hủy việc thu hồi khi nội dung còn được giữ: trở lại tạm khóa', en: 'Undoes a revocation while the content is kept: locked again' },
    clause: 'Điều 5.1',
    actions: ['revocation.undo'],
    body: object({ reason }),
    answer: accountSchema,
    run: async ({ actor, params, body, ifMatch, administration }) => changed(await administration.lifecycle.undoRevocation(actor, params.id, body, versionSeen(ifMatch))),
  }),
]

const previewSchema = Type.Interface([actSchema], { address: Type.String(), name: Type.String() }, { additionalProperties: false })

/** Where a page ends: one account may have several acts on a day. */
const placeOf = ({ address, act }: { readonly address: string; readonly act: LifecycleAct }): string => `${address} ${act.kind} ${act.kind === 'warn' ? act.daysBefore : ''}`

const comingRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/lifecycle/preview',
    tag: 'lifecycle',
    summary: { vi: 'Việc sẽ xảy ra vào một ngày và theo điều khoản nào, nếu không ai làm gì', en: 'What happens on a day and by which clause, if nobody does anything' },
    clause: 'Điều 5, 6',
    actions: ['account.read'],
    query: object({ on: day, agency: Type.Optional(id) }),
    answer: previewSchema,
    page: true,
    async run({ actor, query, page: { limit, after }, administration }) {
      const items: (Static<typeof previewSchema> & { readonly place: string })[] = []
      const from = after === null ? null : String(after)
      const begins = from?.slice(0, from.indexOf(' ')) ?? ''
      let isPast = from === null
      for await (const one of administration.lifecycle.preview(actor, { on: query.on, ...(query.agency !== undefined && { agency: query.agency }) })) {
        if (!isPast && one.address <= begins) {
          // Of the account on which the page before ended, what came after it.
          isPast = placeOf(one) === from
          continue
        }
        items.push({ ...actAnswer(one.act), address: one.address, name: one.name, place: placeOf(one) })
        if (items.length > limit) break
      }
      const shown = items.slice(0, limit).map(({ place: _place, ...item }) => item)
      return { items: shown, next: items.length > limit ? items[limit - 1]!.place : null }
    },
  }),
  route({
    method: 'GET',
    path: '/lifecycle/idle-lists/{list}',
    tag: 'lifecycle',
    summary: { vi: 'Danh sách theo dõi: không khóa ai', en: 'Lists that lock nobody: a person looks at them' },
    clause: 'Điều 6.2a, 10.9',
    actions: ['account.read'],
    params: object({ list: oneOf(['receiving-without-sign-in', 'long-idle', 'no-sign-in-lately']) }),
    query: object({ agency: Type.Optional(id) }),
    answer: object({ address: Type.String(), name: Type.String() }),
    page: true,
    async run({ actor, params, query, page: { limit, after }, administration }) {
      const items: { readonly address: string; readonly name: string }[] = []
      for await (const one of administration.lifecycle.idle(actor, { list: params.list, ...(query.agency !== undefined && { agency: query.agency }) })) {
        if (after !== null && one.address <= String(after)) continue
        items.push(one)
        if (items.length > limit) break
      }
      return { items: items.slice(0, limit), next: items.length > limit ? items[limit - 1]!.address : null }
    },
  }),
]

export const lifecycleRoutes: readonly Route[] = [...lifeRoutes, ...revocationRoutes, ...comingRoutes]
