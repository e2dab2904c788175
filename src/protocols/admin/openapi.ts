/** OpenAPI 3.1 of the routes: their schemas are JSON Schema already, what all routes have in common is said here once. */
import type { TObject, TSchema } from 'typebox'
import { answerSchema, percentEncoded, prefix, querySchema } from './perform.ts'
import { problemSchema } from './problems.ts'
import { isPublic, statusOf, type Route } from './route.ts'

const tagTexts: Readonly<Record<Route['tag'], string>> = {
  session: 'Đăng nhập, xác thực hai bước, mã truy cập của chính mình / own sign-in, second factor, tokens',
  agencies: 'Cơ quan, đơn vị (Điều 4.1, 5.1) / agencies, units',
  accounts: 'Tài khoản (Điều 4.2, 5, 9) / accounts',
  imports: 'Nhập danh sách / bulk issue',
  directory: 'Danh bạ (Điều 4.3, 10.5) / directory',
  lifecycle: 'Khóa, khôi phục, thu hồi (Điều 5, 6) / locks, restorations, revocations',
  requests: 'Văn bản đề nghị (Điều 5.3, 6.3, 10.4) / written requests',
  cases: 'Hồ sơ vụ việc (Điều 3.3, 6.2c) / cases',
  calendar: 'Lịch làm việc / working calendar',
  quota: 'Dung lượng (Điều 7.3) / quota',
  notices: 'Thông báo gián đoạn (Điều 8.2) / outage notices',
  incidents: 'Sự cố (Điều 8.3d) / incidents',
  records: 'Nhật ký (Điều 7.2) / records',
  reports: 'Thống kê (Điều 10.8, 12) / statistics',
  delegations: 'Ủy quyền hộp thư cơ quan (Điều 10.1, 10.3) / delegations of agency mailboxes',
}

type Json = Readonly<Record<string, unknown>>

const json = (schema: unknown): Json => ({ 'application/json': { schema } })
const problemRef = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }
const bytes = (types: readonly string[]): Json => Object.fromEntries(types.map((type) => [type, { schema: type === 'application/json' ? {} : { type: 'string', format: 'binary' } }]))

const header = (name: string, required: boolean, description: string, schema: Json): Json => ({ name, in: 'header', required, description, schema })
const token = { type: 'string', minLength: 1, maxLength: 100, pattern: '^[!-~]+$' }
const encoded = { type: 'string', minLength: 1, maxLength: 300, pattern: `^(${percentEncoded})+$` }

export function openApi(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const one of routes) (paths[`${prefix}${one.path}`] ??= {})[one.method.toLowerCase()] = operation(one)
  const tags = [...new Set(routes.map(({ tag }) => tag))].sort()
  return {
    openapi: '3.1.0',
    info: {
      title: 'Công Vụ: API quản trị / administration',
      version: '1',
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'Mọi từ chối là tài liệu RFC 9457 với `code` ổn định và điều khoản của Quy chế. / Every refusal is an RFC 9457 document with a stable `code` and the clause of the regulation. ' +
        'Lists are read by `cursor`; creations honour `Idempotency-Key`; changes of versioned things need `If-Match`.',
    },
    servers: [{ url: '/' }],
    tags: tags.map((name) => ({ name, description: tagTexts[name] })),
    paths,
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Mã truy cập có phạm vi / API token with scopes' },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-congvu', description: 'Phiên đăng nhập; thay đổi cần X-CSRF-Token / session; changes need X-CSRF-Token' },
      },
    },
  }
}

