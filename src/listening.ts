/** HTTP listeners, and the certificate of all TLS listeners. */
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import { createHttp, type HttpParts } from './protocols/http/server.ts'

/** PEM files. */
export interface CertificatePaths {
  readonly certificate: string
  readonly key: string
}

export interface HttpListener extends AsyncDisposable {
  readonly port: number
}

/** In clear, or with TLS where there is a certificate. */
export async function listenHttp(host: string, port: number, parts: HttpParts, tls?: CertificatePaths): Promise<HttpListener> {
  const app = createHttp(parts, tls)
  await app.listen({ host, port })
  const address = app.server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : port, [Symbol.asyncDispose]: () => app.close() }
}

/** Read anew when the files changed, so that a renewed certificate is used without a restart. */
export function tlsContextOf(files: CertificatePaths): () => SecureContext {
  let made: { readonly changedMs: number; readonly context: SecureContext } | null = null
  return () => {
    const changedMs = statSync(files.certificate).mtimeMs
    if (made === null || made.changedMs !== changedMs) {
      made = { changedMs, context: createSecureContext({ cert: readFileSync(files.certificate), key: readFileSync(files.key), minVersion: 'TLSv1.2' }) }
    }
    return made.context
  }
}
