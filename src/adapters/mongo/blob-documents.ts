/**
 * The documents of `blobs`: one a body, named by its content. A body of some MB and less lies in it, a larger one in the file
 * that it names. `usedAtMs` is when the same bytes were put last: what a sweep goes by.
 */
import type { Collection, ObjectId } from 'mongodb'
import type { Connection } from './connection.ts'

export interface BlobDocument {
  /** SHA-256 of the body in base64url. */
  readonly _id: string
  readonly usedAtMs: number
  readonly bodyBytes: number
  readonly storedBytes: number
  readonly data?: Uint8Array
  readonly compressed?: boolean
  readonly crc?: number
  readonly file?: ObjectId
  readonly crcs?: readonly number[]
}

const form = /^[A-Za-z0-9_-]{43}$/

/** Whether a put can have given out this id. */
export function isBlobId(id: string): boolean {
  return form.test(id)
}

export function blobsOf(connection: Connection): Collection<BlobDocument> {
  return connection.db.collection<BlobDocument>('blobs')
}
