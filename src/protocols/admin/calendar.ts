/** The working calendar (requirements §1.6): years that the Sở edits, and the terms that follow. */
import Type, { type Static } from 'typebox'
import type { CalendarYearView } from '../../core/administration/calendar.ts'
import { versionSeen } from './if-match.ts'
import { route, type Route } from './route.ts'
import { day, line, object, oneOf } from './schemas.ts'

const year = Type.String({ pattern: '^(?:19|20)[0-9]{2}$', description: 'yyyy' })
const days = Type.Array(day, { maxItems: 120 })
const status = oneOf(['final', 'draft'], 'draft: dự kiến')
const yearSchema = object({ year: Type.Integer(), off: Type.Array(day), worked: Type.Array(day), source: Type.String(), status })

const yearAnswer = ({ version, off, worked, ...shown }: CalendarYearView): { readonly body: Static<typeof yearSchema>; readonly version: number } => ({ body: { ...shown, off: [...off], worked: [...worked] }, version })

const clause = 'Điều 6.3, 8.2'
const provisional = Type.Boolean({ description: 'Dự kiến: lịch của năm chưa chính thức / the calendar of a year is not final' })
const calendarVersion = Type.String()

export const calendarRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/calendar/years/{year}',
    tag: 'calendar',
    summary: { vi: 'Ngày nghỉ và ngày làm bù của một năm', en: 'Days off and worked weekend days of a year' },
    clause,
    actions: [],
    params: object({ year }),
    answer: yearSchema,
    version: 'gives',
    run: async ({ params, administration }) => yearAnswer(await administration.calendar.year(Number(params.year))),
  }),
  route({
    method: 'PUT',
    path: '/calendar/years/{year}',
    tag: 'calendar',
    summary: { vi: 'Sở cập nhật lịch của một năm; các thời hạn đang mở được tính lại, không sớm hơn', en: 'The department edits a year; open terms are computed anew, never earlier' },
    clause,
    actions: ['calendar.edit'],
    params: object({ year }),
    version: 'needs',
    body: object({ off: days, worked: days, source: line(500), status }),
    answer: object({ year: yearSchema, recomputed: Type.Integer() }),
    async run({ actor, params, body, ifMatch, administration }) {
      const { year: set, recomputed } = await administration.calendar.setYear(actor, { ...body, year: Number(params.year) }, versionSeen(ifMatch))
      const { body: shown, version } = yearAnswer(set)
      return { body: { year: shown, recomputed }, version }
    },
  }),
  route({
    method: 'GET',
    path: '/calendar/term',
    tag: 'calendar',
    summary: { vi: 'Thời hạn theo tháng (BLDS 147, 148): ngày cuối, ngày thực hiện', en: 'A term of months: its last day, and the day on which the system acts' },
    clause: 'Điều 6.2',
    actions: [],
    query: object({ from: day, months: Type.Integer({ minimum: 1, maximum: 1200 }) }),
    answer: object({ rawEnd: day, lastDay: day, actOn: day, provisional, calendarVersion }),
    async run({ query, administration }) {
      const { rawEnd, lastDay, actOn, provisional: isProvisional, calendarVersion: version } = await administration.calendar.term(query.from, query.months)
      return { body: { rawEnd, lastDay, actOn, provisional: isProvisional, calendarVersion: version } }
    },
  }),
  route({
    method: 'GET',
    path: '/calendar/due',
    tag: 'calendar',
    summary: { vi: 'Hết ngày làm việc thứ N sau một ngày', en: 'End of the Nth working day after a day' },
    clause: 'Điều 6.3b',
    actions: [],
    query: object({ from: day, workingDays: Type.Integer({ minimum: 1, maximum: 1000 }) }),
    answer: object({ due: day, provisional, calendarVersion }),
    run: async ({ query, administration }) => ({ body: { ...(await administration.calendar.due(query.from, query.workingDays)) } }),
  }),
  route({
    method: 'GET',
    path: '/calendar/notice',
    tag: 'calendar',
    summary: { vi: 'Ngày cuối cùng phải thông báo ngừng hệ thống', en: 'Latest day to announce an outage' },
    clause: 'Điều 8.2',
    actions: [],
    query: object({ startsOn: day }),
    answer: object({ latestNotice: day, provisional, calendarVersion }),
    run: async ({ query, administration }) => ({ body: { ...(await administration.calendar.notice(query.startsOn)) } }),
  }),
]
