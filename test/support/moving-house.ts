/** Places that a move goes from and to, opened as a server opens them and as a move does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openMongoBlobs } from '../../src/adapters/mongo/blobs.ts'
import { openCopyableMongo } from '../../src/adapters/mongo/moving-house/copyable-store.ts'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { openCopyableSqlite } from '../../src/adapters/sqlite/moving-house/copyable-store.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { sha256Hashing } from '../../src/compose-migration.ts'
import { moveStore, type House, type Move, type MoveReport } from '../../src/core/moving-house/move-store.ts'
import type { SliceSize, WritableStore } from '../../src/core/ports/store-copy.ts'
import { dropDatabase, openMongo } from './mongo-place.ts'
import { freshDatabase, sharedMongoUrl } from './mongo-server.ts'
import type { OpenStore } from './store-place.ts'

export type HousePlace = { readonly kind: 'sqlite'; readonly directory: string } | { readonly kind: 'mongo'; readonly url: string; readonly database: string }

/** Short, so that who comes after a killed move need not wait long. */
const leaseMs = 1_000

interface Clock {
  nowMs(): number
}

export async function makePlace(kind: HousePlace['kind'], members = 1): Promise<HousePlace> {
  if (kind === 'sqlite') return { kind, directory: await mkdtemp(join(tmpdir(), 'congvu-house-')) }
  return { kind, url: await sharedMongoUrl(members), database: freshDatabase() }
}

export async function removePlace(place: HousePlace): Promise<void> {
  if (place.kind === 'sqlite') await rm(place.directory, { recursive: true, force: true })
  else await dropDatabase(place.url, place.database)
}

/** As a server has it. */
export async function openPlace(place: HousePlace, clock: Clock): Promise<OpenStore> {
  if (place.kind === 'mongo') return await openMongo({ ...place, clock })
  await using opening = new AsyncDisposableStack()
  const store = opening.use(await openSqliteStore({ directory: join(place.directory, 'store'), clock }))
  const blobs = opening.use(await openSegments({ directory: join(place.directory, 'segments'), clock }))
  const opened = opening.move()
  return { store, blobs, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

export interface OpenHouse extends House<WritableStore>, AsyncDisposable {}

/** As a move has it. */
export async function openHouse(place: HousePlace, clock: Clock): Promise<OpenHouse> {
  await using opening = new AsyncDisposableStack()
  const store = opening.use(
    place.kind === 'sqlite' ? await openCopyableSqlite({ directory: join(place.directory, 'store'), create: true }) : await openCopyableMongo({ ...place, leaseMs }),
  )
  const blobs = opening.use(place.kind === 'sqlite' ? await openSegments({ directory: join(place.directory, 'segments'), clock }) : await openMongoBlobs({ ...place, clock }))
  const opened = opening.move()
  return { store, blobs, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

export interface MoveOptions extends Pick<Move, 'onProgress'> {
  readonly size?: SliceSize
  readonly clock: Clock
  /** What is moved into instead. */
  readonly target?: (store: WritableStore) => WritableStore
}

export async function move(from: HousePlace, to: HousePlace, { clock, target = (store) => store, ...options }: MoveOptions): Promise<MoveReport> {
  await using source = await openHouse(from, clock)
  await using opened = await openHouse(to, clock)
  return await moveStore({ from: source, to: { store: target(opened.store), blobs: opened.blobs }, hashing: sha256Hashing, ...options })
}

/** Runs a move in a process of its own and kills it when it has told `killAfter` times how far it is. Answers whether it was killed. */
export async function moveUntilKilled(from: HousePlace, to: HousePlace, size: SliceSize, killAfter: number): Promise<{ readonly killed: boolean; readonly told: readonly string[] }> {
  const script = new URL('./moving-house-child.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, JSON.stringify({ from, to, size })], { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const told: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(line)
    if (told.length === killAfter) child.kill('SIGKILL')
  }
  const [code, signal] = await closed
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the move ended with ${code ?? signal}:\n${errors}`)
  return { killed: signal === 'SIGKILL', told }
}
