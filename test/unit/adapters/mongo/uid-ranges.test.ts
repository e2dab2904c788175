import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expandRanges, packRanges, runsOf, unpackRanges } from '../../../../src/adapters/mongo/uid-ranges.ts'

test('ascending numbers become ranges and come back', () => {
  const numbers = [1, 2, 3, 7, 9, 10, 2 ** 32 - 2, 2 ** 32 - 1]
  assert.deepEqual(runsOf(numbers), [[1, 3], [7, 7], [9, 10], [2 ** 32 - 2, 2 ** 32 - 1]])
  assert.deepEqual(runsOf([4, 4, 5, 5]), [[4, 5]])
  assert.deepEqual(unpackRanges(packRanges(numbers)), runsOf(numbers))
  assert.deepEqual(expandRanges(packRanges(numbers)), numbers)
  assert.deepEqual(expandRanges(packRanges([])), [])
  // As it comes from an answer: a view that does not begin at an even place.
  const packed = packRanges(numbers)
  const answer = Buffer.concat([Buffer.from('x'), packed])
  assert.deepEqual(expandRanges(answer.subarray(1)), numbers)
})
