/** Sealed texts and hashes (port `Secrets`). */
import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { createSecrets, ownKeyText } from '../../../../src/adapters/local/secrets.ts'

const secrets = createSecrets('a key of a test that is long enough')

it('opens what it sealed, and nothing that was changed or sealed with another key', () => {
  const sealed = secrets.seal('Điều 9: bí mật')
  assert.equal(secrets.open(sealed), 'Điều 9: bí mật')
  assert.notEqual(sealed, secrets.seal('Điều 9: bí mật'), 'the same text twice is not seen to be the same')
  assert.equal(createSecrets('another key of a test, long enough').open(sealed), null)
  const bytes = Buffer.from(sealed, 'base64url')
  for (const at of [0, 12, bytes.length - 1]) {
    const changed = Buffer.from(bytes)
    changed[at] = changed[at]! ^ 1
    assert.equal(secrets.open(changed.toString('base64url')), null)
  }
  for (const wrong of ['', 'x', sealed.slice(0, 30)]) assert.equal(secrets.open(wrong), null)
})

it('compares whole texts', () => {
  assert.equal(secrets.same('abc', 'abc'), true)
  for (const other of ['abd', 'ab', '', 'abcd']) assert.equal(secrets.same('abc', other), false)
})

it('makes its key once, for its owner alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'congvu-key-'))
  try {
    const path = join(folder, 'key')
    const made = await ownKeyText(path)
    assert.match(made, /^[0-9a-f]{64}$/)
    assert.equal(await ownKeyText(path), made)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
