/** Parameters of MAIL and RCPT by table: RFC 5321 §4.1.1.11. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mailParametersRefusal, recipientParametersRefusal } from '../../../../src/protocols/smtp/haraka/envelope-parameters.ts'

const taken: readonly Record<string, string | null>[] = [{}, { SIZE: '0' }, { SIZE: '1048576', BODY: '8BITMIME', SMTPUTF8: null }, { BODY: '7bit' }]

const refused: readonly (readonly [Record<string, string | null>, number])[] = [
  [{ FOO: null }, 555],
  [{ SIZE: '10', FOO: 'bar' }, 555],
  [{ BODY: 'BINARYMIME' }, 555],
  [{ RET: 'FULL', ENVID: 'x' }, 555],
  [{ CONSTRUCTOR: 'x' }, 555],
  [JSON.parse('{"__PROTO__":"1"}'), 555],
  [{ SIZE: '-1' }, 501],
  [{ SIZE: '0x10' }, 501],
  [{ SIZE: null }, 501],
  [{ SIZE: '9'.repeat(21) }, 501],
  [{ SMTPUTF8: 'yes' }, 501],
]

test('MAIL takes what EHLO offers', () => {
  for (const parameters of taken) assert.equal(mailParametersRefusal(parameters, 'exchange'), null, JSON.stringify(parameters))
})

test('MAIL refuses the rest, each with 5.5.4', () => {
  for (const service of ['exchange', 'submission'] as const) {
    for (const [parameters, code] of refused) {
      const reply = mailParametersRefusal(parameters, service)
      assert.deepEqual([reply?.code, reply?.enhanced], [code, '5.5.4'], JSON.stringify(parameters))
    }
  }
})

test('AUTH belongs to the ports that offer it (RFC 4954 §5)', () => {
  assert.equal(mailParametersRefusal({ AUTH: '<>' }, 'submission'), null)
  assert.equal(mailParametersRefusal({ AUTH: null }, 'submission')?.code, 501)
  assert.equal(mailParametersRefusal({ AUTH: '<>' }, 'exchange')?.code, 555)
})

test('RCPT takes none', () => {
  assert.equal(recipientParametersRefusal({}), null)
  for (const name of ['NOTIFY', 'ORCPT', 'SIZE', 'X']) assert.equal(recipientParametersRefusal({ [name]: 'NEVER' })?.code, 555)
})
