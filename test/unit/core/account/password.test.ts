import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSystemRandom } from '../../../../src/adapters/local/random.ts'
import { passwordFaults, requireAnyPassword, requirePassword, temporaryPassword } from '../../../../src/core/account/password.ts'
import { MailError } from '../../../../src/core/errors.ts'
import { refusal } from './fakes.ts'

describe('Điều 9.2, as R-9.2, D-17 and D-18 read it', () => {
  const cases: readonly (readonly [password: string, local: string, faults: string])[] = [
    ['Abcdefghij1!', 'quynhhtn', ''],
    ['Abcdefghijk1?', 'quynhhtn', 'special'],
    ['Abcdefgh1!', 'quynhhtn', 'length'],
    ['Mậtkhẩu#2026a', 'quynhhtn', 'ascii'],
    ['Matkhau@123!#A', 'quynhhtn', 'published'],
    ['Quynhhtn#2026A', 'quynhhtn', 'contains-name'],
    ['Quynhhtn#2026A', 'lan', ''],
    ['Lan-Lan#2026AB', 'lan', ''],
    ['abcdefghij1!', 'x', 'upper'],
    ['ABCDEFGHIJ1!', 'x', 'lower'],
    ['Abcdefghijk!', 'x', 'digit'],
    ['Abcdefghij1! ', 'x', 'ascii'],
    [' Abcdefghij1!', 'x', 'ascii'],
    ['Abcdefghi$1&', 'x', ''],
    ['Abcdefghi1?*', 'x', ''],
    ['', 'x', 'length upper lower digit special'],
    ['😀Abcdefghi1!', 'x', 'ascii'],
    [`Ab1!${'c'.repeat(253)}`, 'x', 'length'],
  ]
  for (const [password, local, faults] of cases) {
    it(`${JSON.stringify(password.slice(0, 20))} of ${local}: ${faults || 'good'}`, () => {
      assert.equal(passwordFaults(password, local).join(' '), faults)
      if (faults === '') return requirePassword(password, local)
      assert.throws(
        () => requirePassword(password, local),
        (error) => error instanceof MailError && error.code === 'password-invalid' && error.detail['faults'] === faults && (password === '' || !error.message.includes(password)),
      )
    })
  }

  it('service mailboxes may have any that can be typed', () => {
    for (const password of ['pw', 'mật khẩu', 'x'.repeat(256)]) requireAnyPassword(password)
    for (const password of ['', 'a\nb', 'a\0', 'x'.repeat(257)]) assert.throws(() => requireAnyPassword(password), refusal('password-invalid'))
  })
})

describe('temporary passwords', () => {
  const made = Array.from({ length: 2_000 }, () => temporaryPassword(createSystemRandom()))

  it('have 16 characters, meet the rules and begin with a letter', () => {
    for (const password of made) {
      assert.equal(password.length, 16)
      assert.deepEqual(passwordFaults(password, 'quantri'), [])
      assert.match(password, /^[A-Za-z]/)
    }
  })
  it('have no characters that look alike, nor any that shells take apart', () => {
    for (const password of made) assert.doesNotMatch(password, /[IlOo01!$*&"'`\\ ]/)
  })
  it('differ, and use every character', () => {
    assert.equal(new Set(made).size, made.length)
    assert.equal(new Set(made.join('')).size, 24 + 24 + 8 + 3)
  })
})
