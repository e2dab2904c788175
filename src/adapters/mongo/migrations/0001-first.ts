/**
 * Schema 1: documents as documents.ts says, indexes as indexes.ts says. Large bodies (blob-files.ts) are compressed by the
 * server: base64 shrinks to three quarters, and a part of them can still be read alone.
 */
import type { Db } from 'mongodb'
import { bucketName } from '../blob-files.ts'
import { indexes } from '../indexes.ts'

export const number = 1

/** Making what is there already changes nothing, so this may be done again after it was broken off. */
export async function up(db: Db): Promise<void> {
  const chunks = `${bucketName}.chunks`
  if ((await db.listCollections({ name: chunks }).toArray()).length === 0) {
    await db.createCollection(chunks, { storageEngine: { wiredTiger: { configString: 'block_compressor=zstd' } } })
  }
  for (const [collection, wanted] of Object.entries(indexes)) await db.collection(collection).createIndexes([...wanted])
}
