/**
 * The administration's own port. It listens from the start; the API behind it (Fastify, its schemas) is loaded with the first
 * request, so that a server whose console nobody opens keeps the memory.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { SecureContext } from 'node:tls'

export type Answering = (request: IncomingMessage, response: ServerResponse) => void

export interface AdminPlace {
  readonly host: string
  /** 0: any. */
  readonly port: number
  /** Null: in clear. `context` is asked with each connection, so that a renewed certificate is used. */
  readonly tls: { readonly key: Buffer; readonly cert: Buffer; readonly context: () => SecureContext } | null
}

export interface AdminListener extends AsyncDisposable {
  readonly port: number
}

const headersTimeoutMs = 10_000
const requestTimeoutMs = 60_000
const maxConnections = 1_000
const retryAfterSeconds = '5'

/** `answering` loads what answers; it is asked again after a failure, which it has told itself. */
export async function listenAdmin({ host, port, tls }: AdminPlace, answering: () => Promise<Answering>): Promise<AdminListener> {
  const answer: Answering = (request, response) => {
    answering().then(
      (to) => to(request, response),
      () => response.writeHead(503, { 'retry-after': retryAfterSeconds, 'content-length': 0 }).end(),
    )
  }
  const limits = { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs }
  const server: Server =
    tls === null
      ? createServer(limits, answer)
      : createTlsServer({ ...limits, key: tls.key, cert: tls.cert, minVersion: 'TLSv1.2', SNICallback: (_name, done) => done(null, tls.context()) }, answer)
  server.maxConnections = maxConnections
  server.listen({ host, port })
  await once(server, 'listening')
  const place = server.address()
  return {
    port: typeof place === 'object' && place !== null ? place.port : port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
