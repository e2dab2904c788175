/**
 * One open segment file for reading, and the bounded set of those that are open.
 *
 * A compaction renames a new file over the old one while reads go on: each read holds the file that it began with, whose
 * index belongs to it, and the old file is closed when the last of them has ended.
 */
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { SegmentIndex } from './record-format.ts'
import { decodeFileHeader, decodeIndex, fileHeaderBytes } from './record-format.ts'
import { damaged, isSystemError, noSuchBlob, refusal } from './refusals.ts'

const maxOpenFiles = 64

export function segmentPath(directory: string, segment: number): string {
  return join(directory, `${segment.toString(16).padStart(8, '0')}.seg`)
}

/** The segment number that a file name says, or null for another file. */
export function segmentOfName(name: string): number | null {
  const found = /^([0-9a-f]{8})\.seg$/.exec(name)
  return found === null ? null : Number.parseInt(found[1]!, 16)
}

/** Reads up to `length` bytes at `position`; fewer only at the end of the file. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

export interface SegmentFile {
  readonly handle: FileHandle
  /** Null for a file whose records lie where their ids say. */
  readonly index: SegmentIndex | null
}

/** Where the record of this first offset lies in the file. Refuses `message-unknown`. */
export function locate(file: SegmentFile, firstOffset: number): number {
  if (file.index === null) return firstOffset
  const offset = file.index.locate(firstOffset)
  if (offset === null) throw noSuchBlob()
  return offset
}

/** Refuses `message-unknown` when there is no such segment. The caller closes the handle. */
async function openSegmentFile(directory: string, segment: number): Promise<SegmentFile> {
  let handle: FileHandle
  try {
    handle = await open(segmentPath(directory, segment), 'r')
  } catch (error) {
    throw isSystemError(error, 'ENOENT') ? noSuchBlob() : refusal(error)
  }
  try {
    return { handle, index: await readIndex(handle, segment) }
  } catch (error) {
    await handle.close()
    throw refusal(error)
  }
}

async function readIndex(handle: FileHandle, segment: number): Promise<SegmentIndex | null> {
  const header = decodeFileHeader(await readAt(handle, 0, fileHeaderBytes))
  // A damaged file header hides nothing: the records of a log name their own places.
  if (header === null || header.kind === 'log') return null
  if (header.segment !== segment) throw damaged('segment number')
  const index = decodeIndex(await readAt(handle, header.indexOffset, header.entries * 8 + 4))
  if (index === null) throw damaged('index of a segment')
  return index
}

/** A file that is open or being opened, and how many reads hold it. Counted without waiting, so nobody closes it under a read. */
class OpenFile {
  readonly opening: Promise<SegmentFile>
  #holders = 0
  #retired = false

  constructor(opening: Promise<SegmentFile>) {
    this.opening = opening
  }

  get idle(): boolean {
    return this.#holders === 0
  }

  hold(): void {
    this.#holders++
  }

  async release(): Promise<void> {
    this.#holders--
    if (this.#retired && this.idle) await this.#close()
  }

  /** Closes it as soon as nobody reads from it. */
  async retire(): Promise<void> {
    if (this.#retired) return
    this.#retired = true
    if (this.idle) await this.#close()
  }

  async #close(): Promise<void> {
    // A file that could not be opened needs no closing; its readers have been told.
    const file = await this.opening.catch(() => null) // Readers have heard of it; there is nothing to close.
    await file?.handle.close()
  }
}

/** The segment files that are open for reading, the least recently used closed first. */
export class OpenSegments {
  readonly #directory: string
  readonly #open = new Map<number, OpenFile>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Runs `read` with the file held open. Refuses `message-unknown` when there is no such segment. */
  async with<T>(segment: number, read: (file: SegmentFile) => Promise<T>): Promise<T> {
    const entry = this.#entry(segment)
    entry.hold()
    try {
      return await read(await entry.opening)
    } finally {
      await entry.release()
    }
  }

  /** From here on the segment is read from what lies under its name now. */
  async forget(segment: number): Promise<void> {
    const entry = this.#open.get(segment)
    if (entry === undefined) return
    this.#open.delete(segment)
    await entry.retire()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((segment) => this.forget(segment)))
  }

  #entry(segment: number): OpenFile {
    const known = this.#open.get(segment)
    if (known !== undefined) {
      // Last in the map is used last.
      this.#open.delete(segment)
      this.#open.set(segment, known)
      return known
    }
    const entry = new OpenFile(openSegmentFile(this.#directory, segment))
    this.#open.set(segment, entry)
    entry.opening.catch(() => {
      if (this.#open.get(segment) === entry) this.#open.delete(segment)
    })
    this.#closeOldest()
    return entry
  }

  #closeOldest(): void {
    for (const [segment, entry] of this.#open) {
      if (this.#open.size <= maxOpenFiles) return
      if (entry.idle) {
        this.#open.delete(segment)
        void entry.retire()
      }
    }
  }
}
