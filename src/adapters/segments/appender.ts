/**
 * The writing end: one segment file at a time, appended to in groups. What is put while a group is being written and synced
 * waits and forms the next group: one write and one fdatasync for all of them.
 *
 * Invariants
 *  - `put` resolves only after the fdatasync that covers its record (B1).
 *  - Places are given out in the order of the calls (B4), and a place that was ever acknowledged is never given out again:
 *    an appender begins with a segment number above all that exist, and never appends to a file that it did not make.
 *  - After a failed write the file is cut back to its last synced record; when that fails too, the file is left alone and
 *    the next group begins another one.
 */
import { open, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { BlobPlace } from './blob-id.ts'
import type { EncodedBody } from './body-codec.ts'
import { encodeBody } from './body-codec.ts'
import { syncDirectory } from './directory.ts'
import type { FaultPoint } from './fault-point.ts'
import { encodeFileHeader, fileHeaderBytes, headBytes, maxBodyBytes, totalBytes, writeRecordHead } from './record-format.ts'
import { MailError } from '../../core/errors.ts'
import { closed, fullCodes, isSystemError, refusal } from './refusals.ts'
import { segmentPath } from './segment-file.ts'

const maxGroupBytes = 8 * 1024 * 1024
const maxGroupRecords = 512
/** Up to this a record is copied into one buffer; larger ones are written from where they lie. */
const copyBytes = 65_536

export interface AppenderOptions {
  readonly directory: string
  readonly clock: { nowMs(): number }
  readonly segmentBytes: number
  readonly faultPoint: FaultPoint
  /** Greater than the number of every segment that exists. */
  readonly firstSegment: number
  /** Called when a segment has been made, before a place in it is given out. */
  readonly onSegment: (segment: number) => void
}

interface Waiting {
  /** Null while the body is being encoded. */
  encoded: EncodedBody | null
  readonly encoding: Promise<void> | null
  failure: unknown
  readonly resolve: (place: BlobPlace) => void
  readonly reject: (error: unknown) => void
}

interface Segment {
  readonly number: number
  readonly handle: FileHandle
  /** Bytes that are synced. */
  end: number
  /** It could not be cut back after a failure: nothing more is appended. */
  broken: boolean
}

export class Appender {
  readonly #options: AppenderOptions
  readonly #queue: Waiting[] = []
  #segment: Segment | null = null
  #nextSegment: number
  #working: Promise<void> | null = null
  #closed = false

  constructor(options: AppenderOptions) {
    this.#options = options
    this.#nextSegment = options.firstSegment
  }

  /** The segment that is being written and how far it is synced, or null. */
  get current(): { readonly segment: number; readonly end: number } | null {
    return this.#segment === null ? null : { segment: this.#segment.number, end: this.#segment.end }
  }

  /** `bytes` must stay as they are until the promise is settled. Refuses `storage-full`, `unavailable`. */
  put(bytes: Uint8Array): Promise<BlobPlace> {
    if (this.#closed) return Promise.reject(closed())
    if (bytes.length > maxBodyBytes) return Promise.reject(new MailError('message-too-large'))
    return new Promise((resolve, reject) => {
      const body = encodeBody(bytes)
      const waiting: Waiting =
        body instanceof Promise
          ? {
              encoded: null,
              failure: undefined,
              encoding: body.then(
                (encoded) => void (waiting.encoded = encoded),
                (error: unknown) => void (waiting.failure = error),
              ),
              resolve,
              reject,
            }
          : { encoded: body, failure: undefined, encoding: null, resolve, reject }
      this.#queue.push(waiting)
      this.#working ??= this.#work()
    })
  }

  /** Ends the present segment; the next put begins another one. */
  async seal(): Promise<void> {
    while (this.#working !== null) await this.#working
    // No await between here and the assignment: a put that comes now finds no segment and makes its own.
    const segment = this.#segment
    this.#segment = null
    await segment?.handle.close()
  }

  /** Writes what waits, then refuses everything. */
  async close(): Promise<void> {
    this.#closed = true
    await this.seal()
  }

  async #work(): Promise<void> {
    // Puts of the same turn go into the first group.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const group = await this.#nextGroup()
      if (group.length > 0) await this.#write(group)
    }
    this.#working = null
  }

  /** The first waiting records that are encoded, in order; waits for the very first. */
  async #nextGroup(): Promise<Waiting[]> {
    const first = this.#queue[0]!
    if (first.encoded === null) await first.encoding
    const group: Waiting[] = []
    let bytes = 0
    while (this.#queue.length > 0 && group.length < maxGroupRecords) {
      const next = this.#queue[0]!
      if (next.failure !== undefined) {
        next.reject(next.failure)
        this.#queue.shift()
        continue
      }
      if (next.encoded === null) break
      const size = recordBytes(next.encoded)
      if (group.length > 0 && bytes + size > maxGroupBytes) break
      bytes += size
      group.push(next)
      this.#queue.shift()
    }
    return group
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#writeOnce(group)
    } catch (error) {
      // One large body that does not fit must not refuse the small ones that came with it; other errors meet them all.
      if (group.length > 1 && isSystemError(error, ...fullCodes)) for (const waiting of group) await this.#write([waiting])
      else for (const waiting of group) waiting.reject(refusal(error))
    }
  }

  async #writeOnce(group: readonly Waiting[]): Promise<void> {
    const bytes = group.reduce((sum, waiting) => sum + recordBytes(waiting.encoded!), 0)
    const segment = await this.#segmentFor(bytes)
    const places: BlobPlace[] = []
    const buffers: Uint8Array[] = []
    const putAtMs = this.#options.clock.nowMs()
    let end = segment.end
    for (const waiting of group) {
      places.push({ segment: segment.number, offset: end })
      end += pushRecord(buffers, segment.number, end, putAtMs, waiting.encoded!)
    }
    try {
      await writeAll(segment.handle, buffers, segment.end)
      this.#options.faultPoint('before-sync')
      await segment.handle.datasync()
      this.#options.faultPoint('after-sync')
    } catch (error) {
      await this.#cutBack(segment, error)
      throw error
    }
    segment.end = end
    for (const [i, waiting] of group.entries()) waiting.resolve(places[i]!)
  }

  async #segmentFor(bytes: number): Promise<Segment> {
    const now = this.#segment
    const full = now !== null && now.end > fileHeaderBytes && now.end + bytes > this.#options.segmentBytes
    if (now !== null && !now.broken && !full) return now
    this.#segment = null
    await now?.handle.close()
    const made = await this.#makeSegment()
    this.#segment = made
    this.#options.onSegment(made.number)
    return made
  }

  async #makeSegment(): Promise<Segment> {
    const number = this.#nextSegment
    const path = segmentPath(this.#options.directory, number)
    const handle = await open(path, 'wx+', 0o600)
    this.#nextSegment++
    try {
      await writeAll(handle, [encodeFileHeader({ segment: number, kind: 'log', entries: 0, indexOffset: 0 })], 0)
      await handle.datasync()
      await syncDirectory(this.#options.directory)
    } catch (error) {
      await handle.close()
      await unlink(path)
      throw error
    }
    return { number, handle, end: fileHeaderBytes, broken: false }
  }

  async #cutBack(segment: Segment, cause: unknown): Promise<void> {
    try {
      await segment.handle.truncate(segment.end)
    } catch (error) {
      if (!isSystemError(error)) throw error
      segment.broken = true
    }
    // After a failed sync nobody knows what of the file is on the disk beyond the last good one.
    if (!isSystemError(cause, ...fullCodes)) segment.broken = true
  }
}

