import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createArgon2Passwords, defaultArgon2Settings } from '../../../../src/adapters/argon2/passwords.ts'

describe('argon2id', () => {
  it("hashes with OWASP's parameters, salted, and verifies", async () => {
    const passwords = createArgon2Passwords()
    const [one, two] = await Promise.all([passwords.hash('Mật khẩu#1'), passwords.hash('Mật khẩu#1')])
    assert.match(one, /^\$argon2id\$v=19\$/)
    assert.deepEqual(one.split('$')[3]?.split(',').sort(), ['m=19456', 'p=1', 't=2'])
    assert.notEqual(one, two)
    assert.deepEqual(await Promise.all([passwords.verify(one, 'Mật khẩu#1'), passwords.verify(one, 'Mật khẩu#2'), passwords.verify(two, '')]), [true, false, false])
  })

  it('more than may run at once are all answered, also after one failed', async () => {
    const passwords = createArgon2Passwords({ ...defaultArgon2Settings, memoryKiB: 64, maxConcurrent: 2 })
    await assert.rejects(passwords.verify('no hash', 'x'))
    const hashes = await Promise.all(Array.from({ length: 20 }, (_, n) => passwords.hash(String(n))))
    assert.deepEqual(await Promise.all(hashes.map((hash, n) => passwords.verify(hash, String(n)))), Array(20).fill(true))
  })
})
