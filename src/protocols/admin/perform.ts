/** One request to one route: what comes in is checked, the administration asked, and what goes out checked and sent. */
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type, { type TSchema } from 'typebox'
import { actorOf, type Caller } from '../../core/administration/access.ts'
import type { Administration } from '../../core/administration/administration.ts'
import type { KeptAnswer } from '../../core/administration/idempotency.ts'
import { MailError } from '../../core/errors.ts'
import { setSessionCookie, type Identity } from './access.ts'
import { cursorAt, positionOf } from './cursor.ts'
import { ApiError } from './problems.ts'
import { statusOf, type Answer, type AnyAnswer, type Call, type FileAnswer, type PageAnswer, type Position, type Route } from './route.ts'
import { nullable, object } from './schemas.ts'
import { answerFault, normalised, requireValid, typedQuery } from './validation.ts'

export const prefix = '/api/v1'

export const defaultPageItems = 100
export const maxPageItems = 500

export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: maxPageItems, description: `Số mục mỗi trang / items of a page; ${defaultPageItems}` })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 800, description: '`next` của trang trước / of the page before' })),
}

/** The whole query of a route, with what pages add. */
export function querySchema({ query, page }: Route) {
  return page === true ? object({ ...query?.properties, ...pageQuery }) : (query ?? object({}))
}

/** The whole answer of a route, with what pages add. */
export function answerSchema({ answer, page }: Route): TSchema | null {
  return page === true && answer !== null
    ? object({ items: Type.Array(answer, { maxItems: maxPageItems }), next: nullable(Type.String({ description: '`cursor` của trang sau / of the next page' })) })
    : answer
}

/** Schemas are compiled once, so they must be the same objects each time. */
export interface PreparedRoute {
  readonly route: Route
  readonly query: ReturnType<typeof querySchema>
  readonly answer: TSchema | null
}

export const prepared = (route: Route): PreparedRoute => ({ route, query: querySchema(route), answer: answerSchema(route) })

export async function perform(ready: PreparedRoute, identity: Identity, administration: Administration, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { route } = ready
  const { call, list } = callOf(ready, identity, administration, request)
  const key = route.creates === true && identity.caller !== null ? idempotencyKey(request) : null
  if (key === null) return send(reply, request, rendered(ready, await route.run(call), list))
  const attempt = await administration.idempotency.begin({ caller: identity.caller!.account.id, key, request: requestText(route, request, call) })
  if (attempt.kind === 'again') return sendKept(reply.header('idempotency-replayed', 'true'), attempt.answer)
  let answer: Rendered
  try {
    answer = rendered(ready, await route.run(call), list)
  } catch (error) {
    await attempt.giveUp()
    throw error
  }
  await attempt.keep(answer.kept)
  return send(reply, request, answer)
}

type AnyCall = Call<unknown, Record<string, unknown>, unknown>

/** `list` names the list of which a cursor is. */
function callOf(ready: PreparedRoute, { caller, facts }: Identity, administration: Administration, request: FastifyRequest): { readonly call: AnyCall; readonly list: string } {
  const { route } = ready
  const params = normalised(request.params, 'path')
  if (route.params !== undefined) requireValid(route.params, params, 'path')
  const query = typedQuery(ready.query, normalised(request.query, 'query') as Record<string, unknown>)
  requireValid(ready.query, query, 'query')
  const { limit = defaultPageItems, cursor, ...filters } = query as { readonly limit?: number; readonly cursor?: string }
  const list = `${route.path} ${JSON.stringify(filters)}`
  const after: Position | null = cursor === undefined ? null : positionOf(list, cursor)
  // Of a public route there is neither, and its `run` is typed without them.
  const known = caller as Caller
  const actor = caller === null ? (null as never) : actorOf(known, orderOf(request))
  const body = bodyOf(route, request)
  const page = { limit: Number(limit), after }
  return { call: { caller: known, actor, params, query: query, body, ifMatch: versionOf(route, request), page, request: facts, administration }, list }
}

