/**
 * The REST API of the administration (Điều 3 to 12; requirements §1.1): one Fastify whose routes are the table of
 * routes.ts. Everything that all routes do alike is here and in perform.ts. No other origin is served (no CORS), every answer
 * carries the security headers, every refusal is a problem document.
 */
import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { sourceOf } from '../../core/account/throttle.ts'
import type { Administration } from '../../core/administration/administration.ts'
import { identityOf, isTls, requireAccess, type Identity } from './access.ts'
import { createDocsPage } from './docs-page.ts'
import { openApi } from './openapi.ts'
import { perform, prefix, prepared, type PreparedRoute } from './perform.ts'
import { ApiError, refusalOf } from './problems.ts'
import type { Method, Route } from './route.ts'
import { routes as allRoutes } from './routes.ts'

export interface AdminSettings {
  /** Of one signed-in caller; others have a third of it, per source (an IPv4 address, an IPv6 /64). */
  readonly requestsPerMinute: number
  /** Addresses of proxies whose X-Forwarded-* fields are believed. */
  readonly proxies: readonly string[]
}

export interface AdminParts {
  readonly administration: Administration
  readonly settings: AdminSettings
  readonly onFault: (error: unknown, path: string) => void
  /** Left out: all. */
  readonly routes?: readonly Route[]
}

declare module 'fastify' {
  interface FastifyContextConfig {
    route?: Route
  }
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'] as const
const defaultBodyBytes = 1_048_576
const requestTimeoutMs = 60_000
/** No request line is longer (Node's own limit of headers); schemas say how long a parameter may be. */
const longestParameter = 16_384

const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** Listens nowhere: `routing` of the instance answers requests when it is ready, `inject` those of tests. */
export async function createAdminApi(parts: AdminParts): Promise<FastifyInstance> {
  const { settings } = parts
  const routes = parts.routes ?? allRoutes
  const app = Fastify({
    logger: false,
    bodyLimit: defaultBodyBytes,
    requestTimeout: requestTimeoutMs,
    routerOptions: { maxParamLength: longestParameter },
    trustProxy: settings.proxies.length === 0 ? false : [...settings.proxies],
  })
  const identities = new WeakMap<FastifyRequest, Identity>()
  await app.register(cookie)
  app.addHook('onRequest', async (request) => void identities.set(request, await identityOf(parts.administration, request)))
  await app.register(rateLimit, {
    timeWindow: 60_000,
    max: (request) => ((identities.get(request)?.caller ?? null) === null ? Math.ceil(settings.requestsPerMinute / 3) : settings.requestsPerMinute),
    keyGenerator: (request) => identities.get(request)?.caller?.id ?? sourceOf(request.ip),
    enableDraftSpec: true,
    errorResponseBuilder: (_request, { ttl }) => new ApiError('too-many-requests', { headers: { 'retry-after': String(Math.max(1, Math.ceil(ttl / 1000))) } }),
  })
  answerAlike(app, parts)
  takeBytes(app)
  const byPath = Map.groupBy(routes, ({ path }) => path)
  for (const [path, those] of byPath) {
    for (const one of those) addRoute(app, prepared(one), identities, parts)
    refuseOthers(app, `${prefix}${path}`, those.map(({ method }) => method))
  }
  describe(app, routes)
  await app.ready()
  return app
}

/** `{id}` of OpenAPI is `:id` of the router. */
const routerPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1')

function addRoute(app: FastifyInstance, ready: PreparedRoute, identities: WeakMap<FastifyRequest, Identity>, { administration }: AdminParts): void {
  const { route } = ready
  app.route({
    method: route.method,
    url: routerPath(`${prefix}${route.path}`),
    config: { route },
    ...(route.maxBodyBytes !== undefined && { bodyLimit: route.maxBodyBytes }),
    // After the limit of requests, before the body is read.
    preParsing: async (request) => requireAccess(route, identities.get(request)!, request, administration),
    handler: (request, reply) => perform(ready, identities.get(request)!, administration, request, reply),
  })
}

/** RFC 9110 §15.5.6: Allow names what the resource takes. */
function refuseOthers(app: FastifyInstance, url: string, taken: readonly Method[]): void {
  const allow = [...taken, ...(taken.includes('GET') ? ['HEAD'] : [])].join(', ')
  const others = methods.filter((method) => !(taken as readonly string[]).includes(method))
  app.route({
    method: [...others, ...(taken.includes('GET') ? [] : ['HEAD'])],
    url: routerPath(url),
    // Before a body is looked at.
    onRequest: async () => {
      throw new ApiError('method-not-allowed', { headers: { allow } })
    },
    handler: (_request, reply) => reply.send(),
  })
}

function answerAlike(app: FastifyInstance, { onFault }: AdminParts): void {
  app.addHook('onSend', async (request, reply) => {
    for (const [name, value] of Object.entries(securityHeaders)) if (!reply.hasHeader(name)) reply.header(name, value)
    if (isTls(request)) reply.header('strict-transport-security', 'max-age=31536000')
  })
  app.setErrorHandler((error, request, reply) => {
    const [instance = ''] = request.url.split('?')
    const versioned = request.routeOptions.config.route?.version === 'needs'
    const { problem, headers, fault } = refusalOf(error, { instance, versioned })
    if (fault) onFault(error, instance)
    // RFC 9110 §15.5.2.
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
    for (const [name, value] of Object.entries(headers)) reply.header(name, value)
    return reply.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
  })
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, () => {
    throw new ApiError('route-unknown')
  })
}

/** JSON as Fastify reads it; bytes where a route takes them; nothing else. */
function takeBytes(app: FastifyInstance): void {
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request: FastifyRequest, body, done) => {
    const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
    if (request.routeOptions.config.route?.upload?.includes(type) === true) done(null, body)
    else done(new ApiError('type-unsupported'))
  })
}

/** The description of the API and a page to look through it, both made when they are first asked for. */
function describe(app: FastifyInstance, routes: readonly Route[]): void {
  let description: string | null = null
  const text = (): string => (description ??= JSON.stringify(openApi(routes)))
  app.get(`${prefix}/openapi.json`, (_request, reply) => reply.type('application/json; charset=utf-8').send(text()))
  refuseOthers(app, `${prefix}/openapi.json`, ['GET'])
  const docs = createDocsPage(text, `${prefix}/docs`)
  for (const url of [`${prefix}/docs`, `${prefix}/docs/*`]) {
    app.get(url, async (request, reply) => {
      const page = await docs()
      reply.hijack()
      page.routing(request.raw, reply.raw)
    })
  }
}
