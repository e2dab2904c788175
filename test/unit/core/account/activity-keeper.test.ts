/** Notes of use: once an account, kind and day; gathered; never lost while the store is away; what counts by D-8. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createActivityKeeper, type ActivityLimits } from '../../../../src/core/account/activity-keeper.ts'
import { lifecycleKind, type LifecycleRecord } from '../../../../src/core/account/lifecycle-record.ts'
import { MailError } from '../../../../src/core/errors.ts'
import type { RegistryCommit, RegistryStore } from '../../../../src/core/ports/registry.ts'
import { HandClock, MemoryAccounts } from './fakes.ts'
import { MemoryRegistry } from './memory-registry.ts'

const limits: ActivityLimits = { gatherMs: 30_000, maxRemembered: 3, maxWaiting: 4, maxBatch: 2 }
const dayMs = 86_400_000

async function world(accounts = 6) {
  const clock = new HandClock()
  const store = new MemoryAccounts()
  const made = await Promise.all(
    Array.from({ length: accounts }, (_, index) =>
      store.create({ agency: 'a', address: `u${index}@a`, name: 'U', kind: 'person', role: 'individual', state: 'active', quotaBytes: 1, passwordHash: null, createdAtMs: clock.nowMs(), mailboxes: [] }),
    ),
  )
  const memory = new MemoryRegistry(store, [])
  const commits: RegistryCommit[] = []
  let fault: Error | null = null
  const registry: RegistryStore = {
    get: (kind, id) => memory.get(kind, id),
    many: (kind, ids) => memory.many(kind, ids),
    list: (query) => memory.list(query),
    find: () => memory.find(),
    count: () => memory.count(),
    async commit(commit) {
      if (fault !== null) throw fault
      const committed = await memory.commit(commit)
      commits.push(commit)
      return committed
    },
  }
  const errors: unknown[] = []
  const keeper = createActivityKeeper({ store: { registry, accounts: store }, clock, onError: (error) => errors.push(error) }, limits)
  const ids = made.map(({ id }) => id)
  const kept = async (id: string) => (await memory.get(lifecycleKind.name, id))?.value as LifecycleRecord | undefined
  return { clock, keeper, commits, errors, ids, kept, memory, break: (error: Error | null) => void (fault = error) }
}

it('gathers, and notes one account, kind and day once', async () => {
  const w = await world()
  const [a, b] = w.ids
  for (let again = 0; again < 100; again++) w.keeper.signedIn(a!)
  w.keeper.sent(b!)
  const atMs = w.clock.nowMs()
  assert.equal(w.commits.length, 0)
  await w.clock.turn(29_999)
  assert.equal(w.commits.length, 0)
  await w.clock.turn(1)
  assert.equal(w.commits.length, 1)
  assert.deepEqual([(await w.kept(a!))?.lastSignInAtMs, (await w.kept(b!))?.lastSentAtMs, (await w.kept(b!))?.lastSignInAtMs], [atMs, atMs, null])
  w.keeper.signedIn(a!)
  await w.keeper.flush()
  assert.equal(w.commits.length, 1, 'noted today already')
  w.clock.now += dayMs
  w.keeper.signedIn(a!)
  await w.keeper.flush()
  assert.equal((await w.kept(a!))?.lastSignInAtMs, w.clock.nowMs())
  assert.deepEqual(w.errors, [])
})

it('D-8: own notices and mail during a lock never count, spam only by the literal reading', async () => {
  const w = await world()
  const [a, b, c] = w.ids
  w.keeper.received(a!, { system: true, spam: false, locked: false })
  w.keeper.received(a!, { system: false, spam: false, locked: true })
  w.keeper.received(b!, { system: false, spam: true, locked: false })
  w.keeper.received(c!, { system: false, spam: false, locked: false })
  await w.keeper.flush()
  const now = w.clock.nowMs()
  assert.deepEqual([await w.kept(a!), (await w.kept(b!))?.lastReceivedAtMs, (await w.kept(c!))?.lastReceivedAtMs], [undefined, { filtered: null, literal: now }, { filtered: now, literal: now }])
})

it('keeps notes while the store is away, and does not overwrite what others wrote', async () => {
  const w = await world()
  const [a] = w.ids
  w.break(new MailError('unavailable'))
  w.keeper.signedIn(a!)
  await assert.rejects(w.keeper.flush(), (error) => error instanceof MailError)
  w.break(null)
  const absence = { from: '2026-06-01', to: '2026-06-30', reason: 'x', document: null }
  w.keeper.sent(a!)
  await w.keeper.flush()
  const record = (await w.kept(a!))!
  assert.deepEqual([record.lastSignInAtMs, record.lastSentAtMs], [w.clock.nowMs(), w.clock.nowMs()])
  await w.memory.commit({ entries: [{ kind: lifecycleKind.name, id: a!, value: { ...record, absences: [absence] }, ifVersion: null }] })
  w.clock.now += dayMs
  w.keeper.signedIn(a!)
  await w.keeper.flush()
  assert.deepEqual([(await w.kept(a!))?.absences, (await w.kept(a!))?.lastSignInAtMs], [[absence], w.clock.nowMs()])
})

it('is bounded: who does not fit waits for the next use, who is forgotten is noted once more', async () => {
  const w = await world()
  for (const id of w.ids) w.keeper.signedIn(id)
  await w.keeper.flush()
  assert.deepEqual(await Promise.all(w.ids.map(async (id) => (await w.kept(id)) !== undefined)), [true, true, true, true, false, false])
  assert.deepEqual(w.commits.map(({ entries }) => entries?.length), [2, 2])
  w.keeper.signedIn(w.ids[4]!)
  w.keeper.signedIn(w.ids[0]!)
  await w.keeper.flush()
  assert.ok((await w.kept(w.ids[4]!)) !== undefined)
})

it('writes what gathered when it ends; a bug of the store is told', async () => {
  const w = await world()
  w.keeper.signedIn(w.ids[0]!)
  await w.keeper[Symbol.asyncDispose]()
  assert.ok((await w.kept(w.ids[0]!)) !== undefined)
  const broken = await world()
  broken.break(new TypeError('bug'))
  broken.keeper.signedIn(broken.ids[0]!)
  await broken.keeper[Symbol.asyncDispose]()
  assert.equal(broken.errors.length, 1)
})
