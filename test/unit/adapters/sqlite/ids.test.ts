import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountNoOf, id, idNo, keyAccountNo, keyNo, keyOf, keysPerAccount, maxAccountNo, packKey } from '../../../../src/adapters/sqlite/ids.ts'
import { packRanges, rangesOf, unpackRanges } from '../../../../src/adapters/sqlite/uid-ranges.ts'

test('an id is a letter and a number, and is read back only as it was written', () => {
  assert.equal(id('message', 17), 'mh')
  assert.equal(idNo('message', 'mh'), 17)
  for (const wrong of ['', 'm', 'm0', 'm01', 'mH', 'bh', 'm-1', 'm1.5', 'm 1', 'mh ', 'mzzzzzzzzzzzzzzz', '17']) assert.equal(idNo('message', wrong), null, wrong)
})

test('keys are exact for the last account and its last message', () => {
  const key = packKey(maxAccountNo, keysPerAccount - 1)
  assert.ok(Number.isSafeInteger(key))
  assert.equal(keyAccountNo(key), maxAccountNo)
  assert.equal(keyNo(key), keysPerAccount - 1)
  assert.ok(packKey(1, keysPerAccount - 1) < packKey(2, 0))
})

test('a key is made only of ids that can exist', () => {
  assert.equal(keyOf('mailbox', 'a1', 'b2'), packKey(1, 2))
  assert.equal(keyOf('mailbox', 'b1', 'b2'), null)
  assert.equal(keyOf('mailbox', 'a1', 'm2'), null)
  assert.equal(keyOf('message', 'a1', id('message', keysPerAccount)), null)
  assert.equal(accountNoOf(id('account', maxAccountNo + 1)), null)
})

test('ranges are packed and unpacked', () => {
  const cases: [number[], [number, number][]][] = [
    [[], []],
    [[7], [[7, 7]]],
    [[1, 2, 3], [[1, 3]]],
    [[1, 3, 4, 9], [[1, 1], [3, 4], [9, 9]]],
    [[4_294_967_294, 4_294_967_295], [[4_294_967_294, 4_294_967_295]]],
  ]
  for (const [numbers, ranges] of cases) {
    assert.deepEqual(rangesOf(numbers), ranges)
    // A column comes back as a view that need not begin where its buffer does.
    const shifted = new Uint8Array([9, ...packRanges(numbers)]).subarray(1)
    assert.deepEqual(unpackRanges(shifted), ranges)
  }
})
