/**
 * Envelope addresses on their way in: what ingress reads of MAIL and RCPT, says to core over LMTP, and core reads there. Two
 * that understand an address differently deliver mail to somebody else.
 */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { parseAddress } from '../../../src/core/account/address.ts'
import type { HarakaAddress } from '../../../src/protocols/smtp/haraka/haraka-types.ts'
import { pathAddress } from '../../../src/protocols/smtp/haraka/paths.ts'
import { parseCommand } from '../../../src/protocols/smtp/lmtp-command.ts'
import { damaged, latin1, type Damage } from '../mutate.ts'
import type { OpenTarget, Target } from '../target.ts'

const { Address } = createRequire(import.meta.url)('@haraka/email-address') as { Address: new (text: string) => HarakaAddress }

const seeds = latin1(['<an@so.congvu.test>', '<a.b+c@x.vn>', '<"a b"@x.vn>', '<"a\\"b>c"@x.vn>', '<@a.b,@c.d:e@f.vn>', '<x@[192.0.2.1]>', '<x@[IPv6:2001:db8::1]>', '<nguy\xe1\xbb\x85n@x.vn>', '<a@\xc4\x91.vn>', '<>', '<Postmaster>'])
const tokens = latin1(['<', '>', '@', '"', '\\', '.', ',', ':', ' ', '\t', '\0', '\r', '\n', '\x1b', '\x7f', '\xff', '\xe1\xbb\x85', '\xc2\x85', '\xe2\x80\xa8', '[', ']', '+', '(', ')', 'x'.repeat(300), 'xn--', '..', '"">', '\\>', '\\"'])

export const envelopeAddresses: Target = {
  name: 'envelope-address',
  what: 'addresses of MAIL and RCPT: ingress and core read the same',
  share: 60,
  open(): OpenTarget {
    const damage: Damage = { seeds, tokens, maxBytes: 4096 }
    return { make: (rng) => damaged(rng, damage), run: (input) => check(input.toString('utf8')) }
  },
}

function check(text: string): void {
  let address: HarakaAddress
  try {
    address = new Address(text)
  } catch (error) {
    // Whatever it says: Haraka answers 501.
    assert.ok(error instanceof Error)
    return
  }
  const path = pathAddress(address)
  if (path === null) return
  const heard = parseCommand(`MAIL FROM:${address.format()} XTRANSACTION=t`)
  assert.ok(heard.verb === 'MAIL', `${address.format()} is ${heard.verb}`)
  assert.equal(heard.address, path)
  assert.equal(heard.parameters.get('XTRANSACTION'), 't')
  const parts = parseAddress(path)
  if (parts !== null) assert.ok(!/[\x00-\x20\x7f<>]/.test(`${parts.local}@${parts.domain}`))
}
