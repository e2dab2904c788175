import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddressList } from '../../../src/message/address.ts'

type Short = string | null
/** [name, mailbox, host] each. */
const table: readonly (readonly [string, [Short, Short, Short][]])[] = [
  ['', []],
  ['a@b.vn', [[null, 'a', 'b.vn']]],
  ['<a@b.vn>', [[null, 'a', 'b.vn']]],
  ['An <a@b.vn>', [['An', 'a', 'b.vn']]],
  ['"Nguyen, Van An" <a@b.vn>', [['Nguyen, Van An', 'a', 'b.vn']]],
  ['"A \\"B\\" \\\\ C" <a@b.vn>', [['A "B" \\ C', 'a', 'b.vn']]],
  ['Nguyen  Van   An <a@b.vn>', [['Nguyen Van An', 'a', 'b.vn']]],
  ['a@b.vn, c@d.vn ,<e@f.vn>', [[null, 'a', 'b.vn'], [null, 'c', 'd.vn'], [null, 'e', 'f.vn']]],
  ['a@b.vn (Van An)', [['Van An', 'a', 'b.vn']]],
  ['An (x, (y) z) <a@b.vn>', [['An', 'a', 'b.vn']]],
  ['"quoted local"@b.vn', [[null, 'quoted local', 'b.vn']]],
  ['a . b @ c . vn', [[null, 'a.b', 'c.vn']]],
  ['<@x.vn,@y.vn:a@b.vn>', [[null, 'a', 'b.vn']]],
  ['a@[192.0.2.1]', [[null, 'a', '[192.0.2.1]']]],
  ['undisclosed-recipients:;', [[null, 'undisclosed-recipients', null], [null, null, null]]],
  ['Phong: An <a@b.vn>, c@d.vn;, e@f.vn', [[null, 'Phong', null], ['An', 'a', 'b.vn'], [null, 'c', 'd.vn'], [null, null, null], [null, 'e', 'f.vn']]],
  ['Phong: a@b.vn', [[null, 'Phong', null], [null, 'a', 'b.vn'], [null, null, null]]],
  ['=?UTF-8?Q?Nguy=E1=BB=85n,_An?= <a@b.vn>', [['=?UTF-8?Q?Nguy=E1=BB=85n,_An?=', 'a', 'b.vn']]],
  ['N\xc3\xa0 H\xc3\xa0 <a@b.vn>', [['N\xc3\xa0 H\xc3\xa0', 'a', 'b.vn']]],
  ['postmaster', [[null, 'postmaster', '']]],
  ['<>', []],
  ['An <>', [['An', '', '']]],
  ['a@b.vn <c@d.vn>', [['a@b.vn', 'c', 'd.vn']]],
  ['a@b.vn <c@d.vn> <e@f.vn>', [['a@b.vn', 'c', 'd.vn'], [null, 'e', 'f.vn']]],
  ['a@b@c.vn', [[null, 'a@b', 'c.vn']]],
  [',,, a@b.vn,,', [[null, 'a', 'b.vn']]],
  ['An <a@b.vn', [['An', 'a', 'b.vn']]],
  ['"An <a@b.vn>', [[null, 'An <a@b.vn>', '']]],
  ['(only a comment)', []],
  ['mailto:a@b.vn', [[null, 'mailto', null], [null, 'a', 'b.vn'], [null, null, null]]],
]

test('address lists', () => {
  for (const [value, expected] of table) {
    const found = parseAddressList(value, 100).map(({ name, mailbox, host }) => [name, mailbox, host])
    assert.deepEqual(found, expected, value)
  }
})

test('no more addresses than asked for', () => {
  assert.equal(parseAddressList('a@b,'.repeat(1000), 10).length, 10)
  assert.equal(parseAddressList('a@b', 0).length, 0)
})
