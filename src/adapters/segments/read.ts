/**
 * Reading: one read call for a small body, two for a large one, and for many bodies of one neighbourhood one call for all;
 * none for a body that was read of late (body-cache.ts) or lies behind the one before (read-ahead.ts).
 * Every byte that is handed out has been checked (B2): headers by their CRC and by the place that they name, bodies block
 * by block, so that also a range of a large body is checked by reading little more than the range.
 */
import type { FileHandle } from 'node:fs/promises'
import { isMailError } from '../../core/errors.ts'
import type { BlobId } from '../../core/mailbox/mailbox.ts'
import type { BlobPlace } from './blob-id.ts'
import { blobPlace } from './blob-id.ts'
import type { BodyCache } from './body-cache.ts'
import { decodeBlocks, decodeOneBlock } from './body-codec.ts'
import type { ReadAhead } from './read-ahead.ts'
import type { RecordHeader } from './record-format.ts'
import { blockBytes, decodeRecordHead, fileHeaderBytes, headBytes, headBytesAt, recordHeaderBytes } from './record-format.ts'
import { damaged, noSuchBlob, refusal } from './refusals.ts'
import type { OpenSegments, SegmentFile } from './segment-file.ts'
import { locate, readAt } from './segment-file.ts'

/** What the first read of a body asks for: most bodies of mail are smaller when compressed. */
const firstReadBytes = 16_384
/** Bodies that lie no farther apart than this, on average, are read together. */
const neighbourBytes = 32_768
const maxGroupSpanBytes = 1_048_576
const maxGroupBodies = 64
/** Unpacked, bodies may be a thousand times as large: a group ends with the one that reaches this. */
const maxGroupBodyBytes = 8_388_608

export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** What reading works on: the files, and what is known of them without asking the disk. */
export interface BodySource {
  readonly open: OpenSegments
  readonly cache: BodyCache
  readonly ahead: ReadAhead
}

/** All of a body or a range of it; a range is cut at the body's end. Refuses `message-unknown`, `unavailable`. */
export async function readBody(source: BodySource, id: BlobId, range?: ByteRange): Promise<Uint8Array> {
  const known = source.cache.get(id)
  if (known !== null) return range === undefined ? known : cut(known, range)
  const place = placeOf(id)
  const { generation } = source.cache
  return source.open.with(place.segment, async (file) => {
    const at = locate(file, place.offset)
    const read = async (bytes: Buffer, from: number): Promise<Uint8Array> => {
      const located = { file, place, at, bytes, from }
      const body = bodyWithin(located)
      if (body === null) return bodyAt(located, range)
      const own = source.cache.keep(id, body, generation)
      return range === undefined ? own : cut(own, range)
    }
    return (await readStretch(source, file, at, read)) ?? (await readFile(source, file, at, read))
  })
}

type ReadFrom = (bytes: Buffer, from: number) => Promise<Uint8Array>

/** Null when no stretch has it, or has it as it is not any more (it was being written when the stretch was read). */
async function readStretch({ ahead }: BodySource, file: SegmentFile, at: number, read: ReadFrom): Promise<Uint8Array | null> {
  const stretch = ahead.find(file, at, recordHeaderBytes)
  if (stretch === null) return null
  try {
    return await read(stretch.bytes, at - stretch.at)
  } catch (error) {
    if (!isMailError(error)) throw error
    ahead.drop(stretch)
    return null
  }
}

async function readFile({ ahead, cache }: BodySource, file: SegmentFile, at: number, read: ReadFrom): Promise<Uint8Array> {
  const { generation } = cache
  const length = ahead.bytesToRead(file, at, firstReadBytes)
  const bytes = await readChecked(file.handle, at, length)
  if (length > firstReadBytes && generation === cache.generation) ahead.keep({ file, at, bytes })
  return read(bytes, 0)
}

function cut(body: Uint8Array, { start, end }: ByteRange): Uint8Array {
  const from = Math.min(Math.max(0, start), body.length)
  return body.subarray(from, Math.min(Math.max(from, end), body.length))
}

/** Whole bodies in the order of the ids; the next neighbourhood is read while the caller works on this one. */
export async function* readBodies(source: BodySource, ids: readonly BlobId[]): AsyncGenerator<Uint8Array> {
  let next = readGroup(source, ids, 0)
  for (let read = 0; read < ids.length; ) {
    const bodies = await next
    read += bodies.length
    if (read < ids.length) {
      next = readGroup(source, ids, read)
      // Its refusal is met when its turn comes, or never when the caller stops before.
      next.catch(() => undefined) // Whoever awaits it hears of it; nobody may, when the reader stops early.
    }
    yield* bodies
  }
}

