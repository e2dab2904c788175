/** Schema 4: records are found by key and by time. Their indexes are those of indexes.ts; making them twice changes nothing. */
import type { Db } from 'mongodb'
import { indexes } from '../indexes.ts'

export const number = 4

export async function up(db: Db): Promise<void> {
  await db.collection('records').createIndexes([...indexes['records']!])
}
