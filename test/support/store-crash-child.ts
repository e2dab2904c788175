/**
 * The process that dies in the crash tests: opens a store, runs a load on it, tells each operation before and after on
 * standard output, and is killed: by itself at a fault point, or by its parent. Its one argument is a {@link CrashChild}.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbedded } from '../contract/stores.ts'
import type { LoadAccount, LoadLine } from './store-load.ts'
import { runLoad } from './store-load.ts'
import type { OpenStore } from './store-place.ts'

export interface CrashChild {
  readonly directory: string
  readonly faultPoint: string
  readonly accounts: readonly LoadAccount[]
  readonly seed: number
  readonly clients: number
  readonly operationsPerClient: number
  /** Relative paths of files whose size is told with every acknowledgement; a folder stands for its last file. */
  readonly watched: readonly string[]
  /** Puts so many bodies that nobody names beside the load, in small segments, and sweeps after it. */
  readonly orphans?: number
}

const given = JSON.parse(process.argv[2]!) as CrashChild
const clock = { nowMs: () => Date.now() }

function sizes(): Record<string, number> {
  const told: Record<string, number> = {}
  for (const name of given.watched) {
    const path = join(given.directory, name)
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) {
      const last = readdirSync(path).sort().at(-1)
      if (last !== undefined) told[join(name, last)] = statSync(join(path, last)).size
    } else {
      told[name] = found?.size ?? 0
    }
  }
  return told
}

/** At once and whole: what was told before the death has been told. */
function tell(line: LoadLine): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
  for (let written = 0; written < bytes.length; ) written += writeSync(1, bytes, written)
}

/** Between them bodies that a document of the registry names: so every segment of them is one to be rewritten, none to be dropped whole. */
async function putOrphans(open: OpenStore, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await open.blobs.put(randomBytes(3_000))
    if (i % 3 > 0) continue
    const body = await open.blobs.put(randomBytes(3_000))
    await open.store.registry.commit({ entries: [{ kind: 'kept', id: `${process.pid}-${i}`, value: i, bodies: [body], ifVersion: 0 }] })
  }
}

const segmentBytes = given.orphans === undefined ? {} : { segmentBytes: 65_536 }
const open = await openEmbedded(given.directory, clock, { faultPoint: given.faultPoint, ...segmentBytes })
await Promise.all([
  runLoad({ open, clock, accounts: given.accounts, seed: given.seed, clients: given.clients, operationsPerClient: given.operationsPerClient, tell, sizes }),
  putOrphans(open, given.orphans ?? 0),
])
// Nothing is under way any more: every body that a message needs is named.
if (given.orphans !== undefined) await open.blobs.sweep({ putBeforeMs: Date.now() + 1, inUse: (ids) => open.store.bodiesInUse(ids) })
if (given.faultPoint !== '') throw new Error(`${given.faultPoint} was never reached`)
// The load is at its end: it dies as suddenly as at any fault point, with nothing closed.
process.kill(process.pid, 'SIGKILL')
