/** Ranges of UIDs as sets: what VANISHED (EARLIER) is made of (RFC 7162 §3.2.6). Pure; inclusive, ascending, not touching. */
import type { UidRange } from './mailbox.ts'
import { type Ranges, lowerBound } from './sequence-set.ts'

/** Any order, overlapping or not, as one ascending set. */
export function unionOf(ranges: readonly UidRange[]): UidRange[] {
  const union: [number, number][] = []
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = union.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else union.push([first, last])
  }
  return union
}

/** What lies in both. */
export function intersectionOf(a: readonly UidRange[], b: readonly UidRange[]): UidRange[] {
  const both: UidRange[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const first = Math.max(a[i]![0], b[j]![0])
    const last = Math.min(a[i]![1], b[j]![1])
    if (first <= last) both.push([first, last])
    if (a[i]![1] < b[j]![1]) i++
    else j++
  }
  return both
}

/** The ranges without these UIDs, which ascend. */
export function without(ranges: readonly UidRange[], uids: Uint32Array): UidRange[] {
  const left: UidRange[] = []
  for (const [first, last] of ranges) {
    let from = first
    for (let at = lowerBound(uids, uids.length, first); at < uids.length && uids[at]! <= last; at++) {
      if (uids[at]! > from) left.push([from, uids[at]! - 1])
      from = uids[at]! + 1
    }
    if (from <= last) left.push([from, last])
  }
  return left
}

/** As pairs. */
export function pairsOf(ranges: Ranges): UidRange[] {
  const pairs: UidRange[] = []
  for (let at = 0; at < ranges.length; at += 2) pairs.push([ranges[at]!, ranges[at + 1]!])
  return pairs
}
