/** Schema 3: the registry of the administration. Its indexes are those of indexes.ts; making them twice changes nothing. */
import type { Db } from 'mongodb'
import { indexes } from '../indexes.ts'

export const number = 3

export async function up(db: Db): Promise<void> {
  await db.collection('registry').createIndexes([...indexes['registry']!])
}
