import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusOf } from '../../../../src/core/submission/return-to-sender.ts'
import { bounceText, momentText } from '../../../../src/core/text/bounce.ts'
import { errorTexts } from '../../../../src/core/text/errors.ts'

const replies: readonly (readonly [reply: string, status: string])[] = [
  ['550 5.1.1 no such user', '5.1.1'],
  ['550-5.7.26 unauthenticated', '5.7.26'],
  ['5.4.4 no MX', '5.4.4'],
  ['550 no such user', '5.0.0'],
  ['451 later', '4.0.0'],
  ['connect ETIMEDOUT 192.0.2.1:25', '5.0.0'],
  ['', '5.0.0'],
]
for (const [reply, status] of replies) test(`status of ${JSON.stringify(reply)} is ${status}`, () => assert.equal(statusOf(reply), status))

const meanings: readonly (readonly [status: string, vi: string])[] = [
  ['5.1.1', 'Không có địa chỉ này ở nơi nhận.'],
  ['5.1.10', 'Địa chỉ người nhận không đúng.'],
  ['5.2.2', 'Hộp thư của người nhận đã đầy.'],
  ['4.2.2', 'Hộp thư của người nhận đã đầy.'],
  ['5.4.4', 'Không kết nối được tới máy chủ nơi nhận.'],
  ['4.4.7', 'Không gửi được trong thời hạn cho phép.'],
  ['5.7.26', 'Nơi nhận từ chối thư theo chính sách của họ.'],
  ['5.0.0', 'Nơi nhận từ chối thư.'],
]
for (const [status, vi] of meanings) {
  test(`${status} is told as: ${vi}`, () => {
    const text = bounceText([{ address: 'ai@example.net', status, reply: 'x' }], '', momentText(0, 420))
    assert.ok(text.includes(`  <ai@example.net>\n    ${vi}\n`))
  })
}

test('every refusal has a text in both languages', () => {
  for (const [code, { vi, en }] of Object.entries(errorTexts)) {
    assert.match(vi, /[^\x00-\x7f].*\.$/, code)
    assert.match(en, /^[\x20-\x7e]+\.$/, code)
    assert.equal(vi, vi.normalize('NFC'))
  }
})

test('moments are told in the zone of the province, in both languages', () => {
  assert.deepEqual(momentText(Date.UTC(2026, 11, 31, 20, 5), 420), { vi: '03:05 ngày 01/01/2027', en: '01 Jan 2027 03:05' })
})
