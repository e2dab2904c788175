import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseAddress, requireAddress, requireDisplayName, requireIssuable, splitDetail } from '../../../../src/core/account/address.ts'
import { refusal } from './fakes.ts'

const longLabel = 'a'.repeat(63)
const longDomain = `${longLabel}.${longLabel}.${longLabel}`

describe('RFC 5321 §4.1.2', () => {
  const valid: readonly (readonly [typed: string, kept: string])[] = [
    ['quynhhtn@skhcn.gialai.gov.vn', 'quynhhtn@skhcn.gialai.gov.vn'],
    ['QuynhHTN@SKHCN.GiaLai.GOV.VN', 'quynhhtn@skhcn.gialai.gov.vn'],
    ['a@b', 'a@b'],
    ['u0@bench.test', 'u0@bench.test'],
    ["!#$%&'*+/=?^_`{|}~-@b.c", "!#$%&'*+/=?^_`{|}~-@b.c"],
    ['a.b.c@d-e.f', 'a.b.c@d-e.f'],
    [`${'a'.repeat(64)}@b.c`, `${'a'.repeat(64)}@b.c`],
    [`x@${longDomain}`, `x@${longDomain}`],
    // The Kelvin sign is a K.
    ['\u212A@b.c', 'k@b.c'],
  ]
  for (const [typed, kept] of valid) {
    it(`takes ${typed.slice(0, 70)}`, () => {
      const parts = requireAddress(typed)
      assert.equal(`${parts.local}@${parts.domain}`, kept)
    })
  }

  const invalid = [
    '', '@', 'a', 'a@', '@b', 'a@@b', 'a b@c', 'a@b c', '.a@b', 'a.@b', 'a..b@c', 'a@.b', 'a@b.', 'a@b..c', 'a@-b', 'a@b-', 'a@b_c',
    `${'a'.repeat(65)}@b`, `a@${longLabel}x`, `a@${longDomain}.${longLabel}`, `${'a'.repeat(63)}@${longDomain}`,
    'quỳnh@b.c', 'a@tỉnh.vn', 'a@[127.0.0.1]', '"a b"@c', '<a@b>', 'a@b\r\n', 'a\0@b', 'a@b,c@d', 'x'.repeat(1_000_000),
  ]
  for (const typed of invalid) {
    it(`refuses ${JSON.stringify(typed.slice(0, 50))}`, () => {
      assert.equal(parseAddress(typed), null)
      assert.throws(() => requireAddress(typed), refusal('address-invalid'))
    })
  }
})

describe('what may be issued (R-4.2d)', () => {
  for (const local of ['quynhhtn', 'vanhoa-xahoi', 'hoant0803', 'ttcds', 'a.b_c-d', '1']) {
    it(`issues ${local}`, () => requireIssuable({ local, domain: 'skhcn.gialai.gov.vn' }))
  }
  for (const local of ['postmaster', 'abuse', 'mailer-daemon', 'root', '-a', 'a-', 'a--b', 'a+b', 'a!b', '_a']) {
    it(`does not issue ${local}`, () => {
      assert.throws(() => requireIssuable({ local, domain: 'skhcn.gialai.gov.vn' }), refusal('address-invalid'))
    })
  }
})

describe('detail (RFC 5233)', () => {
  const cases: readonly (readonly [string, string, string | null])[] = [
    ['lan', 'lan', null],
    ['lan+tin', 'lan', 'tin'],
    ['lan+', 'lan', ''],
    ['lan+a+b', 'lan', 'a+b'],
    ['+lan', '+lan', null],
    ['+lan+x', '+lan', 'x'],
  ]
  for (const [local, base, detail] of cases) it(local, () => assert.deepEqual(splitDetail(local), { base, detail }))
})

describe('names that are shown', () => {
  it('are NFC and trimmed', () => assert.equal(requireDisplayName('  Nguye\u0302\u0303n Văn A '), 'Nguyễn Văn A'))
  for (const name of ['', '   ', 'a\nb', 'a\tb', 'a\u001b[31m', 'x'.repeat(201)]) {
    it(`refuses ${JSON.stringify(name.slice(0, 20))}`, () => assert.throws(() => requireDisplayName(name), refusal('name-invalid')))
  }
})
