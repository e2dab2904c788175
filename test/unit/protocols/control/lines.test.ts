/** Lines of the private socket: whole, bounded, and longer only for requests that carry a file. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineReader, LineTooLongError } from '../../../../src/protocols/control/lines.ts'

const longer = { starts: ['{"command":"a"'], maxBytes: 1_000 }

test('lines come whole however they are cut', () => {
  const bytes = Buffer.from('một\r\nhai\n\nba')
  for (const size of [1, 2, 3, 100]) {
    const reader = new LineReader(100)
    const lines: string[] = []
    for (let at = 0; at < bytes.length; at += size) lines.push(...reader.push(bytes.subarray(at, at + size)))
    assert.deepEqual(lines, ['một', 'hai', ''])
  }
})

test('a line beyond the limit is an error, unless it begins as one that may be longer', () => {
  for (const size of [1, 7, 64, 5_000]) {
    const feed = (text: string): string[] => {
      const reader = new LineReader(50, longer)
      const bytes = Buffer.from(text)
      const lines: string[] = []
      for (let at = 0; at < bytes.length; at += size) lines.push(...reader.push(bytes.subarray(at, at + size)))
      return lines
    }
    assert.throws(() => feed(`${'x'.repeat(60)}\n`), LineTooLongError)
    assert.throws(() => feed(`{"command":"b","x":"${'x'.repeat(60)}"}\n`), LineTooLongError)
    assert.equal(feed(`{"command":"a","x":"${'x'.repeat(900)}"}\n`)[0]?.length, 922)
    assert.throws(() => feed(`{"command":"a","x":"${'x'.repeat(1_100)}"}\n`), LineTooLongError)
    assert.throws(() => feed(`{"command":"a"}\n${'x'.repeat(60)}\n`), LineTooLongError)
  }
})
