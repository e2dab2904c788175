/**
 * Sets of numbers as clients write them (RFC 9051 §9 `sequence-set`): any order, overlapping, `Infinity` for `*`.
 * Pure. Everything here is at most n log n in the number of ranges, and never in the numbers that a range spans.
 */
import type { SequenceSet } from './search-key.ts'

/** Inclusive ranges, ascending, not touching, as [first, last, first, last, …]: cheap to search. */
export type Ranges = Float64Array

/** `star` takes the place of `*`; `8:*` with star 5 is 5:8 (RFC 9051 §9). Numbers below 1 are cut off. */
export function normalise(set: SequenceSet, star: number): Ranges {
  const pairs: [number, number][] = []
  for (const [from, to] of set) {
    const a = from === Infinity ? star : from
    const b = to === Infinity ? star : to
    const last = Math.max(a, b)
    if (last >= 1) pairs.push([Math.max(Math.min(a, b), 1), last])
  }
  pairs.sort((a, b) => a[0] - b[0])
  const ranges = new Float64Array(pairs.length * 2)
  let length = 0
  for (const [first, last] of pairs) {
    if (length > 0 && first <= ranges[length - 1]! + 1) ranges[length - 1] = Math.max(ranges[length - 1]!, last)
    else {
      ranges[length++] = first
      ranges[length++] = last
    }
  }
  return ranges.subarray(0, length)
}

/** Whether the number lies in one of the ranges. */
export function holds(ranges: Ranges, number: number): boolean {
  let low = 0
  let high = ranges.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ranges[middle * 2 + 1]! < number) low = middle + 1
    else high = middle
  }
  return low * 2 < ranges.length && ranges[low * 2]! <= number
}

/** How many of the first `count` ascending numbers are below `number`. */
export function lowerBound(ascending: Uint32Array, count: number, number: number): number {
  let low = 0
  let high = count
  if (count > 0 && number <= ascending[0]!) return 0
  if (count > 0 && ascending[count - 1]! < number) return count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < number) low = middle + 1
    else high = middle
  }
  return low
}