function recordBytes(encoded: EncodedBody): number {
  return totalBytes(encoded.blocks.length, encoded.storedBytes)
}

/** Adds the record's bytes; returns how many. */
function pushRecord(buffers: Uint8Array[], segment: number, offset: number, putAtMs: number, encoded: EncodedBody): number {
  const total = recordBytes(encoded)
  const head = headBytes(encoded.blocks.length)
  const together = total <= copyBytes
  const bytes = Buffer.alloc(together ? total : head)
  writeRecordHead(bytes, { segment, offset, putAtMs, bodyBytes: encoded.bodyBytes, storedBytes: encoded.storedBytes, blocks: encoded.blocks })
  buffers.push(bytes)
  if (together) {
    let at = head
    for (const part of encoded.parts) {
      bytes.set(part, at)
      at += part.length
    }
  } else {
    buffers.push(...encoded.parts, Buffer.alloc(total - head - encoded.storedBytes))
  }
  return total
}

async function writeAll(handle: FileHandle, buffers: readonly Uint8Array[], position: number): Promise<void> {
  let left = buffers.filter((buffer) => buffer.length > 0)
  let at = position
  while (left.length > 0) {
    let { bytesWritten } = await handle.writev(left, at)
    at += bytesWritten
    let done = 0
    while (done < left.length && bytesWritten >= left[done]!.length) bytesWritten -= left[done++]!.length
    left = left.slice(done)
    if (bytesWritten > 0) left[0] = left[0]!.subarray(bytesWritten)
  }
}
