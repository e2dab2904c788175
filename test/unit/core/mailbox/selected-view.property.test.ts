/**
 * Several sessions and writers on one mailbox, interleaved by a seed, against naive clients (RFC 9051 §7.5.1): at every moment
 * a client's list is what its session counts by, and in the end it is what the store holds. Bells get lost, answers of the
 * change log are cut, its old part is forgotten. Half of what is written comes by this process, whose views hear of it at once.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalBus } from '../../../../src/adapters/local/bus.ts'
import { type FlagChange, type Flags, flagNames, flagsOf, sameFlags } from '../../../../src/core/mailbox/flags.ts'
import type { MessageContent } from '../../../../src/core/mailbox/mailbox.ts'
import type { OwnWrite } from '../../../../src/core/mailbox/shared-view.ts'
import { createViews } from '../../../../src/core/mailbox/views.ts'
import type { Bus } from '../../../../src/core/ports/world.ts'
import { MailboxClient } from '../../../support/mailbox-client.ts'
import { MemoryStore } from '../../../support/memory-store.ts'

const content: MessageContent = {
  body: 'b', bodyBytes: 10, forms: new Uint8Array(0), text: new Uint8Array(0), sentAtMs: null, messageId: null, references: [], baseSubject: '',
}

class Chance {
  #state: number
  constructor(seed: number) {
    this.#state = seed * 2_654_435_761
  }
  /** mulberry32. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }
  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!
  }
}

const flagNamesInUse = ['\\Seen', '\\Flagged', '\\Deleted', 'Hẹn', 'việc']

interface World {
  readonly chance: Chance
  readonly store: MemoryStore
  readonly bus: Bus
  readonly clients: Set<MailboxClient>
  /** Of this process; what it is not told was written by another one. */
  readonly views: ReturnType<typeof createViews>
  readonly pause: () => Promise<void>
}

function randomFlags({ chance }: World): Flags {
  return flagsOf(flagNamesInUse.filter(() => chance.below(3) === 0))
}

function randomUids({ chance, store }: World): Uint32Array {
  const uids = store.boxes.get(store.inbox)!.messages.map(({ uid }) => uid)
  const share = chance.one([2, 4, 8])
  return Uint32Array.from(uids.filter(() => chance.below(share) === 0))
}

function randomChange(world: World): FlagChange {
  return { mode: world.chance.one(['add', 'remove', 'replace'] as const), flags: randomFlags(world) }
}

async function write(world: World): Promise<void> {
  const { chance, store } = world
  const what = chance.below(10)
  if (what < 4) {
    const messages = Array.from({ length: 1 + chance.below(4) }, () => ({ content, prefix: new Uint8Array(0), flags: randomFlags(world), receivedAtMs: 0 }))
    await store.messages.append(store.account, store.inbox, messages)
  } else if (what < 7) {
    const stored = await store.messages.changeFlags(store.account, store.inbox, randomUids(world), randomChange(world))
    tellViews(world, { modseq: stored.modseq, flags: stored.changed })
  } else if (what < 9) {
    const gone = await store.messages.expunge(store.account, store.inbox, randomUids(world), chance.below(2) === 0)
    tellViews(world, { modseq: gone.modseq, left: gone.uids })
  } else {
    const [other] = await store.mailboxes.create(store.account, [{ name: `Khác ${store.modseq}.${chance.below(1e6)}`, role: null }])
    const moved = await store.messages.move(store.account, store.inbox, randomUids(world), other!.id)
    tellViews(world, { modseq: moved.modseq, left: moved.sourceUids })
  }
  // Now and then what is old is forgotten: whoever is further behind must read all.
  if (chance.below(6) === 0) store.prunedModseq = store.modseq - chance.below(4)
  if (chance.below(4) > 0) world.bus.ring({ account: store.account, modseq: store.modseq })
}

/** As core/mailbox/messages.ts does, when something was written at all. */
function tellViews({ chance, store, views }: World, write: OwnWrite): void {
  if ((write.flags?.length ?? 0) + (write.left?.length ?? 0) > 0 && chance.below(2) === 0) views.wrote(store.account, store.inbox, write)
}

