/** What a key takes, by table, and how it says so. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boolean, expected, integer, integers, oneOf, real, string, strings, takes, type KeySchema } from '../../../src/config/keys.ts'

const words = { description: 'A key.' }
const whole = integer(3, [1, 5], words)
const point = real(0.5, [0, 1], words)
const flag = boolean(true, words)
const label = string('a', { maxLength: 3, pattern: '^$|^[a-zđ🙂]+$' }, words)
const free = string('', { maxLength: 3 }, words)
const choice = oneOf(['one', 'two'], 'one', words)
const numbers = integers([1], [1, 9], { minItems: 1, maxItems: 2 }, words)
const names = strings([], { maxItems: 2, maxLength: 3 }, words)

const table: readonly (readonly [title: string, key: KeySchema, good: readonly unknown[], wrong: readonly unknown[]])[] = [
  ['integer', whole, [1, 3, 5], [0, 6, 1.5, NaN, Infinity, '3', BigInt(3), true, null, undefined, [3]]],
  ['number', point, [0, 0.25, 1], [-0.01, 1.01, NaN, Infinity, '0.5', null, undefined]],
  ['boolean', flag, [true, false], ['true', 0, 1, null, undefined]],
  ['string with a pattern', label, ['', 'abc', 'đđđ', '🙂🙂🙂'], ['abcd', '🙂🙂🙂🙂', 'A', 'a\n', 1, null, undefined, ['a']]],
  ['string', free, ['', 'A b'], ['abcd', 1, null, undefined]],
  ['enum', choice, ['one', 'two'], ['', 'One', 'three', 1, null, undefined, ['one'], 'toString']],
  ['array of integers', numbers, [[1], [9, 1]], [[], [1, 2, 3], [0], ['1'], 1, '1', null, undefined, { 0: 1, length: 1 }]],
  ['array of strings', names, [[], ['a', 'bcd']], [['abcd'], ['a', 'b', 'c'], [1], 'a', null, undefined]],
]

describe('takes', () => {
  for (const [title, key, good, wrong] of table) {
    it(title, () => {
      for (const value of good) assert.ok(takes(key, value), `takes ${String(value)}`)
      for (const value of wrong) assert.ok(!takes(key, value), `does not take ${String(value)}`)
      assert.ok(takes(key, key.default), 'its own default')
    })
  }
})

it('says in words what it takes', () => {
  assert.deepEqual(
    [whole, point, flag, label, free, choice, numbers, names].map(expected),
    [
      'a whole number from 1 to 5',
      'a number from 0 to 1',
      'true or false',
      'a text that matches ^$|^[a-zđ🙂]+$',
      'a text',
      '"one" | "two"',
      'a list of whole numbers',
      'a list of texts',
    ],
  )
})