function operation(one: Route): Json {
  const { method, path, summary, clause, tag, actions } = one
  const about = [summary.en, clause, actions.length > 0 ? `Quyền / rights: ${actions.join(', ')}` : null].filter((part) => part !== null)
  return {
    operationId: operationId(method, path),
    tags: [tag],
    summary: summary.vi,
    description: about.join('\n\n'),
    ...(clause !== null && { 'x-clause': clause }),
    ...(!isPublic(one) && { security: tag === 'session' ? [{ session: [] }] : [{ token: [] }, { session: [] }] }),
    parameters: [...properties(one.params, 'path'), ...properties(querySchema(one), 'query'), ...headers(one)],
    ...(one.body !== undefined && { requestBody: { required: true, content: json(one.body) } }),
    ...(one.upload !== undefined && { requestBody: { required: true, content: bytes(one.upload) } }),
    responses: responses(one),
  }
}

/** `GET /accounts/{id}/absences` → `getAccountsByIdAbsences`. */
function operationId(method: string, path: string): string {
  const words = path.split(/[/-]/).filter((word) => word !== '').map((word) => (word.startsWith('{') ? `By-${word.slice(1, -1)}` : word))
  return method.toLowerCase() + words.map((word) => word.split('-').map((part) => part.slice(0, 1).toUpperCase() + part.slice(1)).join('')).join('')
}

function properties(schema: TObject | undefined, place: 'path' | 'query'): readonly Json[] {
  const required: readonly string[] = (schema as { readonly required?: readonly string[] } | undefined)?.required ?? []
  return Object.entries(schema?.properties ?? {}).map(([name, one]) => ({ name, in: place, required: place === 'path' || required.includes(name), schema: one as TSchema }))
}

function headers({ method, creates, version, access }: Route): readonly Json[] {
  const changes = method !== 'GET' && access !== 'public'
  return [
    ...(version === 'needs' ? [header('If-Match', true, 'Phiên bản đã đọc (ETag) / the version that was read', { type: 'string', pattern: '^"[!#-~]+"$', maxLength: 102 })] : []),
    ...(creates === true ? [header('Idempotency-Key', false, 'Gửi lại an toàn trong 24 giờ / safe to repeat for 24 hours', token)] : []),
    ...(changes ? [header('X-Order-Number', false, 'Số văn bản của Sở, mã hóa phần trăm UTF-8 / number of the order, percent-encoded UTF-8', encoded)] : []),
  ]
}

function responses(one: Route): Json {
  const status = statusOf(one)
  const answer = answerSchema(one)
  const content = one.download !== undefined ? bytes(one.download) : answer === null ? undefined : json(answer)
  const told: Json = {
    ...(one.version !== undefined && answer !== null && { ETag: { schema: { type: 'string' } } }),
    ...(one.creates === true && { Location: { schema: { type: 'string' } } }),
  }
  const success = { description: one.summary.vi, ...(Object.keys(told).length > 0 && { headers: told }), ...(content !== undefined && { content }) }
  return { [String(status)]: success, ...Object.fromEntries(refusals(one).map(([code, description]) => [String(code), { description, ...problemRef }])) }
}

function refusals(one: Route): readonly (readonly [number, string])[] {
  const takesBody = one.body !== undefined || one.upload !== undefined
  const all: readonly (readonly [number, string, boolean])[] = [
    [400, 'Sai khuôn dạng / does not fit its schema', true],
    [401, 'Chưa đăng nhập / not signed in', true],
    [403, 'Không được phép / not permitted', true],
    [404, 'Không tìm thấy / not found', true],
    [409, 'Xung đột với trạng thái hiện tại / conflict with the present state', one.method !== 'GET'],
    [412, 'Phiên bản đã cũ / stale version', one.version === 'needs'],
    [413, 'Quá lớn / too large', takesBody],
    [415, 'Kiểu nội dung không hỗ trợ / unsupported media type', takesBody],
    [422, 'Không thể thực hiện / cannot be carried out', true],
    [428, 'Thiếu If-Match / If-Match is missing', one.version === 'needs'],
    [429, 'Quá nhiều yêu cầu / too many requests', true],
    [503, 'Tạm thời không phục vụ được / temporarily unavailable', true],
  ]
  return all.filter(([, , applies]) => applies).map(([status, description]) => [status, description])
}
