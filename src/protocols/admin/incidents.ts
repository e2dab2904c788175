/** Incidents (Điều 8.3d, 10.6, 11.7): the form, the clocks, what was reported and when, the end. */
import Type, { type Static } from 'typebox'
import type { IncidentForm, IncidentView } from '../../core/notice/incident-administration.ts'
import { fileSchema, givenFile, maxFileBodyBytes } from './given-file.ts'
import { versionSeen } from './if-match.ts'
import { keyPosition, positionText } from './key-position.ts'
import { pageOf, route, type Route } from './route.ts'
import { byId, instant, instantOf, instantOrNull, line, nullable, object, oneOf, text } from './schemas.ts'

const clockName = oneOf(['owner-report', 'ministry-first-notice', 'ministry-full-report', 'personal-data-report'])

const form = object({
  occurredAt: instant,
  detectedAt: instant,
  serious: Type.Boolean(),
  personalData: Type.Boolean({ description: 'Lộ dữ liệu cá nhân / a breach of personal data' }),
  serviceStops: Type.Boolean({ description: 'Phải tạm dừng hệ thống / the service must stop' }),
  title: line(300),
  description: text(20_000),
  errorLog: Type.Optional(text(200_000)),
  files: Type.Optional(Type.Array(fileSchema, { maxItems: 20 })),
  reportNow: Type.Optional(Type.Boolean({ description: 'Gửi Sở ngay / goes to the department with this' })),
})

const incidentSchema = object({
  id: Type.String({ description: 'SC-2026-0001' }),
  agency: nullable(Type.String()),
  state: oneOf(['told', 'open', 'closed']),
  title: Type.String(),
  description: Type.String(),
  errorLog: Type.String(),
  files: Type.Array(object({ name: Type.String(), sha256: Type.String(), sizeBytes: Type.Integer() })),
  occurredAt: instant,
  detectedAt: instant,
  serious: Type.Boolean(),
  personalData: Type.Boolean(),
  serviceStops: Type.Boolean(),
  reportedBy: Type.String(),
  createdAt: instant,
  receivedAt: nullable(instant),
  closedAt: nullable(instant),
  alarmedAtHours: Type.Array(Type.Integer()),
  clocks: Type.Array(object({ clock: clockName, to: Type.String(), clause: Type.String(), from: instant, due: instant, state: oneOf(['running', 'met', 'met-late', 'overdue']), reportedAt: nullable(instant) })),
  notes: Type.Array(object({ at: instant, by: Type.String(), what: Type.String(), text: Type.String() })),
})

function answerOf(incident: IncidentView): Static<typeof incidentSchema> {
  const { id, agency, state, title, description, errorLog, serious, personalData, serviceStops, reportedBy } = incident
  return {
    id, agency, state, title, description, errorLog, serious, personalData, serviceStops, reportedBy,
    files: incident.files.map(({ name, sha256, sizeBytes }) => ({ name, sha256, sizeBytes })),
    occurredAt: instantOf(incident.occurredAtMs),
    detectedAt: instantOf(incident.detectedAtMs),
    createdAt: instantOf(incident.createdAtMs),
    receivedAt: instantOrNull(incident.receivedAtMs),
    closedAt: instantOrNull(incident.closedAtMs),
    alarmedAtHours: [...incident.escalatedAtHours].sort((a, b) => a - b),
    clocks: incident.clocks.map(({ clock, to, clause: of, fromAtMs, dueAtMs, state: is }) => ({ clock, to, clause: of, from: instantOf(fromAtMs), due: instantOf(dueAtMs), state: is, reportedAt: instantOrNull(incident.reportedAtMs[clock] ?? null) })),
    notes: incident.notes.map(({ atMs, by, what, text: said }) => ({ at: instantOf(atMs), by, what, text: said })),
  }
}
const versioned = (incident: IncidentView) => ({ body: answerOf(incident), version: incident.version })

function formOf({ occurredAt, detectedAt, errorLog, files, reportNow, ...facts }: Static<typeof form>): IncidentForm {
  return { ...facts, occurredAtMs: Date.parse(occurredAt), detectedAtMs: Date.parse(detectedAt), errorLog: errorLog ?? '', files: (files ?? []).map(givenFile), reportNow: reportNow ?? false }
}

