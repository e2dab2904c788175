import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCommand } from '../../../../src/protocols/smtp/lmtp-command.ts'

const addresses: readonly (readonly [line: string, address: string, parameters: Record<string, string>])[] = [
  ['MAIL FROM:<an@skhcn.example>', 'an@skhcn.example', {}],
  ['mail from:<> XTRANSACTION=01abc', '', { XTRANSACTION: '01abc' }],
  ['MAIL FROM: <an@skhcn.example> SIZE=100 BODY=8BITMIME SMTPUTF8', 'an@skhcn.example', { SIZE: '100', BODY: '8BITMIME', SMTPUTF8: '' }],
  ['RCPT TO:<"an > binh"@skhcn.example>', '"an > binh"@skhcn.example', {}],
  ['RCPT TO:<"a\\">b"@skhcn.example>', '"a\\">b"@skhcn.example', {}],
  ['RCPT TO:<@a.example,@b.example:an@skhcn.example>', 'an@skhcn.example', {}],
  ['RCPT TO:<an@xn--bcher-kva.example>', 'an@xn--bcher-kva.example', {}],
  ['RCPT TO:<nguyễn@skhcn.example>', 'nguyễn@skhcn.example', {}],
  ['RCPT TO:<AN..A_N@under_score.example>', 'AN..A_N@under_score.example', {}],
  ['RCPT TO:<Postmaster>', 'Postmaster', {}],
]
for (const [line, address, parameters] of addresses) {
  test(`LMTP: ${line}`, () => {
    const command = parseCommand(line)
    assert.ok(command.verb === 'MAIL' || command.verb === 'RCPT')
    assert.deepEqual([command.address, Object.fromEntries(command.parameters)], [address, parameters])
  })
}

const others: readonly (readonly [line: string, verb: string])[] = [
  ['LHLO mail.example', 'LHLO'],
  ['lhlo', 'syntax'],
  ['DATA', 'DATA'],
  ['quit', 'QUIT'],
  ['RSET', 'RSET'],
  ['EHLO mail.example', 'unknown'],
  ['BDAT 10 LAST', 'unknown'],
  ['', 'unknown'],
  ['MAIL FROM:an@skhcn.example', 'syntax'],
  ['MAIL TO:<an@skhcn.example>', 'syntax'],
  ['MAIL FROM:<an@skhcn.example', 'syntax'],
  ['MAIL FROM:<an@skhcn.example> SIZE=1 size=2', 'syntax'],
  ['MAIL FROM:<an@skhcn.example> =', 'syntax'],
  ['RCPT TO:<>', 'syntax'],
  ['RCPT TO:<an\0@skhcn.example>', 'syntax'],
]
for (const [line, verb] of others) {
  test(`LMTP: ${JSON.stringify(line)} is ${verb}`, () => assert.equal(parseCommand(line).verb, verb))
}
