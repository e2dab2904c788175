/** Names of mailboxes: what is taken, how it is spelled, what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMailError } from '../../../../src/core/errors.ts'
import { liesBelow, parentNames, spelling, validName, validNewName } from '../../../../src/core/mailbox/name.ts'

const taken: readonly (readonly [given: string, name: string])[] = [
  ['Công việc', 'Công việc'],
  ['Công việc/2026', 'Công việc/2026'],
  ['Công việc'.normalize('NFD'), 'Công việc'],
  ['inbox', 'INBOX'],
  ['InBox/Họp', 'INBOX/Họp'],
  ['inboxes', 'inboxes'],
  ['ınbox', 'ınbox'],
  ['Lưu/inbox', 'Lưu/inbox'],
  [' a b ', ' a b '],
  ['a.b\\c"d&-', 'a.b\\c"d&-'],
  ['📁', '📁'],
  [`${'á'.repeat(127)}`, 'á'.repeat(127)],
]

for (const [given, name] of taken) {
  test(`${JSON.stringify(given.slice(0, 20))} is taken as ${JSON.stringify(name.slice(0, 20))}`, () => {
    assert.equal(validName(given), name)
    assert.equal(spelling(given), name)
  })
}

const refused: readonly (readonly [what: string, name: string])[] = [
  ['nothing', ''],
  ['a separator alone', '/'],
  ['a leading separator', '/a'],
  ['a trailing separator', 'a/'],
  ['an empty level', 'a//b'],
  ['a star', 'a*'],
  ['a percent sign', 'a/%'],
  ['NUL', 'a\0'],
  ['a line feed', 'a\nb'],
  ['DEL', 'a\x7f'],
  ['a C1 control', 'a\x85'],
  ['a line separator', 'a\u2028b'],
  ['half a surrogate pair', 'a\ud800'],
  ['a level of 256 bytes', `${'á'.repeat(128)}`],
  ['more than 1,000 bytes in all', Array.from({ length: 5 }, () => 'a'.repeat(200)).join('/')],
  ['a name of a megabyte', 'a'.repeat(1_000_000)],
]

for (const [what, name] of refused) {
  test(`a name is refused for ${what}`, () => {
    assert.throws(() => validName(name), (error) => isMailError(error, 'name-invalid'))
  })
}

test('one trailing separator of a new mailbox is dropped, two are not', () => {
  assert.equal(validNewName('a/b/'), 'a/b')
  assert.throws(() => validNewName('a//'), (error) => isMailError(error, 'name-invalid'))
  assert.throws(() => validNewName('/'), (error) => isMailError(error, 'name-invalid'))
})

test('parents are named outermost first', () => {
  assert.deepEqual(parentNames('a/b/c'), ['a', 'a/b'])
  assert.deepEqual(parentNames('a'), [])
})

test('a mailbox lies below another by whole levels', () => {
  assert.equal(liesBelow('a/b/c', 'a'), true)
  assert.equal(liesBelow('ab', 'a'), false)
  assert.equal(liesBelow('a', 'a'), false)
})
