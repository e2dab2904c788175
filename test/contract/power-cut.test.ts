/**
 * A power cut takes more than a killed process: what was written and not synced may be gone, or be garbage. It is imitated
 * on copies of a folder whose process died with everything acknowledged: the tail of the store's log and of the last
 * segment is cut at random places, and garbage put behind the cut.
 *
 * What opens must be a whole prefix of the history: of every account all up to its modseq and nothing above; of each
 * operation all or nothing; everything that had been acknowledged when the log was no longer than the cut. The segment is
 * cut only behind the bodies that the kept log names: they were synced before it, so no power cut could take them.
 */
import assert from 'node:assert/strict'
import { appendFile, cp, mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { blobPlace } from '../../src/adapters/segments/blob-id.ts'
import { makeLoadAccounts, runUntilDead, systemClock } from '../support/store-crash-parent.ts'
import type { Death } from '../support/store-crash-parent.ts'
import { Ledger } from '../support/store-ledger.ts'
import type { LoadAccount, LoadLine, LoadOperation } from '../support/store-load.ts'
import { seededNumbers } from '../support/store-load.ts'
import type { OpenStore } from '../support/store-place.ts'
import { openEmbedded } from './stores.ts'

const cuts = 30
const log = 'store.sqlite-wal'
const database = 'store.sqlite'
const segment = join('bodies', '00000001.seg')

interface Acknowledged {
  readonly operation: LoadOperation
  readonly line: Extract<LoadLine, { end: number }>
}

interface History {
  readonly directory: string
  readonly accounts: readonly LoadAccount[]
  readonly acknowledged: readonly Acknowledged[]
  readonly logBytes: number
  readonly segmentBytes: number
}

describe('embedded: power cut', () => {
  const folders: string[] = []
  after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))
  const folder = async (): Promise<string> => {
    const made = await mkdtemp(join(tmpdir(), 'congvu-power-'))
    folders.push(made)
    return made
  }

  test('whatever of the log and the segment a power cut takes, a whole prefix remains, with its bodies, and nothing synced is missing', async (t) => {
    const history = await makeHistory(folder)
    const counts = { cuts: 0, acknowledged: 0, synced: 0, found: 0, lost: 0 }
    for (let seed = 1; seed <= cuts; seed++) {
      const number = seededNumbers(seed)
      const logCut = seed === 1 ? 0 : Math.floor(number() * (history.logBytes + 1))
      const garbage = number() < 0.5 ? randomBytes(number) : Buffer.alloc(0)
      const withLogCut = await cutCopy(history, await folder(), { logCut, garbage, segmentCut: null, segmentGarbage: Buffer.alloc(0) })
      const least = await endOfNamedBodies(withLogCut, history)
      const segmentCut = number() < 0.3 ? least : least + Math.floor(number() * (history.segmentBytes - least + 1))
      const cut = await cutCopy(history, await folder(), { logCut, garbage, segmentCut, segmentGarbage: number() < 0.5 ? randomBytes(number) : Buffer.alloc(0) })
      const place = `cut ${seed}: log at ${logCut}, segment at ${segmentCut}`
      await using open = await openEmbedded(cut, systemClock)
      const kept = await keptOf(open, history, place)
      const synced = history.acknowledged.filter(({ line }) => line.sizes[log]! <= logCut)
      const lost = synced.filter((one) => !kept.includes(one))
      assert.deepEqual(lost, [], `${place}: acknowledged and synced, but missing`)
      const ledger = new Ledger(history.accounts)
      for (const { operation, line } of kept) {
        ledger.hear({ begin: line.end, operation })
        ledger.hear(line)
      }
      const result = await ledger.check(open)
      assert.deepEqual(result.problems, [], place)
      await bodiesBefore(open, history, segmentCut)
      counts.cuts++
      counts.acknowledged += history.acknowledged.length
      counts.synced += synced.length
      counts.found += kept.length
      counts.lost += lost.length
    }
    t.diagnostic('cuts\tacknowledged\tsynced before the cut\tfound\tlost of the synced')
    t.diagnostic(Object.values(counts).join('\t'))
    assert.ok(counts.synced > 0 && counts.found < counts.acknowledged, 'the cuts took something and left something')
  })
})

