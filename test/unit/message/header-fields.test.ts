import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selectFields } from '../../../src/message/header-fields.ts'

const header = 'From: a@x.vn\r\nSubject: one\r\n two\r\nTo: b@x.vn\r\nnoise\r\n more noise\r\nsubject : three\r\n\r\n'
const select = (text: string, names: string[], not: boolean): string =>
  Buffer.from(selectFields(Buffer.from(text), new Set(names), not)).toString()

const table: readonly (readonly [string, string[], boolean, string])[] = [
  [header, ['subject'], false, 'Subject: one\r\n two\r\nsubject : three\r\n\r\n'],
  [header, ['from', 'to'], false, 'From: a@x.vn\r\nTo: b@x.vn\r\n\r\n'],
  [header, ['cc'], false, '\r\n'],
  [header, [], false, '\r\n'],
  [header, ['subject', 'from'], true, 'To: b@x.vn\r\nnoise\r\n more noise\r\n\r\n'],
  [header, [], true, header],
  ['A: b\n\nbody', ['a'], false, 'A: b\n\n'],
  ['A: b\r\nC: d', ['c'], false, 'C: d\r\n'],
  ['', ['a'], false, '\r\n'],
  ['\r\nbody', [], true, '\r\n'],
]

test('HEADER.FIELDS and HEADER.FIELDS.NOT', () => {
  for (const [text, names, not, expected] of table) assert.equal(select(text, names, not), expected, `${names.join()} ${not}`)
})
