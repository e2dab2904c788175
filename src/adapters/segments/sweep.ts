/**
 * The sweep (B3): bodies that are older than the safe age and in nobody's use are removed.
 *
 * Removed means unreadable at once: the record's bytes are overwritten with zeros and its header is marked dead, so that a
 * deleted letter does not lie on the disk until its neighbours go too (design §5.3, "deleting is complete"). A segment in
 * which nothing lives is removed instead, and one that is half empty is compacted; the space comes back then. A segment
 * with a damaged record is marked but never rewritten: what may yet be rescued from it stays.
 *
 * The file with the highest number always stays, if need be as an empty one, so that no number is ever used twice.
 */
import { open, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { BlobId } from '../../core/mailbox/mailbox.ts'
import type { Appender } from './appender.ts'
import { blobId } from './blob-id.ts'
import { compactSegment, writeFully } from './compact.ts'
import { syncDirectory } from './directory.ts'
import type { FaultPoint } from './fault-point.ts'
import { deadMagic, decodeFileHeader, fileHeaderBytes, headBytes } from './record-format.ts'
import type { RecordHeader } from './record-format.ts'
import { fullCodes, isSystemError, refusal } from './refusals.ts'
import type { OpenSegments } from './segment-file.ts'
import { readAt, segmentPath } from './segment-file.ts'
import { walkRecords } from './walk.ts'

const askedTogether = 500
const zeros = Buffer.alloc(262_144)

export interface SweepOptions {
  readonly directory: string
  readonly open: OpenSegments
  readonly appender: Appender
  /** Numbers of the segments that are there; those that are removed are taken out. */
  readonly segments: Set<number>
  readonly faultPoint: FaultPoint
  /** True when the sweep is to stop after the segment that it is at. */
  readonly stopped: () => boolean
  readonly putBeforeMs: number
  readonly inUse: (ids: readonly BlobId[]) => Promise<ReadonlySet<BlobId>>
}

export interface Swept {
  readonly removed: number
  /** Stored bytes of the removed bodies. */
  readonly freedBytes: number
}

interface Place {
  readonly at: number
  readonly record: RecordHeader
}

interface Contents {
  readonly live: readonly Place[]
  /** Bytes of whole records that are marked dead. */
  readonly deadBytes: number
  readonly damaged: boolean
}

/** Refuses `unavailable` when a file cannot be read or written; what was removed before stays removed. */
export async function sweepSegments(options: SweepOptions): Promise<Swept> {
  let removed = 0
  let freedBytes = 0
  // What is made meanwhile is young.
  const present = [...options.segments]
  for (const segment of present) {
    if (options.stopped()) break
    try {
      const swept = await sweepSegment(options, segment)
      removed += swept.removed
      freedBytes += swept.freedBytes
    } catch (error) {
      throw refusal(error)
    }
  }
  return { removed, freedBytes }
}

async function sweepSegment(options: SweepOptions, segment: number): Promise<Swept> {
  const current = options.appender.current
  const handle = await open(segmentPath(options.directory, segment), 'r+')
  try {
    const walkedBytes = current?.segment === segment ? current.end : (await handle.stat()).size
    const contents = await contentsOf(handle, segment, walkedBytes)
    const dead = await deadOf(contents.live, options)
    const gone = new Set(dead)
    const kept = contents.live.filter((place) => !gone.has(place))
    const freedBytes = dead.reduce((sum, place) => sum + place.record.totalBytes, 0)
    const emptyBytes = contents.deadBytes + freedBytes
    const halfEmpty = emptyBytes > 0 && emptyBytes * 2 >= walkedBytes - fileHeaderBytes
    const removable = kept.length === 0 && segment !== highest(options)
    const rewritten =
      (halfEmpty || removable) && !contents.damaged && (await sealed(options, segment, handle, walkedBytes)) && (await rewrite(options, { segment, handle, kept }))
    if (!rewritten) await markDead(handle, dead, options.faultPoint)
    return { removed: dead.length, freedBytes }
  } finally {
    await handle.close()
  }
}

function highest(options: SweepOptions): number {
  return Math.max(...options.segments)
}

/** True when nothing is or will be appended to what was walked. */
async function sealed(options: SweepOptions, segment: number, handle: FileHandle, walkedBytes: number): Promise<boolean> {
  const current = options.appender.current
  if (current?.segment === segment) {
    if (current.end !== walkedBytes) return false
    await options.appender.seal()
  }
  return (await handle.stat()).size === walkedBytes
}

async function contentsOf(handle: FileHandle, segment: number, size: number): Promise<Contents> {
  const header = decodeFileHeader(await readAt(handle, 0, fileHeaderBytes))
  const compacted = header?.kind === 'compacted'
  const live: Place[] = []
  let deadBytes = 0
  // A file that was being made when the process died holds nothing.
  let damaged = header === null && size > fileHeaderBytes
  const end = compacted ? header.indexOffset : size
  for await (const found of walkRecords({ handle, segment, end, inPlace: !compacted })) {
    if (found.kind === 'gap') damaged = true
    else if (found.record.live) live.push({ at: found.at, record: found.record })
    else deadBytes += found.record.totalBytes
  }
  return { live, deadBytes, damaged }
}

async function deadOf(live: readonly Place[], options: SweepOptions): Promise<Place[]> {
  const old = live.filter((place) => place.record.putAtMs < options.putBeforeMs)
  const dead: Place[] = []
  for (let start = 0; start < old.length; start += askedTogether) {
    const asked = old.slice(start, start + askedTogether)
    const used = await options.inUse(asked.map(idOf))
    for (const place of asked) if (!used.has(idOf(place))) dead.push(place)
  }
  return dead
}

function idOf({ record }: Place): BlobId {
  return blobId({ segment: record.segment, offset: record.offset })
}

/** Zeros first, the mark when they are on the disk: a crash in between leaves records that the next sweep finds again. */
async function markDead(handle: FileHandle, dead: readonly Place[], faultPoint: FaultPoint): Promise<void> {
  if (dead.length === 0) return
  for (const { at, record } of dead) {
    const body = at + headBytes(record.blocks.length)
    for (let zeroed = 0; zeroed < record.storedBytes; zeroed += zeros.length) {
      await writeFully(handle, zeros.subarray(0, Math.min(zeros.length, record.storedBytes - zeroed)), body + zeroed)
    }
  }
  await handle.datasync()
  faultPoint('before-mark')
  const mark = Buffer.alloc(4)
  mark.writeUInt32LE(deadMagic)
  for (const { at } of dead) await writeFully(handle, mark, at)
  await handle.datasync()
}

/** False when there was no room for it: then the records are marked where they lie. */
async function rewrite(
  options: SweepOptions,
  { segment, handle, kept }: { readonly segment: number; readonly handle: FileHandle; readonly kept: readonly Place[] },
): Promise<boolean> {
  if (kept.length === 0 && segment !== highest(options)) {
    await unlink(segmentPath(options.directory, segment))
    options.segments.delete(segment)
    await syncDirectory(options.directory)
  } else {
    const records = kept.map(({ at, record }) => ({ firstOffset: record.offset, at, totalBytes: record.totalBytes }))
    try {
      await compactSegment({ directory: options.directory, segment, source: handle, kept: records, faultPoint: options.faultPoint })
    } catch (error) {
      if (isSystemError(error, ...fullCodes)) return false
      throw error
    }
  }
  await options.open.forget(segment)
  return true
}