async function storeFlags(world: World, client: MailboxClient): Promise<void> {
  const { chance, store } = world
  const known = client.messages.map(({ uid }) => uid).filter(() => chance.below(3) === 0)
  const change = randomChange(world)
  const { changed, modseq } = await store.messages.changeFlags(store.account, store.inbox, Uint32Array.from(known), change)
  tellViews(world, { modseq, flags: changed })
  world.bus.ring({ account: store.account, modseq: store.modseq })
  if (chance.below(2) === 0) await client.view.refresh()
  if (chance.below(2) === 0) {
    client.store(new Set(known), change)
    client.view.acknowledgeFlags(changed, change)
  } else {
    client.toldFlags(changed)
    client.view.acknowledgeFlags(changed)
  }
}

/** A client that leaves here and asks the log from `view.modseq` on would miss nothing. */
function checkModseq(world: World, client: MailboxClient): void {
  const box = world.store.boxes.get(world.store.inbox)!
  const { modseq } = client.view
  const present = new Map(box.messages.map((message) => [message.uid, message]))
  for (const { uid, flags } of client.messages) {
    const message = present.get(uid)
    if (message === undefined) {
      assert.ok(box.vanished.some((one) => one.modseq > modseq && one.uids.some(([a, b]) => uid >= a && uid <= b)), `UID ${uid} is said to be gone`)
    } else assert.ok(message.modseq > modseq || sameFlags(message.flags, flags), `flags of UID ${uid} are known`)
    present.delete(uid)
  }
  for (const { uid, modseq: changed } of present.values()) assert.ok(changed > modseq, `UID ${uid} is known`)
}

async function session(world: World, views: ReturnType<typeof createViews>, steps: number): Promise<void> {
  const { chance, store } = world
  const client = new MailboxClient(await views.select(store.account, store.inbox))
  world.clients.add(client)
  let rung = false
  const stop = client.view.onChange(() => {
    rung = true
  })
  for (let step = 0; step < steps; step++) {
    await world.pause()
    const what = chance.below(8)
    if (what < 2 || rung) await client.view.refresh()
    rung = false
    if (what < 5) client.hear(chance.below(2) === 0)
    else if (what === 5) await storeFlags(world, client)
    checkModseq(world, client)
  }
  stop()
  if (chance.below(3) > 0) return
  client.view.close()
  world.clients.delete(client)
}

function checkAll(world: World): void {
  for (const client of world.clients) client.checkNumbers()
}

async function run(seed: number): Promise<void> {
  const chance = new Chance(seed)
  const store = new MemoryStore()
  store.maxListed = chance.one([1, 3, 10_000])
  const pause = async (): Promise<void> => {
    for (let turns = chance.below(4); turns > 0; turns--) {
      if (chance.below(2) === 0) await Promise.resolve()
      else await new Promise<void>((resolve) => setImmediate(resolve))
      checkAll(world)
    }
  }
  const bus = createLocalBus({ onError: (error) => { throw error } })
  const clock = { nowMs: () => 0, sleep: async () => true }
  const views = createViews({ store, blobs: { read: async () => new Uint8Array(0) }, bus, clock, maxWarmBytes: chance.one([0, 1_000_000]) })
  const world: World = { chance, store, bus, clients: new Set(), pause, views }
  store.pause = pause
  const writers = Array.from({ length: 2 }, async () => {
    for (let step = 0; step < 15; step++) {
      await pause()
      await write(world)
    }
  })
  await Promise.all([...writers, ...Array.from({ length: 4 }, () => session(world, views, 15)), session(world, views, 3).then(() => session(world, views, 10))])

  const truth = store.boxes.get(store.inbox)!.messages.map(({ uid, flags }) => `${uid} ${flagNames(flags).join(' ')}`)
  for (const client of world.clients) {
    await client.view.refresh()
    client.hear(false)
    client.checkNumbers()
    client.hear(true)
    client.checkNumbers()
    assert.deepEqual(client.listing(), truth)
    assert.deepEqual(client.hear(true), [], 'nothing is told twice')
    assert.equal(client.view.mailbox.messages, truth.length)
    assert.equal(client.view.mailbox.uidNext, store.boxes.get(store.inbox)!.uidNext)
    assert.equal(client.view.unseen, truth.filter((line) => !line.includes('\\Seen')).length)
  }
}

const seeds = 120
const seedsPerTest = 30

for (let first = 0; first < seeds; first += seedsPerTest) {
  test(`sessions and writers, seeds from ${first}`, async () => {
    for (let seed = first; seed < first + seedsPerTest; seed++) {
      await run(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error })
      })
    }
  })
}
