/**
 * Message bodies in the province's database (design §5.7), the adapter of core/ports/blobs.ts beside the store of this folder.
 *
 * Bodies are named by their content, so a message to many, or sent again, is kept once, and no count of references must be
 * right: a sweep asks who names a body and goes by its last use. Of the port's promises: B1 by majority writes with journal,
 * B2 by a CRC-32 of all that is read, B3 by `usedAtMs`, which every put touches.
 */
import type { Blobs } from '../../core/ports/blobs.ts'
import { MailError } from '../../core/errors.ts'
import type { BlobId } from '../../core/mailbox/mailbox.ts'
import { unpackBody } from './blob-codec.ts'
import type { BlobDocument } from './blob-documents.ts'
import { blobsOf, isBlobId } from './blob-documents.ts'
import { BlobFiles } from './blob-files.ts'
import { BlobPuts } from './blob-puts.ts'
import { sweepBlobs } from './blob-sweep.ts'
import { Connection } from './connection.ts'
import type { SentCommand } from './connection.ts'
import { faultPoints } from './fault-points.ts'
import { migrate } from './migrations/migrate.ts'
import { isPassing, refusalOf } from './refusals.ts'

export interface MongoBlobsOptions {
  readonly url: string
  readonly database: string
  readonly clock: { nowMs(): number }
  /** For crash tests: see fault-points.ts. */
  readonly faultPoint?: string
  /** For tests and measurements: called with each command and its answer. */
  readonly onCommand?: (sent: SentCommand) => void
}

/** Whole bodies that one question brings. */
const readTogether = 50

/** Refuses `unavailable` as the store does. */
export async function openMongoBlobs(options: MongoBlobsOptions): Promise<Blobs> {
  const connection = await Connection.open({ ...options, node: 'bodies' })
  try {
    await migrate(connection.db, 'bodies')
    return blobs(connection, options)
  } catch (error) {
    await connection.close()
    throw refusalOf(error)
  }
}

function blobs(connection: Connection, options: MongoBlobsOptions): Blobs {
  const files = new BlobFiles(connection)
  const puts = new BlobPuts({ connection, files, faults: faultPoints(options.faultPoint), nowMs: () => options.clock.nowMs() })
  let stopped = false
  let sweeping: Promise<unknown> = Promise.resolve()

  /** The driver asks once more by itself when a read fails; this waits for a new primary too. */
  const asking = async <T>(read: () => Promise<T>): Promise<T> => {
    connection.requireOpen()
    try {
      return await read()
    } catch (error) {
      if (!isPassing(error)) throw refusalOf(error)
      return read().catch((second: unknown) => {
        throw refusalOf(second)
      })
    }
  }

  const find = (ids: readonly BlobId[]): Promise<BlobDocument[]> =>
    asking(() =>
      blobsOf(connection)
        .find({ _id: { $in: ids.filter(isBlobId) } })
        .toArray(),
    )

  const bytesOf = async (blob: BlobDocument | undefined, range?: { readonly start: number; readonly end: number }): Promise<Uint8Array> => {
    if (blob === undefined) throw new MailError('message-unknown', 'no such body')
    const { bodyBytes, data, compressed, crc, file, crcs } = blob
    const start = Math.min(range?.start ?? 0, bodyBytes)
    const end = Math.min(range?.end ?? bodyBytes, bodyBytes)
    if (file !== undefined && crcs !== undefined) return asking(() => files.read({ file, crcs }, start, end))
    const body = await unpackBody({ data: data!, compressed: compressed!, crc: crc! }, bodyBytes)
    return range === undefined ? body : body.subarray(start, end)
  }

  return {
    put: (bytes) => puts.put(bytes),

    async read(id, range) {
      const [blob] = await find([id])
      return bytesOf(blob, range)
    },

    async *readMany(ids) {
      for (let at = 0; at < ids.length; at += readTogether) {
        const some = ids.slice(at, at + readTogether)
        const found = new Map((await find([...new Set(some)])).map((blob) => [blob._id, blob]))
        for (const id of some) yield await bytesOf(found.get(id))
      }
    },

    async ready() {
      // Nobody but the server knows how much room there is: it tells by refusing.
      const probe = { $set: { value: String(options.clock.nowMs()) } }
      await connection.write((session) => connection.settings.updateOne({ _id: 'bodies.probe' }, probe, { upsert: true, session }))
    },

    sweep(sweepOptions) {
      connection.requireOpen()
      const one = sweeping.then(() => sweepBlobs({ connection, files, stopped: () => stopped, options: sweepOptions }))
      sweeping = one.catch(() => undefined) // The caller has `one` and hears of it; the following sweep only waits its turn.
      return one.catch((error: unknown) => {
        throw refusalOf(error)
      })
    },

    async [Symbol.asyncDispose]() {
      stopped = true
      await puts.close()
      await sweeping
      await connection.close()
    },
  }
}
