/**
 * Removal of bodies that nobody names and that nobody has put since the safe age (B3). Each goes on the condition that it was
 * not put again meanwhile, checked in the same write; so no lock is needed against puts, on whatever node.
 */
import type { ObjectId } from 'mongodb'
import type { BlobId } from '../../core/mailbox/mailbox.ts'
import type { Blobs } from '../../core/ports/blobs.ts'
import type { BlobDocument } from './blob-documents.ts'
import { blobsOf } from './blob-documents.ts'
import type { BlobFiles } from './blob-files.ts'
import type { Connection } from './connection.ts'

export interface Swept {
  readonly removed: number
  readonly freedBytes: number
}

const batchBodies = 1_000

type Old = Pick<BlobDocument, '_id' | 'storedBytes' | 'file'>

export interface Sweep {
  readonly connection: Connection
  readonly files: BlobFiles
  readonly stopped: () => boolean
  readonly options: Parameters<Blobs['sweep']>[0]
}

export async function sweepBlobs(sweep: Sweep): Promise<Swept> {
  const swept = { removed: 0, freedBytes: 0 }
  for await (const old of oldBlobs(sweep)) {
    const inUse = await sweep.options.inUse(old.map(({ _id }) => _id))
    const { removed, freedBytes } = await remove(sweep, old.filter(({ _id }) => !inUse.has(_id)))
    swept.removed += removed
    swept.freedBytes += freedBytes
    if (sweep.stopped()) return swept
  }
  swept.freedBytes += await removeOrphans(sweep)
  return swept
}

async function* oldBlobs({ connection, options }: Sweep): AsyncGenerator<Old[]> {
  const cursor = blobsOf(connection).find<Old>(
    { usedAtMs: { $lt: options.putBeforeMs } },
    { projection: { storedBytes: 1, file: 1 }, sort: { usedAtMs: 1 }, batchSize: batchBodies },
  )
  let batch: Old[] = []
  for await (const blob of cursor) {
    batch.push(blob)
    if (batch.length < batchBodies) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

async function remove({ connection, files, options }: Sweep, going: readonly Old[]): Promise<Swept> {
  const gone: Old[] = []
  const unused = { usedAtMs: { $lt: options.putBeforeMs } }
  const documents = going.filter(({ file }) => file === undefined)
  if (documents.length > 0) {
    const ids = documents.map(({ _id }) => _id)
    await connection.write((session) => blobsOf(connection).deleteMany({ _id: { $in: ids }, ...unused }, { session }))
    const left = await leftOf(connection, ids)
    gone.push(...documents.filter(({ _id }) => !left.has(_id)))
  }
  for (const blob of going) {
    if (blob.file === undefined) continue
    const { deletedCount } = await connection.write((session) => blobsOf(connection).deleteOne({ _id: blob._id, file: blob.file!, ...unused }, { session }))
    if (deletedCount === 0) continue
    await files.remove(blob.file)
    gone.push(blob)
  }
  return { removed: gone.length, freedBytes: gone.reduce((sum, { storedBytes }) => sum + storedBytes, 0) }
}

async function leftOf(connection: Connection, ids: readonly BlobId[]): Promise<ReadonlySet<BlobId>> {
  const left = await blobsOf(connection)
    .find({ _id: { $in: [...ids] } }, { projection: { _id: 1 } })
    .toArray()
  return new Set(left.map(({ _id }) => _id))
}

/** Files whose writer died before the document that would name them, or whose document is gone. Answers the bytes. */
async function removeOrphans({ connection, files, options }: Sweep): Promise<number> {
  let freed = 0
  for await (const batch of files.writtenBefore(options.putBeforeMs, batchBodies)) {
    const named = await blobsOf(connection)
      .find({ file: { $in: batch.map(({ file }) => file) } }, { projection: { _id: 0, file: 1 } })
      .toArray()
    const known = new Set(named.map(({ file }) => (file as ObjectId).toHexString()))
    for (const { file, bytes } of batch) {
      if (known.has(file.toHexString())) continue
      await files.remove(file)
      freed += bytes
    }
  }
  return freed
}
