/** Ascending numbers as inclusive ranges, packed into little-endian 32-bit pairs: how tombstones keep UIDs and message numbers. */
import type { UidRange } from '../../core/mailbox/mailbox.ts'

/** Runs of consecutive numbers in an ascending list; a doubled number is taken once. */
export function runsOf(numbers: Iterable<number>): [first: number, last: number][] {
  const runs: [number, number][] = []
  for (const number of numbers) {
    const run = runs.at(-1)
    if (run !== undefined && number <= run[1] + 1) run[1] = Math.max(run[1], number)
    else runs.push([number, number])
  }
  return runs
}

/** `numbers` ascending, each below 2^32. */
export function packRanges(numbers: Iterable<number>): Uint8Array {
  const runs = runsOf(numbers)
  const bytes = Buffer.alloc(runs.length * 8)
  runs.forEach(([first, last], i) => {
    bytes.writeUInt32LE(first, i * 8)
    bytes.writeUInt32LE(last, i * 8 + 4)
  })
  return bytes
}

export function unpackRanges(bytes: Uint8Array): UidRange[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const ranges: UidRange[] = []
  for (let at = 0; at + 8 <= bytes.byteLength; at += 8) ranges.push([view.getUint32(at, true), view.getUint32(at + 4, true)])
  return ranges
}

export function expandRanges(bytes: Uint8Array): number[] {
  return unpackRanges(bytes).flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i))
}
