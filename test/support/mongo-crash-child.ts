/**
 * The process that dies in the crash tests on MongoDB: opens the store, runs a load on it (store-load.ts), tells each operation
 * before and after on standard output, and is killed: by itself at a fault point, or by its parent. Its one argument is a
 * {@link MongoCrashChild}.
 */
import { writeSync } from 'node:fs'
import { openMongo } from './mongo-place.ts'
import type { LoadAccount, LoadLine } from './store-load.ts'
import { runLoad } from './store-load.ts'

export interface MongoCrashChild {
  readonly url: string
  readonly database: string
  readonly node: string
  readonly faultPoint: string
  readonly accounts: readonly LoadAccount[]
  readonly seed: number
  readonly clients: number
  readonly operationsPerClient: number
}

const given = JSON.parse(process.argv[2]!) as MongoCrashChild
const clock = { nowMs: () => Date.now() }

/** At once and whole: what was told before the death has been told. */
function tell(line: LoadLine): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
  for (let written = 0; written < bytes.length; ) written += writeSync(1, bytes, written)
}

const open = await openMongo({ ...given, clock })
await runLoad({ open, clock, accounts: given.accounts, seed: given.seed, clients: given.clients, operationsPerClient: given.operationsPerClient, tell, sizes: () => ({}) })
throw new Error(`${given.faultPoint} was never reached`)
