/**
 * The store that protocol dialogues and delivery run on: the embedded one, or with CONGVU_TEST_STORE=mongo a database of its
 * own on the replica set that all tests of the process share. The tests know nothing of it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import type { SentCommand } from '../../src/adapters/mongo/connection.ts'
import { dropDatabase, openMongo } from './mongo-place.ts'
import { freshDatabase, sharedMongoUrl } from './mongo-server.ts'
import type { OpenStore } from './store-place.ts'

export type StoreName = 'embedded' | 'mongo'

export interface ChosenPlace {
  /** One opening at a time. */
  open(clock: { nowMs(): number }): Promise<OpenStore>
  /** Everything that was kept there goes. */
  remove(): Promise<void>
}

const names: readonly string[] = ['embedded', 'mongo'] satisfies StoreName[]

export function chosenStore(): StoreName {
  const name = process.env['CONGVU_TEST_STORE'] ?? 'embedded'
  if (!names.includes(name)) throw new Error(`CONGVU_TEST_STORE is ${name}, and must be one of ${names.join(', ')}`)
  return name as StoreName
}

export interface PlaceOptions {
  readonly store?: StoreName
  /** MongoDB alone has commands to hear of. */
  readonly onCommand?: (sent: SentCommand) => void
}

export async function makeChosenPlace({ store = chosenStore(), ...options }: PlaceOptions = {}): Promise<ChosenPlace> {
  return store === 'mongo' ? mongoPlace(options) : embeddedPlace()
}

async function embeddedPlace(): Promise<ChosenPlace> {
  const directory = await mkdtemp(join(tmpdir(), 'congvu-rig-'))
  return {
    async open(clock) {
      await using opening = new AsyncDisposableStack()
      const store = opening.use(await openSqliteStore({ directory: join(directory, 'store'), clock }))
      const blobs = opening.use(await openSegments({ directory: join(directory, 'segments'), clock }))
      const open = opening.move()
      return { store, blobs, [Symbol.asyncDispose]: () => open.disposeAsync() }
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

async function mongoPlace(options: Pick<PlaceOptions, 'onCommand'>): Promise<ChosenPlace> {
  const [url, database] = [await sharedMongoUrl(), freshDatabase()]
  return {
    open: (clock) => openMongo({ url, database, clock, ...options }),
    remove: () => dropDatabase(url, database),
  }
}
