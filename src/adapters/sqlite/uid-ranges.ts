/** Ascending numbers as inclusive ranges, packed into little-endian 32-bit pairs: how tombstones keep UIDs and message numbers. */
import type { UidRange } from '../../core/mailbox/mailbox.ts'

/** `numbers` ascending, without doubles, each below 2^32. */
export function packRanges(numbers: ArrayLike<number>): Uint8Array {
  const pairs: number[] = []
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!
    if (pairs.length > 0 && pairs.at(-1) === number - 1) pairs[pairs.length - 1] = number
    else pairs.push(number, number)
  }
  const bytes = new Uint8Array(pairs.length * 4)
  const view = new DataView(bytes.buffer)
  pairs.forEach((number, i) => view.setUint32(i * 4, number, true))
  return bytes
}

export function unpackRanges(bytes: Uint8Array): UidRange[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const ranges: UidRange[] = []
  for (let at = 0; at + 8 <= bytes.byteLength; at += 8) ranges.push([view.getUint32(at, true), view.getUint32(at + 4, true)])
  return ranges
}

/** Ascending numbers as ranges, without packing. */
export function rangesOf(numbers: ArrayLike<number>): UidRange[] {
  return unpackRanges(packRanges(numbers))
}
