/**
 * Message bodies in append-only segment files (design §5.6), the embedded store's adapter of core/ports/blobs.ts.
 *
 * record-format.ts says what the files hold, appender.ts how they are written, read.ts how they are read, sweep.ts how
 * space comes back and recover.ts what opening does after a crash. One process at a time may have a folder open: the store
 * that lies beside it holds the lock.
 *
 * Of the port's promises: B1 by the sync before every answer, B2 by a CRC-32 of every block that is read, B3 by the put
 * time in each record, B4 by ids that are places in an ever growing sequence.
 */
import { statfs } from 'node:fs/promises'
import { MailError } from '../../core/errors.ts'
import type { Blobs } from '../../core/ports/blobs.ts'
import { Appender } from './appender.ts'
import { blobId } from './blob-id.ts'
import { BodyCache } from './body-cache.ts'
import { faultPointOf } from './fault-point.ts'
import { ReadAhead } from './read-ahead.ts'
import { type BodySource, readBodies, readBody } from './read.ts'
import { recoverDirectory } from './recover.ts'
import { closed, refusal } from './refusals.ts'
import { OpenSegments } from './segment-file.ts'
import type { Swept } from './sweep.ts'
import { sweepSegments } from './sweep.ts'

export interface SegmentsOptions {
  /** Made when it is not there. */
  readonly directory: string
  readonly clock: { nowMs(): number }
  /** A segment that has reached this is ended; a larger body gets a segment of its own. */
  readonly segmentBytes?: number
  /** For crash tests: a name of fault-point.ts, `:n` for the n-th passage. */
  readonly faultPoint?: string
}

const defaultSegmentBytes = 256 * 1024 * 1024
/** Below it, messages of some size are refused already. */
const littleRoomBytes = 4 * 1024 * 1024
/** What bodies that were read of late may take of the memory. */
const cachedBytes = 16 * 1024 * 1024

/** Refuses `storage-full`, `unavailable` when the folder cannot be read or written. */
export async function openSegments(options: SegmentsOptions): Promise<Blobs> {
  const { directory } = options
  const segments = new Set(
    await recoverDirectory(directory).catch((error: unknown) => {
      throw refusal(error)
    }),
  )
  const open = new OpenSegments(directory)
  const source: BodySource = { open, cache: new BodyCache(cachedBytes), ahead: new ReadAhead() }
  const faultPoint = faultPointOf(options.faultPoint)
  const appender = new Appender({
    directory,
    clock: options.clock,
    segmentBytes: options.segmentBytes ?? defaultSegmentBytes,
    faultPoint,
    firstSegment: Math.max(0, ...segments) + 1,
    onSegment: (segment) => segments.add(segment),
  })
  let stopped = false
  let sweeping: Promise<Swept> = Promise.resolve({ removed: 0, freedBytes: 0 })

  return {
    put: async (bytes) => blobId(await appender.put(bytes)),
    read: async (id, range) => {
      if (stopped) throw closed()
      return readBody(source, id, range)
    },
    async *readMany(ids) {
      if (stopped) throw closed()
      yield* readBodies(source, ids)
    },
    async ready() {
      if (stopped) throw closed()
      const { bavail, bsize } = await statfs(directory).catch((error: unknown) => {
        throw refusal(error)
      })
      if (bavail * bsize < littleRoomBytes) throw new MailError('storage-full', 'the disk of the bodies is full', { freeBytes: bavail * bsize })
    },
    sweep: ({ putBeforeMs, inUse }) => {
      if (stopped) return Promise.reject(closed())
      // One at a time: two would rewrite the same files.
      const one = sweeping
        .then(() => sweepSegments({ directory, open, appender, segments, faultPoint, stopped: () => stopped, putBeforeMs, inUse }))
        .finally(() => forget(source))
      sweeping = one.catch(() => ({ removed: 0, freedBytes: 0 }))
      return one
    },
    async [Symbol.asyncDispose]() {
      stopped = true
      await appender.close()
      await sweeping
      await open.close()
    },
  }
}

/** What a sweep has removed is not in anybody's memory either. */
function forget({ cache, ahead }: BodySource): void {
  cache.clear()
  ahead.clear()
}