async function readGroup(source: BodySource, ids: readonly BlobId[], start: number): Promise<Uint8Array[]> {
  if (start >= ids.length) return []
  const known = knownBodies(source.cache, ids, start)
  if (known.length > 0) return known
  const first = placeOf(ids[start]!)
  const { generation } = source.cache
  return source.open.with(first.segment, async (file) => {
    const group = neighbours(file, ids, start, first)
    const from = Math.min(...group.map((one) => one.at))
    const to = Math.max(...group.map((one) => one.at)) + firstReadBytes
    const bytes = await readChecked(file.handle, from, to - from)
    const bodies: Uint8Array[] = []
    let bodyBytes = 0
    for (const [index, { place, at }] of group.entries()) {
      const located = { file, place, at, bytes, from: at - from }
      const small = bodyWithin(located)
      const body = small === null ? await bodyAt(located) : source.cache.keep(ids[start + index]!, small, generation)
      bodies.push(body)
      bodyBytes += body.length
      if (bodyBytes >= maxGroupBodyBytes) break
    }
    return bodies
  })
}

/** Those from `start` on that need no reading. */
function knownBodies(cache: BodyCache, ids: readonly BlobId[], start: number): Uint8Array[] {
  const bodies: Uint8Array[] = []
  for (let at = start; at < ids.length && bodies.length < maxGroupBodies; at++) {
    const body = cache.get(ids[at]!)
    if (body === null) break
    bodies.push(body)
  }
  return bodies
}

/** The longest run of ids from `start` on that lies close enough together in one file. */
function neighbours(file: SegmentFile, ids: readonly BlobId[], start: number, first: BlobPlace): { place: BlobPlace; at: number }[] {
  const firstAt = locate(file, first.offset)
  const group = [{ place: first, at: firstAt }]
  let low = firstAt
  let high = firstAt
  for (const id of ids.slice(start + 1, start + maxGroupBodies)) {
    const place = blobPlace(id)
    if (place === null || place.segment !== first.segment) break
    const at = file.index === null ? place.offset : file.index.locate(place.offset)
    if (at === null) break
    low = Math.min(low, at)
    high = Math.max(high, at)
    const span = high - low
    if (span > maxGroupSpanBytes || span > neighbourBytes * group.length) break
    group.push({ place, at })
  }
  return group
}

interface Located {
  readonly file: SegmentFile
  readonly place: BlobPlace
  /** Where the record begins in the file. */
  readonly at: number
  /** What has been read already, and where in it the record begins. */
  readonly bytes: Buffer
  readonly from: number
}

/** The whole body of a record of one block that has been read whole, at once; null for another one, or what is none. */
function bodyWithin({ place, bytes, from }: Located): Uint8Array | null {
  const record = decodeRecordHead(bytes, from)
  if (record === null || !record.live || !isAt(record, place) || record.blocks.length !== 1) return null
  const start = from + headBytes(1)
  const end = start + record.storedBytes
  return end <= bytes.length ? decodeOneBlock(bytes.subarray(start, end), record.blocks[0]!, record.bodyBytes) : null
}

function isAt(record: RecordHeader, place: BlobPlace): boolean {
  return record.segment === place.segment && record.offset === place.offset
}

async function bodyAt(located: Located, range?: ByteRange): Promise<Uint8Array> {
  const { file, at } = located
  const record = await headOf(located)
  const start = Math.min(Math.max(0, range?.start ?? 0), record.bodyBytes)
  const end = Math.min(Math.max(start, range?.end ?? record.bodyBytes), record.bodyBytes)
  const firstBlock = Math.floor(start / blockBytes)
  const blocks = record.blocks.slice(firstBlock, Math.ceil(end / blockBytes))
  if (start === end || blocks.length === 0) return new Uint8Array(0)
  const skipped = record.blocks.slice(0, firstBlock).reduce((sum, block) => sum + block.storedBytes, 0)
  const length = blocks.reduce((sum, block) => sum + block.storedBytes, 0)
  const inRecord = headBytes(record.blocks.length) + skipped
  const stored =
    located.from + inRecord + length <= located.bytes.length
      ? located.bytes.subarray(located.from + inRecord, located.from + inRecord + length)
      : await readChecked(file.handle, at + inRecord, length)
  const body = await decodeBlocks(stored, blocks, firstBlock, record.bodyBytes)
  return body.subarray(start - firstBlock * blockBytes, end - firstBlock * blockBytes)
}

async function headOf({ file, place, at, bytes, from }: Located): Promise<RecordHeader> {
  if (at < fileHeaderBytes || bytes.length < from + recordHeaderBytes) throw noSuchBlob()
  const head = headBytesAt(bytes, from)
  if (head === null) throw damaged('header of a record')
  // The block table of a body of many MB is longer than the first read.
  const whole = from + head <= bytes.length
  const record = decodeRecordHead(whole ? bytes : await readChecked(file.handle, at, head), whole ? from : 0)
  if (record === null || !isAt(record, place)) throw damaged('header of a record')
  if (!record.live) throw noSuchBlob()
  return record
}

function placeOf(id: BlobId): BlobPlace {
  const place = blobPlace(id)
  if (place === null || place.offset % 8 !== 0) throw noSuchBlob()
  return place
}

async function readChecked(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  try {
    return await readAt(handle, position, length)
  } catch (error) {
    throw refusal(error)
  }
}
