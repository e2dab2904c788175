/** Texts as columns, questions as expressions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { indexedText, wholeBody, wholeHeader } from '../../../../src/adapters/fts5/columns.ts'
import { accountOf, fileNameOf } from '../../../../src/adapters/fts5/file-names.ts'
import { matchOf } from '../../../../src/adapters/fts5/match.ts'
import { Places } from '../../../../src/adapters/fts5/places.ts'
import type { TextQuestion } from '../../../../src/core/ports/full-text.ts'

test('each line goes whole into its column; trace lines and long ones into the rest', () => {
  const header = '\nfrom: an <an@xa.vn>\nsubject: mot\nsubject: hai\ndate: nay\nreceived: tu dau\n'
  const { words, rest, whole } = indexedText({ header, trace: '\nfrom: khong\n', body: 'than\0thu', headerWhole: true, bodyWhole: false })
  assert.deepEqual(words, ['than\ufffdthu\n\n', '\nfrom: an <an@xa.vn>\n\n', '', '', '', '\nsubject: mot\nsubject: hai\n\n', '\ndate: nay\n\n'])
  assert.equal(rest, '\nreceived: tu dau\nfrom: khong\n\n')
  assert.equal(whole, wholeHeader)
})

const none = (): string[] => []

test('a phrase is exact; what could begin in the name of the field is not', () => {
  const cases: readonly (readonly [TextQuestion, readonly string[], boolean])[] = [
    [{ area: 'body', needle: 'cuu "long"' }, ['body : "cuu ""long"""'], true],
    [{ area: 'header', name: 'from', needle: 'alice' }, ['h_from : "alice"'], true],
    [{ area: 'header', name: 'from', needle: 'm: alice' }, ['h_from : "m: alice"'], false],
    [{ area: 'header', name: 'from', needle: ' an' }, ['h_from : " an"'], false],
    [{ area: 'header', name: 'from', needle: 'rom' }, ['h_from : "rom"'], false],
    [{ area: 'header', name: 'from', needle: '' }, ['h_from : "\nfrom:"'], true],
    [{ area: 'body', needle: `${'x'.repeat(64)}y` }, [`body : "${'x'.repeat(64)}"`], false],
    [{ area: 'header', name: 'x-a', needle: 'bcd' }, ['"\nx-" AND "x-a" AND "-a:" AND "bcd"'], false],
  ]
  for (const [question, matches, exact] of cases) {
    const lookups = matchOf(question, none)?.lookups
    assert.ok(Array.isArray(lookups))
    assert.deepEqual(lookups.map(({ match }) => match), matches)
    assert.deepEqual(lookups.map((lookup) => lookup.exact), matches.map(() => exact), JSON.stringify(question))
  }
})

test('text is looked for in both tables; of the rest only one trigram is a proof', () => {
  const of = (needle: string): unknown => matchOf({ area: 'text', needle }, none)
  assert.deepEqual(of('abc'), { whole: wholeBody | wholeHeader, lookups: [{ table: 'words', match: '"abc"', exact: true }, { table: 'rest', match: '"abc"', exact: true }] })
  assert.deepEqual(of('abcd'), { whole: wholeBody | wholeHeader, lookups: [{ table: 'words', match: '"abcd"', exact: true }, { table: 'rest', match: '"abc" AND "bcd"', exact: false }] })
  assert.deepEqual(of(''), { whole: wholeBody | wholeHeader, lookups: 'all' })
})

test('short needles are what the index knows to begin with them, unless that is too much', () => {
  const known = (_: string, start: string): string[] => [`${start}h`, `${start} `]
  assert.deepEqual(matchOf({ area: 'header', name: 'from', needle: 'an' }, known)?.lookups, [{ table: 'words', match: 'h_from : ("anh" OR "an ")', exact: true }])
  assert.deepEqual(matchOf({ area: 'body', needle: 'zz' }, none)?.lookups, [])
  assert.equal(matchOf({ area: 'body', needle: 'a' }, () => Array.from({ length: 257 }, (_, i) => `a${i}`)), null)
})

test('what the tokenizer would alter is not asked', () => {
  for (const needle of ['a\0bc', 'abc\ufffd', '\uffffabc', 'abc\ud83d', 'ab\nc']) assert.equal(matchOf({ area: 'text', needle }, none), null, JSON.stringify(needle))
  for (const name of ['', 'a:b', 'a b', 'a\0']) assert.equal(matchOf({ area: 'header', name, needle: 'abc' }, none), null, name)
})

test('hits become indices of the messages that are looked for, in whatever order they were added', () => {
  const places = new Places()
  for (const [no, uid] of [[1, 10], [2, 20], [3, 5], [400, 30]] as const) places.set(no, 1, uid, 3)
  places.set(5, 2, 20, 3)
  places.remove(2)
  places.remove(2)
  places.remove(9_999)
  assert.equal(places.count, 4)
  const indices = places.indices(1, Uint32Array.of(5, 10, 20, 30, 40))
  assert.deepEqual([1, 2, 3, 5, 400].map((no) => indices[no]), [1, -1, 0, -1, 3])
  places.move(5, 1, 40)
  assert.equal(places.indices(1, Uint32Array.of(5, 10, 20, 30, 40))[5], 4)
})

test('names of files can be read back, and other files are left alone', () => {
  for (const account of ['a1k', 'A1K', '../x', '_41', 'Đặng', 'x'.repeat(61)]) {
    assert.match(fileNameOf(account), /^[a-z0-9_]+\.fts5$/)
    assert.equal(accountOf(fileNameOf(account)), account)
  }
  for (const name of ['a1k.fts5-wal', 'a1k.fts5.mark', '_zz.fts5', '_41.fts5x', 'A.fts5']) assert.equal(accountOf(name), null, name)
  assert.equal(accountOf('_613161.fts5'), null, 'written otherwise')
})
