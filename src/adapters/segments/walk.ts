/**
 * Walking over the records of a segment file, also over damage: a header that does not check is a gap, and the walk goes
 * on at the next place where a whole header of this segment lies. So a damaged record in the middle never hides the ones
 * behind it.
 */
import type { FileHandle } from 'node:fs/promises'
import type { RecordHeader } from './record-format.ts'
import { decodeRecordHead, fileHeaderBytes, headBytesAt, recordHeaderBytes } from './record-format.ts'
import { readAt } from './segment-file.ts'

const windowBytes = 262_144

export interface Found {
  readonly kind: 'record'
  /** In this file. */
  readonly at: number
  readonly record: RecordHeader
}

export interface Gap {
  readonly kind: 'gap'
  readonly at: number
  readonly bytes: number
}

export interface Walk {
  readonly handle: FileHandle
  readonly segment: number
  /** Where the records end. */
  readonly end: number
  /** Records lie where they say: not so in a compacted file. */
  readonly inPlace: boolean
}

export async function* walkRecords(walk: Walk): AsyncGenerator<Found | Gap> {
  const window = new Window(walk.handle, walk.end)
  let at = fileHeaderBytes
  while (at < walk.end) {
    const record = await recordAt(window, walk, at)
    if (record !== null) {
      yield { kind: 'record', at, record }
      at += record.totalBytes
      continue
    }
    let next = at + 8
    while (next < walk.end && (await recordAt(window, walk, next)) === null) next += 8
    next = Math.min(next, walk.end)
    yield { kind: 'gap', at, bytes: next - at }
    at = next
  }
}

async function recordAt(window: Window, walk: Walk, at: number): Promise<RecordHeader | null> {
  const short = window.cached(at, recordHeaderBytes) ?? (await window.read(at, recordHeaderBytes))
  if (short === null) return null
  const head = headBytesAt(window.bytes, short)
  if (head === null) return null
  const from = window.cached(at, head) ?? (await window.read(at, head))
  if (from === null) return null
  const record = decodeRecordHead(window.bytes, from)
  if (record === null || record.segment !== walk.segment || at + record.totalBytes > walk.end) return null
  if (walk.inPlace && record.offset !== at) return null
  return record
}

/** A piece of the file, moved on as the walk asks for bytes beyond it. */
class Window {
  bytes: Buffer = Buffer.alloc(0)
  readonly #handle: FileHandle
  readonly #end: number
  #start = 0

  constructor(handle: FileHandle, end: number) {
    this.#handle = handle
    this.#end = end
  }

  /** Offset in `bytes` of the file's `at`, when `length` bytes from there are in it. */
  cached(at: number, length: number): number | null {
    return at >= this.#start && at + length <= this.#start + this.bytes.length ? at - this.#start : null
  }

  async read(at: number, length: number): Promise<number | null> {
    if (at + length > this.#end) return null
    this.bytes = await readAt(this.#handle, at, Math.min(Math.max(length, windowBytes), this.#end - at))
    this.#start = at
    return this.cached(at, length)
  }
}
