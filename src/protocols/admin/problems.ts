/**
 * Problem documents (RFC 9457) of everything that is refused, from problem-table.ts: `type`, `title` and `detail` in
 * Vietnamese, `title_en` and `detail_en`, `status`, stable `code`, `clause` of the regulation, `instance`. Anything that is
 * neither a refusal nor a fault of the request is a bug: 500 without detail.
 */
import Type from 'typebox'
import { isMailError, type MailError } from '../../core/errors.ts'
import { refusalTexts } from '../../core/account/lifecycle/refusal-texts.ts'
import { errorTexts, type Text } from '../../core/text/errors.ts'
import { apiProblems, classStatuses, reasonTexts, statuses, type ApiProblemCode } from './problem-table.ts'
import { nullable } from './schemas.ts'

export interface FieldFault {
  /** Where it is: `body.name`, `query.limit`. */
  readonly field: string
  readonly vi: string
  readonly en: string
}

/** What the API itself refuses, before the administration is asked. */
export class ApiError extends Error {
  readonly code: ApiProblemCode
  readonly faults: readonly FieldFault[]
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ApiProblemCode, given: { readonly faults?: readonly FieldFault[]; readonly headers?: Readonly<Record<string, string>> } = {}) {
    super(code)
    this.name = 'ApiError'
    this.code = code
    this.faults = given.faults ?? []
    this.headers = given.headers ?? {}
  }
}

export interface Problem {
  readonly type: string
  readonly title: string
  readonly title_en: string
  readonly status: number
  readonly detail: string
  readonly detail_en: string
  readonly code: string
  readonly clause: string | null
  readonly instance: string
  readonly errors?: readonly FieldFault[]
  /** Facts of the refusal: states, days, numbers, limits. */
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>
}

export const problemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String({ description: 'Tiếng Việt' }),
    title_en: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'Tiếng Việt' }),
    detail_en: Type.String(),
    code: Type.String({ description: 'Mã ổn định / stable code' }),
    clause: nullable(Type.String({ description: 'Điều khoản của Quy chế / clause of the regulation' })),
    instance: Type.String(),
    errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), vi: Type.String(), en: Type.String() }))),
    facts: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { title: 'Problem', description: 'RFC 9457' },
)

export interface Refusal {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
  /** It is a bug: to be logged. */
  readonly fault: boolean
}

const titles: Readonly<Record<number, Text>> = {
  400: { vi: 'Yêu cầu không hợp lệ', en: 'Bad request' },
  401: { vi: 'Chưa đăng nhập', en: 'Not signed in' },
  403: { vi: 'Không được phép', en: 'Not permitted' },
  404: { vi: 'Không tìm thấy', en: 'Not found' },
  405: { vi: 'Phương thức không được phép', en: 'Method not allowed' },
  409: { vi: 'Xung đột với trạng thái hiện tại', en: 'Conflict with the present state' },
  412: { vi: 'Phiên bản đã cũ', en: 'Stale version' },
  413: { vi: 'Quá lớn', en: 'Too large' },
  415: { vi: 'Kiểu nội dung không hỗ trợ', en: 'Unsupported media type' },
  422: { vi: 'Không thể thực hiện', en: 'Cannot be carried out' },
  428: { vi: 'Thiếu điều kiện', en: 'Precondition required' },
  429: { vi: 'Quá nhiều yêu cầu', en: 'Too many requests' },
  500: { vi: 'Lỗi hệ thống', en: 'Internal fault' },
  503: { vi: 'Tạm thời không phục vụ được', en: 'Temporarily unavailable' },
}

interface Parts {
  readonly status: number
  readonly code: string
  readonly text: Text
  readonly clause?: string | null
  readonly faults?: readonly FieldFault[]
  readonly facts?: Problem['facts']
}

function problem({ status, code, text, clause = null, faults = [], facts = {} }: Parts, instance: string): Problem {
  const title = titles[status] ?? titles[400]!
  return {
    type: `urn:congvu:problem:${code}`,
    title: title.vi,
    title_en: title.en,
    status,
    detail: text.vi,
    detail_en: text.en,
    code,
    clause,
    instance,
    ...(faults.length > 0 && { errors: faults }),
    ...(Object.keys(facts).length > 0 && { facts }),
  }
}

/** Kept for the answer's own fields. */
const ownFacts: ReadonlySet<string> = new Set(['reason', 'class', 'clause', 'decisions'])

function ofMailError(error: MailError, versioned: boolean): Parts {
  const { code, detail } = error
  const facts = Object.fromEntries(Object.entries(detail).filter(([name]) => !ownFacts.has(name)))
  const clause = typeof detail['clause'] === 'string' ? detail['clause'] : null
  const reason = typeof detail['reason'] === 'string' ? detail['reason'] : null
  if (code === 'conflict' && (reason === null || reason === 'version') && versioned) return { ...apiProblems['version-stale'], code: 'version-stale', facts }
  const text = reason === null ? undefined : Object.hasOwn(refusalTexts, reason) ? refusalTexts[reason as keyof typeof refusalTexts] : reasonTexts[reason]
  const status = classStatuses[String(detail['class'])] ?? statuses[code]
  if (text === undefined) return { status, code, text: errorTexts[code], clause, facts: reason === null ? facts : { reason, ...facts } }
  return { status, code: reason!, text, clause, facts }
}

const fastifyProblems: Readonly<Record<string, ApiProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'type-unsupported',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body-malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body-malformed',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'body-malformed',
}

/** Fastify's own refusals have a status below 500 and a code of theirs. */
function apiErrorOf(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error
  const { code, statusCode } = (error ?? {}) as { readonly code?: unknown; readonly statusCode?: unknown }
  const known = typeof code === 'string' ? fastifyProblems[code] : undefined
  if (known !== undefined) return new ApiError(known)
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? new ApiError('body-malformed') : null
}

/** `versioned`: the request named a version, so that a conflict means that it was not the present one. */
export function refusalOf(error: unknown, { instance, versioned }: { readonly instance: string; readonly versioned: boolean }): Refusal {
  if (isMailError(error)) {
    const parts = ofMailError(error, versioned)
    const retryAfterMs = error.detail['retryAfterMs']
    const seconds = typeof retryAfterMs === 'number' ? Math.max(1, Math.ceil(retryAfterMs / 1000)) : error.temporary ? 5 : null
    return { problem: problem(parts, instance), headers: seconds === null ? {} : { 'retry-after': String(seconds) }, fault: false }
  }
  const api = apiErrorOf(error)
  if (api === null) return { problem: problem({ ...apiProblems.internal, code: 'internal' }, instance), headers: {}, fault: true }
  return { problem: problem({ ...apiProblems[api.code], code: api.code, faults: api.faults }, instance), headers: api.headers, fault: false }
}
