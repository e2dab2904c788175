/** Who an Authentication-Results field claims to be of (RFC 8601 §2.2), and cutting out those that claim to be ours. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { authorityOf, withoutForgedResults } from '../../../../src/core/delivery/forged-results.ts'
import { headerFacts } from '../../../../src/core/delivery/header-facts.ts'

describe('authorityOf', () => {
  const cases: readonly [string, string][] = [
    ['mx.example; spf=pass', 'mx.example'],
    ['MX.Example;spf=pass', 'mx.example'],
    ['mx.example 1; none', 'mx.example'],
    ['mx.example', 'mx.example'],
    ['mx.example.; none', 'mx.example'],
    ['mx.example/1; none', 'mx.example'],
    ['(a) (b (c)) mx.example; none', 'mx.example'],
    ['(a \\) mx.other) mx.example; none', 'mx.example'],
    ['mx.example(a); none', 'mx.example'],
    ['"mx.example"; none', 'mx.example'],
    ['"mx\\.example" ; none', 'mx.example'],
    ['\t "mx.example" ; none', 'mx.example'],
    ['(mx.example; none', ''],
    ['; spf=pass', ''],
    ['', ''],
  ]
  for (const [value, authority] of cases) {
    it(JSON.stringify(value), () => assert.equal(authorityOf(value), authority))
  }
})

describe('withoutForgedResults', () => {
  const cut = (text: string): string => {
    const bytes = Buffer.from(text, 'latin1')
    return Buffer.from(withoutForgedResults(bytes, headerFacts(bytes, false).results, 'Mail.Congvu.test')).toString('latin1')
  }

  it('answers the bytes themselves when there is nothing to cut', () => {
    const bytes = Buffer.from('Authentication-Results: mx.example; none\r\n\r\nx')
    assert.equal(withoutForgedResults(bytes, headerFacts(bytes, false).results, 'mail.congvu.test'), bytes)
  })

  it('cuts whole folded fields, at the start, in the middle and at the end, and nothing of the body', () => {
    const forged = 'authentication-results: mail.congvu.test;\r\n\tspf=pass;\r\n dkim=pass\r\n'
    assert.equal(cut(`${forged}A: 1\r\n${forged}${forged}B: 2\r\n${forged}\r\n${forged}`), `A: 1\r\nB: 2\r\n\r\n${forged}`)
  })

  it('takes bare line feeds, and a header without a body, as they come', () => {
    assert.equal(cut('A: 1\nAuthentication-Results: mail.congvu.test;\n x\nB: \xff\n\nx'), 'A: 1\nB: \xff\n\nx')
    assert.equal(cut('A: 1\r\nAuthentication-Results: mail.congvu.test'), 'A: 1\r\n')
  })

  it('does not mind thousands of them', () => {
    assert.equal(cut(`${'Authentication-Results: mail.congvu.test; none\r\n'.repeat(50_000)}A: 1\r\n\r\n`), 'A: 1\r\n\r\n')
  })
})
