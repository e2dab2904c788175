/**
 * The one Fastify: errors, security headers, health and metrics; other parts come as plugins (design §4).
 * `/healthz`: the process answers. `/readyz`: the store takes a write and ingress listens; 503 otherwise. `/metrics`: Prometheus.
 */
import { readFileSync } from 'node:fs'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Registry } from 'prom-client'
import { isMailError } from '../../core/errors.ts'

export interface HttpParts {
  /** Each named check resolves or rejects. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>
  readonly registry: Registry
  readonly onFault: (error: unknown, path: string) => void
}

const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** Routes of one listener; call `listen` or `inject` on it. `tls` names PEM files. */
export function createHttp(parts: HttpParts, tls?: { readonly certificate: string; readonly key: string }): FastifyInstance {
  const options = { logger: false, bodyLimit: 1_048_576, requestTimeout: 30_000, forceCloseConnections: true }
  const app = tls
    ? (Fastify({ ...options, https: { cert: readFileSync(tls.certificate), key: readFileSync(tls.key), minVersion: 'TLSv1.2' } }) as unknown as FastifyInstance)
    : Fastify(options)
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(securityHeaders)) if (!reply.hasHeader(name)) reply.header(name, value)
  })
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 500
    if (status === 500) parts.onFault(error, request.url)
    return problem(reply, status, status === 500 ? 'internal' : 'bad-request')
  })
  app.setNotFoundHandler((_request, reply) => problem(reply, 404, 'not-found'))
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const entries = await Promise.all(Object.entries(parts.checks).map(async ([name, check]) => [name, await outcome(check)] as const))
    const ready = entries.every(([, result]) => result === 'ok')
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', checks: Object.fromEntries(entries) })
  })
  app.get('/metrics', async (_request, reply) => reply.type(parts.registry.contentType).send(await parts.registry.metrics()))
  return app
}

async function outcome(check: () => Promise<void>): Promise<string> {
  try {
    await check()
    return 'ok'
  } catch (error) {
    return isMailError(error) ? error.code : 'fault'
  }
}

/** RFC 9457. */
function problem(reply: FastifyReply, status: number, code: string): FastifyReply {
  return reply.status(status).type('application/problem+json').send({ type: `urn:congvu:problem:${code}`, status, title: code })
}
