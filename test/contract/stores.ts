/**
 * The stores that the contract is checked on. A store that cannot be reached here is listed with the reason, so that a run
 * says what it did not check. A new adapter is one more entry.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { inTurns } from '../support/mongo-nodes.ts'
import { makeMongoPlace, openMongo } from '../support/mongo-place.ts'
import { mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import type { MakePlace, OpenStore } from '../support/store-place.ts'
import { TurnedClock } from '../support/store-place.ts'

export interface StoreUnderTest {
  readonly name: string
  /** Why it is not checked in this run, or null. */
  readonly unreachable: string | null
  readonly makePlace: MakePlace
}

const embedded: StoreUnderTest = {
  name: 'embedded (SQLite, segment files)',
  unreachable: null,
  async makePlace() {
    const directory = await mkdtemp(join(tmpdir(), 'congvu-contract-'))
    const clock = new TurnedClock()
    return {
      clock,
      open: () => openEmbedded(directory, clock),
      remove: () => rm(directory, { recursive: true, force: true }),
    }
  },
}

/** Store and bodies as compose.ts puts them together, in one folder. */
export async function openEmbedded(
  directory: string,
  clock: { nowMs(): number },
  options: { readonly faultPoint?: string; readonly segmentBytes?: number } = {},
): Promise<OpenStore> {
  const store = await openSqliteStore({ directory, clock, ...(options.faultPoint === undefined ? {} : { faultPoint: options.faultPoint }) })
  const blobs = await openSegments({ directory: join(directory, 'bodies'), clock, ...options })
  return {
    store,
    blobs,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await blobs[Symbol.asyncDispose]()
    },
  }
}

/** Each place is a database of its own on a replica set that the tests of a process share. */
const mongo: StoreUnderTest = {
  name: 'province (MongoDB, one node)',
  unreachable: mongoUnreachable,
  makePlace: async () => makeMongoPlace(await sharedMongoUrl(1)),
}

/** Each call goes to the other node: what one has written, the other must see, and both write the same accounts at once. */
const mongoNodes: StoreUnderTest = {
  name: 'province (MongoDB, three members, two nodes in turns)',
  unreachable: mongoUnreachable,
  async makePlace() {
    const place = await makeMongoPlace(await sharedMongoUrl(3))
    // At one instant of a clock that stands still nobody could tell which node was first.
    let calls = 0
    const storeClock = { nowMs: () => place.clock.nowMs() + calls++ }
    const node = (name: string): Promise<OpenStore> => openMongo({ ...place, storeClock, node: name })
    return { ...place, open: async () => inTurns([await node('nut-1'), await node('nut-2')]) }
  },
}

export const stores: readonly StoreUnderTest[] = [embedded, mongo, mongoNodes]
