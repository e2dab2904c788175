/** A self-signed certificate for tests, made once a process. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { ensureCertificate } from '../../src/adapters/tls/certificate.ts'

let made: SecureContext | null = null

export async function testTls(): Promise<() => SecureContext> {
  if (made === null) {
    const directory = mkdtempSync(join(tmpdir(), 'congvu-tls-'))
    try {
      const files = await ensureCertificate({ certificate: '', key: '', directory, names: ['localhost'], nowMs: Date.now() })
      made = createSecureContext({ cert: readFileSync(files.certificate), key: readFileSync(files.key) })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  const context = made
  return () => context
}
