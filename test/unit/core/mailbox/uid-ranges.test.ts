/** Ranges of UIDs against sets of numbers, by many small samples. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UidRange } from '../../../../src/core/mailbox/mailbox.ts'
import { intersectionOf, pairsOf, unionOf, without } from '../../../../src/core/mailbox/uid-ranges.ts'

function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const numbersOf = (ranges: readonly UidRange[]): number[] => ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at))
const sorted = (numbers: Iterable<number>): number[] => [...new Set(numbers)].sort((a, b) => a - b)

test('union, intersection and difference are those of sets', () => {
  const pick = random(7)
  const some = (): UidRange[] => Array.from({ length: pick(6) }, (): UidRange => {
    const first = 1 + pick(30)
    return [first, first + pick(6)]
  })
  for (let round = 0; round < 2000; round++) {
    const [a, b] = [some(), some()]
    const [unionA, unionB] = [unionOf(a), unionOf(b)]
    assert.deepEqual(numbersOf(unionA), sorted(numbersOf(a)))
    const inB = new Set(numbersOf(b))
    assert.deepEqual(numbersOf(intersectionOf(unionA, unionB)), numbersOf(unionA).filter((number) => inB.has(number)))
    const uids = Uint32Array.from(sorted(numbersOf(b)))
    assert.deepEqual(numbersOf(without(unionA, uids)), numbersOf(unionA).filter((number) => !inB.has(number)))
  }
})

test('ranges as they come from a sequence set', () => {
  assert.deepEqual(pairsOf(Float64Array.of(1, 3, 7, 7)), [[1, 3], [7, 7]])
  assert.deepEqual(unionOf([]), [])
  assert.deepEqual(without([[1, 4294967295]], Uint32Array.of(1, 4294967295)), [[2, 4294967294]])
})
