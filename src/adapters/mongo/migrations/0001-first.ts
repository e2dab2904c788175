/** Schema 1: documents as documents.ts says, indexes as indexes.ts says. */
import type { Db } from 'mongodb'
import { indexes } from '../indexes.ts'

export const number = 1

/** Making an index that is there already changes nothing, so this may be done again after it was broken off. */
export async function up(db: Db): Promise<void> {
  for (const [collection, wanted] of Object.entries(indexes)) await db.collection(collection).createIndexes([...wanted])
}
