/** Store and bodies on MongoDB, in a database of their own, as compose.ts puts them together. */
import { MongoClient } from 'mongodb'
import { openMongoBlobs } from '../../src/adapters/mongo/blobs.ts'
import type { SentCommand } from '../../src/adapters/mongo/connection.ts'
import { openMongoStore } from '../../src/adapters/mongo/store.ts'
import { freshDatabase } from './mongo-server.ts'
import type { OpenStore, StorePlace } from './store-place.ts'
import { TurnedClock } from './store-place.ts'

export interface MongoPlaceOptions {
  readonly url: string
  readonly database: string
  readonly clock: { nowMs(): number }
  /** Of the store, when it differs from that of the bodies. */
  readonly storeClock?: { nowMs(): number }
  readonly node?: string
  readonly faultPoint?: string
  readonly onCommand?: (sent: SentCommand) => void
}

export async function openMongo(options: MongoPlaceOptions): Promise<OpenStore> {
  const store = await openMongoStore({ node: 'nut-1', ...options, clock: options.storeClock ?? options.clock })
  const blobs = await openMongoBlobs(options)
  return {
    store,
    blobs,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await blobs[Symbol.asyncDispose]()
    },
  }
}

export async function makeMongoPlace(url: string): Promise<StorePlace & { readonly url: string; readonly database: string }> {
  const clock = new TurnedClock()
  const database = freshDatabase()
  return { clock, url, database, open: () => openMongo({ url, database, clock }), remove: () => dropDatabase(url, database) }
}

export async function dropDatabase(url: string, database: string): Promise<void> {
  const client = new MongoClient(url)
  await client.db(database).dropDatabase()
  await client.close()
}
