/**
 * Who calls, and whether this route is open to them (requirements §1.1, §1.2): a session by its cookie or a token by
 * `Authorization: Bearer`. Changes of a session need the X-CSRF-Token that signing in gave, and come from our own origin; a
 * token is no cookie, which a browser sends by itself, so it needs neither. What the role allows is core's to say.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller, Stage } from '../../core/administration/access.ts'
import type { Administration } from '../../core/administration/administration.ts'
import { MailError } from '../../core/errors.ts'
import { covers } from '../../core/administration/scopes.ts'
import type { ApiProblemCode } from './problem-table.ts'
import { ApiError } from './problems.ts'
import { isPublic, type RequestFacts, type Route } from './route.ts'

/** What a request proved of its sender. */
export interface Identity {
  readonly caller: Caller | null
  readonly facts: RequestFacts
  /** A token was given that is none. */
  readonly wrongToken: boolean
}

const maxUserAgentLength = 200
const loopback = /^(127\.|::1$|::ffff:127\.)/

/** `__Host-`: the browser takes it over TLS only, for this host alone and the whole of it. */
const cookieName = (tls: boolean): string => (tls ? '__Host-congvu' : 'congvu')

export const isTls = (request: FastifyRequest): boolean => request.protocol === 'https'

export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, session: { readonly secret: string } | 'ended'): void {
  const tls = isTls(request)
  const options = { path: '/', httpOnly: true, secure: tls, sameSite: 'strict' } as const
  if (session === 'ended') reply.clearCookie(cookieName(tls), options)
  else reply.setCookie(cookieName(tls), session.secret, options)
}

export async function identityOf(administration: Administration, request: FastifyRequest): Promise<Identity> {
  const remoteIp = request.ip
  const tls = isTls(request)
  const sessionSecret = request.cookies[cookieName(tls)] ?? null
  const facts: RequestFacts = {
    remoteIp,
    secure: tls || loopback.test(remoteIp),
    userAgent: (request.headers['user-agent'] ?? '').slice(0, maxUserAgentLength),
    sessionSecret,
  }
  const { authorization } = request.headers
  // What is named on purpose goes before what a browser sends by itself.
  if (authorization !== undefined) {
    const token = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(authorization)?.[1]
    const caller = token === undefined ? null : await administration.tokens.find(token, remoteIp)
    return { caller, facts, wrongToken: caller === null }
  }
  const session = sessionSecret === null ? null : await administration.sessions.find(sessionSecret, remoteIp)
  return { caller: session?.caller ?? null, facts, wrongToken: false }
}

/** Throws the refusal. */
export function requireAccess(route: Route, { caller, facts, wrongToken }: Identity, request: FastifyRequest, administration: Administration): void {
  const changes = route.method !== 'GET'
  // Core refuses to sign in over it, and records that somebody tried; a token must not be used over it either.
  if (!isPublic(route) && !facts.secure) throw new MailError('encryption-required')
  if (isPublic(route)) {
    if (changes) requireOwnOrigin(request)
    return
  }
  if (caller === null) throw new ApiError(wrongToken ? 'token-invalid' : 'sign-in-needed')
  if (caller.via === 'token') {
    if (route.tag === 'session') throw new ApiError('session-needed')
    if (!covers(caller.scopes ?? [], route.tag, changes ? 'write' : 'read')) throw new ApiError('scope-missing')
    return
  }
  if (changes) {
    requireOwnOrigin(request)
    const token = request.headers['x-csrf-token']
    if (typeof token !== 'string' || !administration.sessions.csrfMatches(facts.sessionSecret ?? '', token)) throw new ApiError('csrf-token-wrong')
  }
  if (!(route.stages ?? ['full']).includes(caller.stage)) throw new ApiError(stageProblems[caller.stage])
}

/** `full` is among the stages of every route but those that lead to it. */
const stageProblems: Readonly<Record<Stage, ApiProblemCode>> = {
  'second-factor': 'second-factor-needed',
  enrolment: 'enrolment-needed',
  'password-change': 'password-change-needed',
  full: 'session-needed',
}

/** What a browser says of where the request comes from. Programs say nothing. */
function requireOwnOrigin(request: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new ApiError('origin-foreign')
  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === request.host)) throw new ApiError('origin-foreign')
}
