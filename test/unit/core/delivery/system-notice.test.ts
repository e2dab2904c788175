/** Letters of the administration: marked as a machine's, NFC, readable by an independent parser (requirements §1.7; RFC 3834). */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { simpleParser } from 'mailparser'
import { composeNotice } from '../../../../src/core/delivery/system-notice.ts'

const facts = { mainDomain: 'gialai.gov.vn', utcOffsetMinutes: 420, nowMs: Date.UTC(2026, 4, 11, 1), id: 'abc' }

it('is what it was given to say, marked as made by a machine', async () => {
  const text = 'Tài khoản của bạn sẽ bị tạm khóa.\nYour account will be locked.'.normalize('NFD')
  const bytes = composeNotice({ recipient: 'hoant@skhcn.gialai.gov.vn', subject: 'Cảnh báo: tài khoản sắp bị tạm khóa theo Điều 6.2a của Quy chế\r\nBcc: x@y', text }, facts)
  const message = await simpleParser(Buffer.from(bytes))
  assert.equal(message.subject, 'Cảnh báo: tài khoản sắp bị tạm khóa theo Điều 6.2a của Quy chế Bcc: x@y')
  assert.equal(message.text?.trim(), text.normalize('NFC'))
  assert.equal(message.headers.get('auto-submitted'), 'auto-generated')
  assert.equal(message.headers.has('bcc'), false)
  assert.equal(message.from?.value[0]?.address, 'khong-tra-loi@gialai.gov.vn')
  assert.equal(message.from?.value[0]?.name, 'Hệ thống thư điện tử công vụ')
  assert.equal(message.messageId, '<abc@gialai.gov.vn>')
  assert.equal(message.date?.getTime(), facts.nowMs)
})

it('has CRLF throughout and no line beyond 78 characters', () => {
  const text = Buffer.from(composeNotice({ recipient: 'a@b.vn', subject: 'Đ'.repeat(300), text: 'ệ'.repeat(5_000) }, facts)).toString('latin1')
  assert.doesNotMatch(text, /[^\r]\n|\r[^\n]/)
  assert.ok(text.split('\r\n').every((line) => line.length <= 78))
})
