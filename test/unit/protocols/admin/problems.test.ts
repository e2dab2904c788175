/** Every refusal has a whole problem document: status, stable code, both languages, clause (RFC 9457). */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MailError, type MailErrorCode } from '../../../../src/core/errors.ts'
import { basis, mailErrorOf, refused, type RefusalCode } from '../../../../src/core/account/lifecycle/basis.ts'
import { refusalTexts } from '../../../../src/core/account/lifecycle/refusal-texts.ts'
import { apiProblems, reasonTexts, statuses, type ApiProblemCode } from '../../../../src/protocols/admin/problem-table.ts'
import { ApiError, refusalOf, type Refusal } from '../../../../src/protocols/admin/problems.ts'

const at = { instance: '/api/v1/x', versioned: false }

function requireWhole({ problem, fault }: Refusal): void {
  assert.equal(fault, false)
  for (const text of [problem.title, problem.title_en, problem.detail, problem.detail_en, problem.code]) assert.ok(text.length > 0, problem.code)
  assert.ok(problem.status >= 400 && problem.status < 600)
  assert.equal(problem.instance, '/api/v1/x')
  assert.equal(problem.type, `urn:congvu:problem:${problem.code}`)
}

it('of every code of core', () => {
  for (const code of Object.keys(statuses) as MailErrorCode[]) {
    const refusal = refusalOf(new MailError(code), at)
    requireWhole(refusal)
    assert.deepEqual([refusal.problem.code, refusal.problem.status], [code, statuses[code]])
  }
})

it('of every refusal of the regulation, with its clause and class', () => {
  const classes: Readonly<Record<string, number>> = { role: 403, state: 409, 'document-missing': 422 }
  for (const code of Object.keys(refusalTexts) as RefusalCode[]) {
    const refusal = refusalOf(mailErrorOf(refused(code, basis('Điều 6.2a', 'D-8'), { day: '2026-08-12' })), at)
    requireWhole(refusal)
    assert.equal(refusal.problem.code, code)
    assert.equal(refusal.problem.clause, 'Điều 6.2a')
    assert.deepEqual(refusal.problem.facts, { day: '2026-08-12' })
    if (code in classes) assert.equal(refusal.problem.status, classes[code])
  }
})

it('of every refusal of the API itself and every reason with words of its own', () => {
  for (const code of Object.keys(apiProblems) as ApiProblemCode[]) requireWhole(refusalOf(new ApiError(code), at))
  for (const reason of Object.keys(reasonTexts)) assert.equal(refusalOf(new MailError('conflict', '', { reason }), at).problem.code, reason)
})

it('a conflict is 409, and 412 where the request named the version', () => {
  assert.equal(refusalOf(new MailError('conflict'), at).problem.status, 409)
  const { problem } = refusalOf(new MailError('conflict'), { ...at, versioned: true })
  assert.deepEqual([problem.status, problem.code], [412, 'version-stale'])
})

it('what may succeed later says when', () => {
  assert.equal(refusalOf(new MailError('authentication-throttled', '', { retryAfterMs: 30_000 }), at).headers['retry-after'], '30')
  assert.equal(refusalOf(new MailError('unavailable'), at).headers['retry-after'], '5')
  assert.equal(refusalOf(new MailError('address-taken'), at).headers['retry-after'], undefined)
})

it('anything else is 500 without detail', () => {
  for (const bug of [new TypeError('inside'), null, 'text', { statusCode: 500, message: 'inside' }]) {
    const { problem, fault } = refusalOf(bug, at)
    assert.deepEqual([problem.status, problem.code, fault], [500, 'internal', true])
    assert.doesNotMatch(JSON.stringify(problem), /inside/)
  }
})
