/** The packed search text: what is found in it must not depend on the way by which it was put together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMessage } from '../../../src/message/parse.ts'
import { readableText } from '../../../src/message/readable-text.ts'
import { maxSearchChars, openSearchText, packSearchText } from '../../../src/message/search-text.ts'
import { fold } from '../../../src/vietnamese/fold.ts'

function searchText(text: string): ReturnType<typeof openSearchText> {
  const head = 'From: An <an@example.com>\r\nSubject: =?utf-8?q?Th=E1=BB=AD?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n'
  const bytes = Buffer.from(head + text)
  const parsed = parseMessage(bytes)
  return openSearchText(packSearchText(bytes, parsed, readableText(bytes, parsed, maxSearchChars)))
}

const spaced = (text: string): string => fold(text).replace(/\s{2,}|[\t\r\n\f\v]/g, ' ')

test('search text: ASCII, Vietnamese, other scripts, and letters that fold to more than they were', () => {
  const texts = ['Plain  text\r\nof two lines\r\n', 'Ủy ban nhân dân\r\n tỉnh Đắk Lắk – “số 5”\r\n', '日本 한국어 Đặng ß ﬃ\r\n', `${'\ufb2c\u{1d160}'.repeat(500)} cuối\r\n`]
  for (const text of texts) {
    const { header, body, truncated } = searchText(text)
    assert.equal(header, 'from: an <an@example.com>\nsubject: thu\ncontent-type: text/plain; charset=utf-8\n')
    assert.equal(body, spaced(text.normalize('NFC')))
    assert.equal(truncated, false)
  }
})

test('search text: one that is longer than what is kept in memory between messages', () => {
  for (const line of ['Quyết định số 12/QĐ-UBND của Ủy ban nhân dân\r\n', 'a plain line of text\r\n', '日本語の長い文章\r\n']) {
    const text = line.repeat(Math.ceil(700_000 / line.length))
    assert.equal(searchText(text).body, spaced(text))
  }
  // The next one has nothing of it.
  assert.equal(searchText('ngắn').body, 'ngan')
})