/** A folder whose process died with all acknowledged and nothing moved from the log into the database: a log to cut. */
async function makeHistory(folder: () => Promise<string>): Promise<History> {
  for (let attempt = 1; attempt <= 8; attempt++) {
    const directory = await folder()
    const accounts = await makeLoadAccounts(directory, 4)
    const before = await readFile(join(directory, database))
    const death = await runUntilDead({ directory, faultPoint: '', accounts, seed: 700 + attempt, clients: 6, operationsPerClient: 40, watched: [log, 'bodies'] })
    assert.equal(death.signal, 'SIGKILL', death.errors)
    if (!before.equals(await readFile(join(directory, database)))) continue
    return {
      directory,
      accounts,
      acknowledged: acknowledgedOf(death),
      logBytes: (await stat(join(directory, log))).size,
      segmentBytes: (await stat(join(directory, segment))).size,
    }
  }
  throw new Error('the log was moved into the database in every run: the machine is too slow for this test')
}

function acknowledgedOf(death: Death): Acknowledged[] {
  const begun = new Map<number, LoadOperation>()
  const acknowledged: Acknowledged[] = []
  for (const line of death.lines) {
    if ('begin' in line) begun.set(line.begin, line.operation)
    else if ('end' in line) acknowledged.push({ operation: begun.get(line.end)!, line })
  }
  assert.equal(acknowledged.length, begun.size, 'everything was acknowledged')
  return acknowledged
}

function randomBytes(number: () => number): Buffer {
  return Buffer.from(Array.from({ length: 1 + Math.floor(number() * 6_000) }, () => Math.floor(number() * 256)))
}

async function cutCopy(
  history: History,
  target: string,
  cut: { readonly logCut: number; readonly garbage: Buffer; readonly segmentCut: number | null; readonly segmentGarbage: Buffer },
): Promise<string> {
  await cp(history.directory, target, { recursive: true })
  await truncate(join(target, log), cut.logCut)
  await appendFile(join(target, log), cut.garbage)
  if (cut.segmentCut !== null) {
    await truncate(join(target, segment), cut.segmentCut)
    await appendFile(join(target, segment), cut.segmentGarbage)
  }
  return target
}

/** What is there: operations whose modseqs are reached. Each is there in all its accounts or in none. */
async function keptOf(open: OpenStore, history: History, place: string): Promise<Acknowledged[]> {
  const reached = await open.store.changes.states(history.accounts.map(({ account }) => account))
  return history.acknowledged.filter(({ operation, line }) => {
    const there = Object.entries(line.result.modseqs).map(([account, modseq]) => modseq <= reached.get(account)!)
    assert.equal(new Set(there).size, 1, `${place}: ${operation.kind} is there in some of its accounts only`)
    return there[0]!
  })
}

/** Records lie one after the other: a body ends where the next begins. */
function endOf(body: string, history: History): number {
  const offset = blobPlace(body)!.offset
  const later = history.acknowledged.flatMap(({ line }) => line.result.bodies.map((id) => blobPlace(id)!.offset)).filter((other) => other > offset)
  return Math.min(history.segmentBytes, ...later)
}

async function endOfNamedBodies(directory: string, history: History): Promise<number> {
  await using open = await openEmbedded(directory, systemClock)
  const kept = await keptOf(open, history, directory)
  return Math.max(32, ...kept.flatMap(({ line }) => line.result.bodies).map((body) => endOf(body, history)))
}

/** B1: bodies that lie before the cut are there, named or not. */
async function bodiesBefore(open: OpenStore, history: History, segmentCut: number): Promise<void> {
  for (const { line } of history.acknowledged) {
    for (const body of line.result.bodies) {
      if (endOf(body, history) <= segmentCut) assert.ok((await open.blobs.read(body)).length > 0)
    }
  }
}
