/**
 * The stores that the contract is checked on. A store that cannot be reached here is listed with the reason, so that a run
 * says what it did not check. A new adapter is one more entry.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
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

export const stores: readonly StoreUnderTest[] = [embedded]
