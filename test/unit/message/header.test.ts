import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldValue, scanHeader, trimSpace, unfold } from '../../../src/message/header.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

function read(text: string): { fields: [string, string][]; body: string } {
  const buffer = bytes(text)
  const { fields, bodyStart } = scanHeader(buffer)
  for (const field of fields) {
    assert.ok(field.start < field.valueStart && field.valueStart <= field.end && field.end <= bodyStart)
  }
  return { fields: fields.map((field) => [field.name, fieldValue(buffer, field)]), body: buffer.toString('latin1', bodyStart) }
}

const table: readonly (readonly [string, string, [string, string][], string])[] = [
  ['CRLF', 'A: 1\r\nB: 2\r\n\r\nbody', [['a', '1'], ['b', '2']], 'body'],
  ['bare LF', 'A: 1\nB: 2\n\nbody', [['a', '1'], ['b', '2']], 'body'],
  ['mixed', 'A: 1\r\nB: 2\n\r\nbody', [['a', '1'], ['b', '2']], 'body'],
  ['folded', 'Subject: one\r\n two\r\n\tthree\r\nB: 2\r\n\r\n', [['subject', 'one two\tthree'], ['b', '2']], ''],
  ['no space after the colon, spaces around', 'A:1\r\nB: \t 2 \r\n\r\n', [['a', '1'], ['b', '2']], ''],
  ['obsolete space before the colon', 'Subject : x\r\n\r\n', [['subject', 'x']], ''],
  ['empty value', 'A:\r\nB: \r\n\r\n', [['a', ''], ['b', '']], ''],
  ['mbox line and noise are skipped', 'From me Mon\r\nA: 1\r\nno field here\r\n still none\r\nB: 2\r\n\r\n', [['a', '1'], ['b', '2']], ''],
  ['no blank line', 'A: 1\r\nB: 2', [['a', '1'], ['b', '2']], ''],
  ['empty', '', [], ''],
  ['blank line only', '\r\nbody', [], 'body'],
  ['8-bit value', 'A: H\xe0 \xc3\xa0\r\n\r\n', [['a', 'H\xe0 \xc3\xa0']], ''],
  ['colon in value', 'A: b: c\r\n\r\n', [['a', 'b: c']], ''],
  ['bare CR stays', 'A: b\rc\r\n\r\n', [['a', 'b\rc']], ''],
]

test('fields of a header', () => {
  for (const [name, text, fields, body] of table) assert.deepEqual(read(text), { fields, body }, name)
})

test('long headers: 2,000 lines, lines of 5,000 characters', () => {
  const many = Array.from({ length: 2000 }, (_, index) => `X-Line-${index}: ${'y'.repeat(index % 50)}\r\n`).join('')
  assert.equal(read(`${many}\r\n`).fields.length, 2000)
  const long = 'x'.repeat(5000)
  assert.deepEqual(read(`A: ${long}\r\n ${long}\r\n\r\n`).fields, [['a', `${long} ${long}`]])
})

test('unfolding keeps the last byte of a letter that looks like a space', () => {
  assert.equal(unfold(' \xc3\xa0\r\n'), '\xc3\xa0')
  assert.equal(trimSpace('\t\xa0 \r\n'), '\xa0')
})
