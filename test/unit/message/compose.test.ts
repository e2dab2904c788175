import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeHeaderText, formatDate, hasField, removeFields } from '../../../src/message/compose.ts'
import { parseDate } from '../../../src/message/date.ts'
import { decodeHeaderText } from '../../../src/message/encoded-word.ts'
import { unfold } from '../../../src/message/header.ts'

test('header text: ASCII as it is, the rest as encoded words of at most 75 characters', () => {
  assert.equal(encodeHeaderText('plain text'), 'plain text')
  assert.equal(encodeHeaderText('Hội'), '=?UTF-8?B?SOG7mWk=?=')
  assert.equal(encodeHeaderText('looks =?UTF-8?Q?like?= a word').startsWith('=?UTF-8?B?'), true)
  const long = encodeHeaderText('Cộng hòa xã hội chủ nghĩa Việt Nam '.repeat(10))
  for (const line of long.split('\r\n ')) assert.match(line, /^=\?UTF-8\?B\?[A-Za-z0-9+/=]+\?=$/)
  for (const line of long.split('\r\n')) assert.ok(line.length <= 76)
})

test('header text cannot add a field', () => {
  assert.equal(encodeHeaderText('x\r\nBcc: y'), 'x Bcc: y')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const encoded = encodeHeaderText(text)
      assert.match(encoded, /^[\x20-\x7e]*(?:\r\n [\x21-\x7e]+)*$/)
    }),
    { numRuns: 1000 },
  )
})

test('what is encoded is decoded to the same text', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-ZạảãàáâấầẩẫậđêếịợưữỳĐẶ,.:()]{1,5}( [a-zA-ZạảãàáâấầẩẫậđêếịợưữỳĐẶ]{1,7}){0,30}$/), (text) => {
      assert.equal(decodeHeaderText(unfold(encodeHeaderText(text))), text.normalize('NFC'))
    }),
    { numRuns: 500 },
  )
})

test('dates', () => {
  assert.equal(formatDate(Date.UTC(2023, 0, 2, 3, 0, 0), 420), 'Mon, 02 Jan 2023 10:00:00 +0700')
  assert.equal(formatDate(Date.UTC(2023, 0, 1, 0, 30, 0), -210), 'Sat, 31 Dec 2022 21:00:00 -0330')
  assert.equal(formatDate(0, 0), 'Thu, 01 Jan 1970 00:00:00 +0000')
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: -720, max: 840 }), (seconds, offset) => {
      assert.equal(parseDate(formatDate(seconds * 1000, offset)), seconds * 1000)
    }),
  )
})

const remove = (text: string, ...names: string[]): string => Buffer.from(removeFields(Buffer.from(text, 'latin1'), new Set(names))).toString('latin1')

const removals: readonly (readonly [string, string[], string])[] = [
  ['A: 1\r\nBcc: x,\r\n y\r\nC: 2\r\n\r\nBcc: body\r\n', ['bcc'], 'A: 1\r\nC: 2\r\n\r\nBcc: body\r\n'],
  ['Bcc: x\r\nbcc: y\r\nA: 1\r\n\r\n', ['bcc'], 'A: 1\r\n\r\n'],
  ['A: 1\r\nBcc: x\r\n\r\nbody', ['bcc'], 'A: 1\r\n\r\nbody'],
  ['A: 1\nBCC : x\n\nbody', ['bcc'], 'A: 1\n\nbody'],
  ['Bcc: x', ['bcc'], ''],
  ['A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n', ['a', 'c'], 'B: 2\r\nD: 4\r\n\r\n'],
  ['A: \xff\r\n\r\n\0', ['bcc'], 'A: \xff\r\n\r\n\0'],
  ['', ['bcc'], ''],
]

test('fields are removed whole and nothing else changes', () => {
  for (const [text, names, expected] of removals) assert.equal(remove(text, ...names), expected, text)
  const untouched = Buffer.from('A: 1\r\n\r\n')
  assert.equal(removeFields(untouched, new Set(['bcc'])), untouched)
})

test('hasField looks at the top header only', () => {
  assert.equal(hasField(Buffer.from('Date: x\r\n\r\nSubject: y\r\n'), 'date'), true)
  assert.equal(hasField(Buffer.from('Date: x\r\n\r\nSubject: y\r\n'), 'subject'), false)
})
