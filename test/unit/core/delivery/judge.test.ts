import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, mayBounce } from '../../../../src/core/delivery/judge.ts'
import type { JudgeSettings } from '../../../../src/core/delivery/settings.ts'
import type { DeliveryFacts } from '../../../../src/core/mail.ts'

const nothing: DeliveryFacts = {
  remoteIp: null, remoteName: null, helo: null, tls: false, spf: null, dkim: null, dmarc: null, spam: null, virus: null, dnsLists: [], unanswered: [],
}
const usual: JudgeSettings = { spamRefuseScore: null, dmarcReject: 'refuse', dnsListIsJunk: true }
const virus = (found: string | null) => ({ virus: { engine: 'clamd', found } })
const spam = (score: number, action = 'no action', required = 15) => ({ spam: { engine: 'rspamd', score, required, action } })
const dmarc = (result: string, policy: string) => ({ dmarc: { result, policy, domain: 'example.org' } })

const table: readonly (readonly [what: string, facts: Partial<DeliveryFacts> | null, settings: Partial<JudgeSettings>, verdict: string])[] = [
  ['no facts', null, {}, 'accept'],
  ['nothing was checked', {}, {}, 'accept'],
  ['nobody answered', { unanswered: ['rspamd', 'clamd'] }, {}, 'accept'],
  ['no virus', virus(null), {}, 'accept'],
  ['a virus', virus('Eicar'), {}, 'refuse virus-found'],
  ['a virus in spam', { ...virus('Eicar'), ...spam(30, 'reject') }, {}, 'refuse virus-found'],
  ['little spam', spam(5.9), {}, 'accept'],
  ['spam to be marked', spam(6, 'add header'), {}, 'junk'],
  ['spam whose subject would be marked', spam(8, 'rewrite subject'), {}, 'junk'],
  ['greylisting was decided at the door', spam(4, 'greylist'), {}, 'accept'],
  ['much spam', spam(15, ''), {}, 'junk'],
  ['a score without a threshold', spam(3, '', 0), {}, 'accept'],
  ['very much spam', spam(20, 'reject'), { spamRefuseScore: 20 }, 'refuse message-refused'],
  ['less than very much', spam(19.9, 'reject'), { spamRefuseScore: 20 }, 'junk'],
  ['DMARC passed', dmarc('pass', 'reject'), {}, 'accept'],
  ['DMARC failed, no policy', dmarc('fail', 'none'), {}, 'accept'],
  ['DMARC failed, quarantine', dmarc('fail', 'quarantine'), {}, 'junk'],
  ['DMARC failed, reject', dmarc('fail', 'reject'), {}, 'refuse message-refused'],
  ['DMARC failed, reject, but lists are let through', dmarc('fail', 'reject'), { dmarcReject: 'junk' }, 'junk'],
  ['DMARC had no answer', dmarc('temperror', 'reject'), {}, 'accept'],
  ['on a DNS list', { dnsLists: ['zen.example'] }, {}, 'junk'],
  ['on a DNS list that is only noted', { dnsLists: ['zen.example'] }, { dnsListIsJunk: false }, 'accept'],
]
for (const [what, facts, settings, expected] of table) {
  test(`judge: ${what}: ${expected}`, () => {
    const verdict = judge(facts === null ? null : { ...nothing, ...facts }, false, { ...usual, ...settings })
    assert.equal(verdict.kind === 'refuse' ? `refuse ${verdict.code}` : verdict.kind, expected)
  })
}

test('mail of an account is judged for malware only', () => {
  const all = { ...nothing, ...spam(99, 'reject'), ...dmarc('fail', 'reject'), dnsLists: ['zen.example'] }
  assert.equal(judge(all, true, { ...usual, spamRefuseScore: 1 }).kind, 'accept')
  assert.equal(judge({ ...all, ...virus('Eicar') }, true, usual).kind, 'refuse')
})

test('a sender is only told of failures when he is who he says, as far as we know', () => {
  const accept = { kind: 'accept' } as const
  assert.equal(mayBounce(null, accept), true)
  assert.equal(mayBounce({ ...nothing, spf: { result: 'pass', domain: 'x' } }, accept), true)
  for (const result of ['fail', 'softfail']) assert.equal(mayBounce({ ...nothing, spf: { result, domain: 'x' } }, accept), false)
  assert.equal(mayBounce({ ...nothing, ...dmarc('fail', 'none') }, accept), false)
  assert.equal(mayBounce(nothing, { kind: 'junk', reason: '' }), false)
})
