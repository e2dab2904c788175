/**
 * Large bodies: GridFS files in the bucket `bodies`, so that the usual tools know them, each named by its blob document. The
 * server compresses their chunks (migrations/0001-first.ts). A part is read from the chunks that hold it, each checked.
 */
import { once } from 'node:events'
import { crc32 } from 'node:zlib'
import { GridFSBucket } from 'mongodb'
import type { ObjectId } from 'mongodb'
import { damagedBody } from './blob-codec.ts'
import type { Connection } from './connection.ts'

export const bucketName = 'bodies'
const chunkBytes = 1024 * 1024

export interface StoredFile {
  readonly file: ObjectId
  /** Of each chunk. */
  readonly crcs: readonly number[]
}

export class BlobFiles {
  readonly #connection: Connection
  readonly #bucket: GridFSBucket

  constructor(connection: Connection) {
    this.#connection = connection
    this.#bucket = new GridFSBucket(connection.db, { bucketName, chunkSizeBytes: chunkBytes, writeConcern: { w: 'majority', journal: true } })
  }

  async write(body: Uint8Array, nowMs: number): Promise<StoredFile> {
    const crcs: number[] = []
    for (let at = 0; at < body.length; at += chunkBytes) crcs.push(crc32(body.subarray(at, at + chunkBytes)))
    const stream = this.#bucket.openUploadStream('', { metadata: { putAtMs: nowMs } })
    const finished = once(stream, 'finish')
    stream.end(body)
    await finished
    return { file: stream.id, crcs }
  }

  /** Bytes from `start` to `end`, both within the body. */
  async read({ file, crcs }: StoredFile, start: number, end: number): Promise<Uint8Array> {
    if (start >= end) return new Uint8Array()
    const first = Math.floor(start / chunkBytes)
    const last = Math.floor((end - 1) / chunkBytes)
    const chunks = await this.#connection.db
      .collection<{ n: number; data: Uint8Array }>(`${bucketName}.chunks`)
      .find({ files_id: file, n: { $gte: first, $lte: last } }, { sort: { n: 1 }, projection: { _id: 0, n: 1, data: 1 } })
      .toArray()
    if (chunks.length !== last - first + 1) throw damagedBody('chunks')
    for (const { n, data } of chunks) if (crc32(data) !== crcs[n]) throw damagedBody('checksum of a chunk')
    return Buffer.concat(chunks.map(({ data }) => data)).subarray(start - first * chunkBytes, end - first * chunkBytes)
  }

  async remove(file: ObjectId): Promise<void> {
    await this.#bucket.delete(file)
  }

  /** Files that were written before and that no blob document may ever have named: of writers that died. In batches. */
  async *writtenBefore(putBeforeMs: number, batch: number): AsyncGenerator<{ readonly file: ObjectId; readonly bytes: number }[]> {
    const files = this.#connection.db.collection<{ _id: ObjectId; length: number }>(`${bucketName}.files`)
    const cursor = files.find({ 'metadata.putAtMs': { $lt: putBeforeMs } }, { projection: { length: 1 }, batchSize: batch })
    let some: { file: ObjectId; bytes: number }[] = []
    for await (const { _id, length } of cursor) {
      some.push({ file: _id, bytes: length })
      if (some.length < batch) continue
      yield some
      some = []
    }
    if (some.length > 0) yield some
  }
}
