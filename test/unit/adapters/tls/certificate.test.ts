import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ensureCertificate } from '../../../../src/adapters/tls/certificate.ts'

const directory = mkdtempSync(join(tmpdir(), 'congvu-tls-'))
after(() => rmSync(directory, { recursive: true }))
const base = { certificate: '', key: '', directory, names: ['mail.congvu.test', 'localhost'], nowMs: Date.UTC(2026, 4, 10) }

test('a first start makes a certificate for its names whose key only the owner reads', async () => {
  const files = await ensureCertificate(base)
  const certificate = new X509Certificate(readFileSync(files.certificate))
  assert.equal(files.selfSigned, true)
  assert.equal(certificate.checkHost('mail.congvu.test'), 'mail.congvu.test')
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1')
  assert.ok(certificate.checkPrivateKey(createPrivateKey(readFileSync(files.key))))
  assert.equal(statSync(files.key).mode & 0o777, 0o600)
})

test('a second start keeps it, a new name or a near end makes it anew', async () => {
  const first = readFileSync((await ensureCertificate(base)).certificate, 'utf8')
  assert.equal(readFileSync((await ensureCertificate(base)).certificate, 'utf8'), first)
  const renamed = readFileSync((await ensureCertificate({ ...base, names: ['mx.congvu.test'] })).certificate, 'utf8')
  assert.notEqual(renamed, first)
  const later = await ensureCertificate({ ...base, names: ['mx.congvu.test'], nowMs: base.nowMs + 800 * 86_400_000 })
  assert.notEqual(readFileSync(later.certificate, 'utf8'), renamed)
})

test("the operator's files are used as they are; one without the other, or none there, is refused", async () => {
  const own = await ensureCertificate(base)
  const given = await ensureCertificate({ ...base, certificate: own.certificate, key: own.key })
  assert.deepEqual([given.certificate, given.selfSigned], [own.certificate, false])
  await assert.rejects(ensureCertificate({ ...base, certificate: own.certificate }), /go together/)
  await assert.rejects(ensureCertificate({ ...base, certificate: own.certificate, key: '/nowhere/key.pem' }), /ENOENT/)
  await assert.rejects(ensureCertificate({ ...base, certificate: own.key, key: own.key }))
})