const clause = 'Điều 8.3d, 10.6'
const onOne = { tag: 'incidents', clause, method: 'POST', params: byId, answer: incidentSchema, version: 'needs' } as const

export const incidentRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/incidents',
    tag: 'incidents',
    summary: { vi: 'Các sự cố, mới nhất trước', en: 'Incidents, newest first' },
    clause,
    actions: ['incident.read'],
    answer: incidentSchema,
    page: true,
    async run({ actor, page: { limit, after }, administration }) {
      const { items, next } = pageOf(await administration.incidents.list(actor, { after: after === null ? null : keyPosition(after), limit: limit + 1 }), limit, positionText)
      return { items: items.map(answerOf), next }
    },
  }),
  route({
    method: 'POST',
    path: '/incidents',
    tag: 'incidents',
    summary: { vi: 'Báo sự cố (mẫu của cơ quan hoặc đơn vị vận hành)', en: 'Reports an incident' },
    clause,
    actions: ['incident.report'],
    creates: true,
    maxBodyBytes: maxFileBodyBytes,
    body: form,
    answer: incidentSchema,
    async run({ actor, body, administration }) {
      const incident = await administration.incidents.report(actor, formOf(body))
      return { ...versioned(incident), location: `/incidents/${incident.id}` }
    },
  }),
  route({
    method: 'POST',
    path: '/incident-tellings',
    tag: 'incidents',
    summary: { vi: 'Cá nhân báo sự cố cho cán bộ đầu mối', en: 'A person tells his officer of an incident' },
    clause: 'Điều 11.7',
    actions: ['incident.tell-agency'],
    creates: true,
    body: object({ occurredAt: instant, detectedAt: instant, title: line(300), description: text(20_000) }),
    answer: object({ id: Type.String() }),
    async run({ actor, body, administration }) {
      const { id } = await administration.incidents.tell(actor, formOf({ ...body, serious: false, personalData: false, serviceStops: false }))
      return { body: { id } }
    },
  }),
  route({
    method: 'GET',
    path: '/incidents/{id}',
    tag: 'incidents',
    summary: { vi: 'Một sự cố với các đồng hồ của nó', en: 'An incident with its clocks' },
    clause,
    actions: ['incident.read'],
    params: byId,
    answer: incidentSchema,
    version: 'gives',
    run: async ({ actor, params, administration }) => versioned(await administration.incidents.get(actor, params.id)),
  }),
  route({
    ...onOne,
    path: '/incidents/{id}/reports',
    summary: { vi: 'Ghi nhận đã gửi báo cáo', en: 'Notes that a report went out' },
    actions: ['incident.report'],
    body: object({ clock: clockName, note: Type.Optional(text(4_000)) }),
    run: async ({ actor, params, body, ifMatch, administration }) => versioned(await administration.incidents.markReported(actor, params.id, body.clock, body.note ?? '', versionSeen(ifMatch).ifVersion)),
  }),
  route({
    ...onOne,
    path: '/incidents/{id}/start',
    summary: { vi: 'Sửa thời điểm xảy ra, có lý do', en: 'Corrects when it occurred, with a reason' },
    actions: ['incident.report'],
    body: object({ occurredAt: instant, reason: line(1_000) }),
    run: async ({ actor, params, body, ifMatch, administration }) =>
      versioned(await administration.incidents.correctStart(actor, params.id, { occurredAtMs: Date.parse(body.occurredAt), reason: body.reason }, versionSeen(ifMatch).ifVersion)),
  }),
  route({
    ...onOne,
    path: '/incidents/{id}/receipt',
    summary: { vi: 'Sở đã nhận', en: 'The department has it' },
    actions: ['incident.receive'],
    run: async ({ actor, params, ifMatch, administration }) => versioned(await administration.incidents.receive(actor, params.id, versionSeen(ifMatch).ifVersion)),
  }),
  route({
    ...onOne,
    path: '/incidents/{id}/conclusion',
    summary: { vi: 'Kết thúc, với nguyên nhân và khắc phục', en: 'Closes it, with cause and remedy' },
    actions: ['incident.receive'],
    body: object({ conclusion: text(20_000) }),
    run: async ({ actor, params, body, ifMatch, administration }) => versioned(await administration.incidents.close(actor, params.id, body.conclusion, versionSeen(ifMatch).ifVersion)),
  }),
]
