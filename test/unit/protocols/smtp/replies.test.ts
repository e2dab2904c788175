import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MailError, type MailErrorCode } from '../../../../src/core/errors.ts'
import { authenticationReplyOf, replies, replyOf } from '../../../../src/protocols/smtp/replies.ts'

/** The rows that issue 5 asks for. */
const asked: readonly (readonly [MailErrorCode, string])[] = [
  ['address-unknown', '550 5.1.1'],
  ['account-revoked', '550 5.2.1'],
  ['relay-denied', '550 5.7.1'],
  ['quota-exceeded', '552 5.2.2'],
  ['mail-loop', '554 5.4.6'],
  ['message-too-large', '552 5.3.4'],
  ['too-many-recipients', '452 4.5.3'],
  ['virus-found', '554 5.7.1'],
  ['authentication-failed', '535 5.7.8'],
  ['storage-full', '452 4.3.1'],
]
for (const [code, start] of asked) {
  test(`${code} is ${start}`, () => {
    const reply = replyOf(new MailError(code))
    assert.equal(`${reply.code} ${reply.enhanced}`, start)
  })
}

test('a full mailbox of a locked account is worth trying again', () => {
  const reply = replyOf(new MailError('quota-exceeded', undefined, { locked: true }))
  assert.deepEqual([reply.code, reply.enhanced], [452, '4.2.2'])
})

test('a refused AUTH is 535 also for a revoked account', () => {
  assert.equal(authenticationReplyOf(new MailError('account-revoked')).code, 535)
  assert.equal(authenticationReplyOf(new MailError('authentication-throttled')).code, 454)
})

test('every reply is one line of ASCII whose enhanced status has the class of its code, and passing refusals are 4xx', () => {
  for (const [code, reply] of Object.entries(replies)) {
    assert.match(reply.text, /^[\x20-\x7e]{1,200}$/)
    assert.match(reply.enhanced, /^[45]\.\d{1,3}\.\d{1,3}$/)
    assert.equal(reply.enhanced[0], String(reply.code)[0], code)
    const { temporary } = new MailError(code as MailErrorCode)
    if (temporary) assert.ok(reply.code < 500, code)
  }
})

test('anything but a refusal is a bug and goes on to the caller', () => {
  const bug = new TypeError('x')
  assert.throws(() => replyOf(bug), bug)
})

test('a refused AUTH says why the account is locked and what to do, in ASCII (Điều 6.2, 6.3c)', () => {
  for (const lockClause of ['6.2a', '6.2b', '6.2c', '6.2d', 'manual'] as const) {
    const { code, text } = authenticationReplyOf(new MailError('account-locked', undefined, { lockClause }))
    assert.equal(code, 535)
    assert.match(text, new RegExp(lockClause === 'manual' ? 'Dieu 6\\.2\\)' : `Dieu ${lockClause.replace('.', '\\.')}`))
    assert.match(text, /^[\x20-\x7e]{1,400}$/)
    assert.match(text, /in writing .*van ban de nghi/)
  }
  assert.match(authenticationReplyOf(new MailError('password-change-required', undefined, { changeAt: 'https://mail.gialai.gov.vn' })).text, /^Change the password at https:\/\/mail\.gialai\.gov\.vn first .*Phai doi mat khau tai/)
  assert.equal(authenticationReplyOf(new MailError('account-locked', undefined, { lockClause: 'toString' })).text, replies['account-locked'].text)
})
