/**
 * The certificate of all services: the operator's files, or a self-signed one made once in the data folder so that a first
 * start has TLS on every port. The key is readable by the owner alone.
 */
import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  readonly selfSigned: boolean
}

const day = 86_400_000
const validDays = 825

/** Paths of PEM files that are there. A self-signed certificate that ends within 30 days or lacks a name is made anew. */
export async function ensureCertificate(options: {
  readonly certificate: string
  readonly key: string
  readonly directory: string
  readonly names: readonly string[]
  readonly nowMs: number
}): Promise<CertificateFiles> {
  if (options.certificate !== '' || options.key !== '') {
    if (options.certificate === '' || options.key === '') throw new Error('tls.certificate and tls.key go together: set both or neither')
    new X509Certificate(await readFile(options.certificate))
    await readFile(options.key)
    return { certificate: options.certificate, key: options.key, selfSigned: false }
  }
  const files = { certificate: join(options.directory, 'self-signed.crt'), key: join(options.directory, 'self-signed.key'), selfSigned: true }
  if (!(await stillGood(files.certificate, options.names, options.nowMs))) await make(files, options)
  return files
}

async function stillGood(file: string, names: readonly string[], nowMs: number): Promise<boolean> {
  const pem = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (pem === null) return false
  const certificate = new X509Certificate(pem)
  return certificate.validToDate.getTime() > nowMs + 30 * day && names.every((name) => certificate.checkHost(name) !== undefined)
}

async function make(files: CertificateFiles, options: { readonly directory: string; readonly names: readonly string[]; readonly nowMs: number }): Promise<void> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  // Loaded only when a certificate is made: once in two years, not for as long as the process runs.
  const { generate } = await import('selfsigned')
  const pems = await generate([{ name: 'commonName', value: options.names[0]! }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(options.nowMs - day),
    notAfterDate: new Date(options.nowMs + validDays * day),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [...options.names.map((value) => ({ type: 2 as const, value })), { type: 7 as const, ip: '127.0.0.1' }] },
    ],
  })
  // Key first: a certificate that is there always has its key.
  await put(files.key, pems.private, 0o600)
  await put(files.certificate, pems.cert, 0o644)
}

async function put(file: string, content: string, mode: number): Promise<void> {
  const next = `${file}.new`
  await writeFile(next, content, { mode })
  await chmod(next, mode)
  await rename(next, file)
}