function bodyOf(route: Route, request: FastifyRequest): unknown {
  if (route.upload !== undefined) {
    if (!(request.body instanceof Uint8Array)) throw new ApiError('type-unsupported')
    return request.body
  }
  if (route.body === undefined) return undefined
  if (request.body === undefined) throw new ApiError('request-invalid', { faults: [{ field: 'body', vi: 'thiếu', en: 'is missing' }] })
  const body = normalised(request.body, 'body')
  requireValid(route.body, body, 'body')
  return body
}

/** Strong entity tags alone: RFC 9110 §13.1.1. */
const entityTag = /^"([\x21\x23-\x7e]{1,100})"$/

function versionOf({ version }: Route, { headers }: FastifyRequest): string {
  if (version !== 'needs') return ''
  const given = headers['if-match']
  if (given === undefined) throw new ApiError('version-missing')
  const tag = entityTag.exec(given)?.[1]
  if (tag === undefined) throw new ApiError('version-stale')
  return tag
}

const maxOrderLength = 100

/** One character of a percent-encoded header, as a pattern. */
export const percentEncoded = '[!-$&-~]|%[0-9A-Fa-f]{2}'
const percentEncodedText = new RegExp(`^(${percentEncoded}){1,300}$`)

/** Percent-encoded UTF-8, for document numbers have letters such as Đ. */
function orderOf({ headers }: FastifyRequest): string | null {
  const given = headers['x-order-number']
  if (given === undefined) return null
  if (!percentEncodedText.test(String(given))) throw headerFault('x-order-number')
  const order = decoded(String(given))?.normalize('NFC').trim() ?? ''
  if (order === '' || order.length > maxOrderLength || /\p{Cc}/u.test(order)) throw new MailError('argument-invalid', 'no number of an order', { field: 'header.x-order-number' })
  return order
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function idempotencyKey({ headers }: FastifyRequest): string | null {
  const key = headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,100}$/.test(key)) throw headerFault('idempotency-key')
  return key
}

const headerFault = (field: string): ApiError => new ApiError('header-invalid', { faults: [{ field: `header.${field}`, vi: 'không hợp lệ', en: 'is not valid' }] })

function requestText({ method }: Route, { url }: FastifyRequest, { body }: AnyCall): string {
  const content = body instanceof Uint8Array ? createHash('sha256').update(body).digest('hex') : JSON.stringify(body ?? null)
  return JSON.stringify([method, url, content])
}

interface Rendered {
  readonly kept: KeptAnswer
  readonly session: Answer<unknown>['session']
  readonly file: FileAnswer | null
}

function rendered({ route, answer: schema }: PreparedRoute, answer: AnyAnswer, list: string): Rendered {
  if (route.download !== undefined) {
    const file = answer as FileAnswer
    if (!route.download.includes(file.type)) throw new Error(`${route.method} ${route.path}: ${file.type} is none of its media types`)
    return { kept: { status: statusOf(route), headers: {}, body: '' }, session: undefined, file }
  }
  const { body: given, version, location, session } = answer as Answer<unknown>
  const body = route.page === true ? pageBody(answer as PageAnswer<unknown>, list) : given
  const fault = schema === null ? null : answerFault(schema, body)
  if (fault !== null) throw new Error(`${route.method} ${route.path}: the answer is not as its schema says: ${fault}`)
  const headers = { ...(version !== undefined && { etag: `"${version}"` }), ...(location !== undefined && { location: `${prefix}${location}` }) }
  return { kept: { status: statusOf(route), headers, body: schema === null ? '' : JSON.stringify(body) }, session, file: null }
}

const pageBody = ({ items, next }: PageAnswer<unknown>, list: string) => ({ items, next: next === null ? null : cursorAt(list, next) })

function send(reply: FastifyReply, request: FastifyRequest, { kept, session, file }: Rendered): FastifyReply {
  if (session !== undefined) setSessionCookie(request, reply, session)
  if (file === null) return sendKept(reply, kept)
  const name = file.filename.replace(/[^A-Za-z0-9._-]/g, '_')
  return reply.status(kept.status).type(file.type).header('content-disposition', `attachment; filename="${name}"`).send(Buffer.from(file.bytes))
}

function sendKept(reply: FastifyReply, { status, headers, body }: KeptAnswer): FastifyReply {
  for (const [name, value] of Object.entries(headers)) reply.header(name, value)
  return body === '' ? reply.status(status).send() : reply.status(status).type('application/json; charset=utf-8').send(body)
}
