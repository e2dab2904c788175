/** The contract of bodies on an S3-type store, with the embedded store beside it to name them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openS3Blobs } from '../../src/adapters/s3/s3-blobs.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { s3Region, s3Server } from '../support/s3-server.ts'
import { TurnedClock, type StorePlace } from '../support/store-place.ts'
import { blobsContract } from './store-contract.ts'

async function makePlace(): Promise<StorePlace> {
  const [directory, server] = await Promise.all([mkdtemp(join(tmpdir(), 'congvu-s3-')), s3Server()])
  const clock = new TurnedClock()
  return {
    clock,
    async open() {
      const store = await openSqliteStore({ directory, clock })
      // A period as short as the tests' steps of time; sizes that make some bodies go in parts.
      const place = { ...server, region: s3Region, pathStyle: true }
      const blobs = openS3Blobs({ place, clock, prefix: 'thử/', periodMs: 1, uploads: { maxSingleBytes: 300_000, partBytes: 130_000 } })
      return {
        store,
        blobs,
        async [Symbol.asyncDispose]() {
          await store[Symbol.asyncDispose]()
          await blobs[Symbol.asyncDispose]()
        },
      }
    },
    async remove() {
      await server[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

blobsContract('S3', makePlace)
