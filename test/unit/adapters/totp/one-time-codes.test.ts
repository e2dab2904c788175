/** One-time codes: the vectors of RFC 6238 appendix B (SHA-1, last six digits), and the window of one step. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createOneTimeCodes } from '../../../../src/adapters/totp/one-time-codes.ts'

const codes = createOneTimeCodes()
/** `12345678901234567890` in base 32. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

const vectors: readonly (readonly [seconds: number, code: string])[] = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
]

it('takes the codes of RFC 6238', () => {
  for (const [seconds, code] of vectors) assert.equal(codes.stepOf({ secret, code, nowMs: seconds * 1000 }), Math.floor(seconds / 30))
})

it('takes a code one step early or late as of its own step, and no other', () => {
  const step = Math.floor(1234567890 / 30)
  const at = (steps: number): number | null => codes.stepOf({ secret, code: '005924', nowMs: (step + steps) * 30_000 + 15_000 })
  assert.deepEqual([-2, -1, 0, 1, 2].map(at), [null, step, step, step, null])
  assert.equal(codes.stepOf({ secret, code: '000000', nowMs: 1234567890_000 }), null)
})

it('makes secrets of 160 bits and a URI that names the account', () => {
  const made = codes.newSecret()
  assert.match(made, /^[A-Z2-7]{32}$/)
  assert.notEqual(made, codes.newSecret())
  const uri = new URL(codes.uri({ secret: made, account: 'hoant@skhcn.gialai.gov.vn', issuer: 'Công Vụ gialai.gov.vn' }))
  assert.equal(uri.protocol, 'otpauth:')
  assert.equal(uri.searchParams.get('secret'), made)
  assert.equal(uri.searchParams.get('issuer'), 'Công Vụ gialai.gov.vn')
})
