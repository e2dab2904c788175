/** Sequence sets: order, overlap, `*`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { holds, lowerBound, normalise } from '../../../../src/core/mailbox/sequence-set.ts'

const sets: readonly (readonly [what: string, set: readonly (readonly [number, number])[], star: number, ranges: readonly number[]])[] = [
  ['one number', [[3, 3]], 9, [3, 3]],
  ['a range written backwards', [[7, 2]], 9, [2, 7]],
  ['star', [[Infinity, Infinity]], 9, [9, 9]],
  ['up to star', [[4, Infinity]], 9, [4, 9]],
  ['beyond star: the last one is meant', [[12, Infinity]], 9, [9, 12]],
  ['overlap and touch', [[5, 8], [1, 2], [3, 3], [7, 10]], 20, [1, 3, 5, 10]],
  ['a range inside another', [[1, 100], [5, 6], [200, 200]], 300, [1, 100, 200, 200]],
  ['nothing', [], 5, []],
  ['star of an empty mailbox', [[Infinity, Infinity]], 0, []],
  ['all of an empty mailbox', [[1, Infinity]], 0, [1, 1]],
]

for (const [what, set, star, ranges] of sets) {
  test(`${what} is normalised`, () => assert.deepEqual([...normalise(set, star)], ranges))
}

test('a normalised set holds exactly what the set names', () => {
  const number = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(Infinity))
  fc.assert(fc.property(fc.array(fc.tuple(number, number)), fc.integer({ min: 1, max: 30 }), (set, star) => {
    const ranges = normalise(set, star)
    const at = (n: number): number => (n === Infinity ? star : n)
    for (let n = 1; n <= 35; n++) {
      const named = set.some(([a, b]) => n >= Math.min(at(a), at(b)) && n <= Math.max(at(a), at(b)))
      assert.equal(holds(ranges, n), named, `${n} in ${JSON.stringify(set)}`)
    }
  }))
})

test('lowerBound counts what is below', () => {
  fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 50 })), fc.integer({ min: 0, max: 60 }), (numbers, wanted) => {
    const ascending = Uint32Array.from(numbers).sort()
    assert.equal(lowerBound(ascending, ascending.length, wanted), numbers.filter((n) => n < wanted).length)
  }))
})
