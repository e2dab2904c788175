/**
 * Schema 2: outbox rows stand in `states`, so that a group of writes makes and settles them with the command that writes accounts
 * and deliveries.
 */
import type { Db } from 'mongodb'
import { indexes } from '../indexes.ts'

export const number = 2

const left = 'outbox'

/** A row that was taken over before the work was broken off is what it was: nobody writes meanwhile. */
export async function up(db: Db): Promise<void> {
  await db.collection('states').createIndexes([...indexes['states']!])
  if ((await db.listCollections({ name: left }).toArray()).length === 0) return
  await db.collection(left).aggregate([{ $merge: { into: 'states', on: '_id', whenMatched: 'keepExisting' } }]).toArray()
  await db.collection(left).drop()
}
