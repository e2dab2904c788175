import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headerFacts } from '../../../../src/core/delivery/header-facts.ts'

const from = (value: string): readonly (string | null)[] => headerFacts(Buffer.from(`From: ${value}\r\n\r\n`), true).from

const table: readonly (readonly [value: string, addresses: readonly (string | null)[]])[] = [
  ['An <an@x.example>', ['an@x.example']],
  ['an@x.example, "B, C" <b@y.example>', ['an@x.example', 'b@y.example']],
  ['Nhom: a@x.example, b@y.example;', ['a@x.example', 'b@y.example']],
  ['an', [null]],
  ['"an@x.example"', [null]],
  ['<an@x.example', ['an@x.example']],
  ['nguyễn@x.example', ['nguyễn@x.example']],
  ['a@x.example <b@y.example>', ['b@y.example']],
]
for (const [value, addresses] of table) test(`From: ${value}`, () => assert.deepEqual(from(value), addresses))

test('what stands in the body, or in a message inside, is no header', () => {
  const found = headerFacts(Buffer.from('Subject: x\r\n\r\nFrom: a@b.c\r\nReceived: x\r\nDelivered-To: a@b.c\r\nBcc: a@b.c\r\n'), true)
  assert.deepEqual(found, { receivedFields: 0, deliveredTo: [], fromFields: 0, from: [], fromNames: [], senderFields: [], hasDate: false, hasMessageId: false, hasBcc: false, results: [] })
})

test('fields are found in any case, folded, with bare LF, and without a body', () => {
  const found = headerFacts(Buffer.from('RECEIVED: a\n b\nreceived:c\ndelivered-TO:\n  An@X.Example\nDATE: x\nmessage-id: <a>\nResent-BCC: x'), false)
  assert.deepEqual([found.receivedFields, found.deliveredTo, found.hasDate, found.hasMessageId, found.hasBcc], [2, ['an@x.example'], true, true, true])
})

test('a header of 100,000 lines, and one with more authors than anybody has, are read in their time and not believed', () => {
  assert.equal(headerFacts(Buffer.from('Received: x\r\n'.repeat(100_000)), true).receivedFields, 100_000)
  assert.deepEqual(from('a@x.example, '.repeat(200)), [null])
})
