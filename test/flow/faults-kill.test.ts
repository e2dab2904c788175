/**
 * `kill -9` of core, again and again, while senders deliver over SMTP (through Haraka) and LMTP and readers poll over IMAP.
 *
 *  - Every message that was answered 250 is there; over LMTP exactly once. Over SMTP a message may be there more often, at
 *    most once for each try whose answer was lost with the server: those are counted apart, for no sender can know of them.
 *  - No UID is used twice or taken back, no change is told out of the order of MODSEQ: every reader remembers.
 *  - What an account uses is the sum of its messages.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'node:test'
import { systemClock } from '../../src/adapters/local/clock.ts'
import { openSegments } from '../../src/adapters/segments/segments.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { FaultLoad, seeded, Turnstile, type Owed } from '../support/fault-load.ts'
import { FaultReader } from '../support/fault-reader.ts'
import type { Person } from '../support/running-server.ts'
import { ServerFolder } from '../support/server-process.ts'
import { countersAreSums } from '../support/store-fixture.ts'

const inCi = process.env['CI'] !== undefined
const messages = Number(process.env['CONGVU_FAULT_DELIVERIES'] ?? (inCi ? 20_000 : 4_000))
const kills = 10
const seed = 20_271_124
const names = ['an', 'binh', 'chi', 'dung', 'em', 'giang', 'hoa', 'khanh']
const lanes = { smtp: 6, lmtp: 4 }
/** A kill comes so long after the acknowledgement that asked for it, at most: between commits as well as inside. */
const maxKillDelayMs = 40
const settings = { CONGVU_LOG__LEVEL: 'warn' }

interface Found {
  readonly uid: number
  readonly messageId: string
  readonly modseq: number
}

test(`core is killed ${kills} times during ${messages} deliveries: all that was acknowledged is there, no UID is taken back`, async (t) => {
  await using folder = await ServerFolder.make()
  let server = await folder.start({ settings })
  const people: Person[] = []
  for (const name of names) people.push(await server.person(name))
  const turnstile = new Turnstile()
  turnstile.open(server)

  const random = seeded(seed)
  // Spread over the load, and never in its last hundredth.
  const moments = Array.from({ length: kills }, (_, i) => Math.floor(((i + random()) / kills) * messages * 0.99))
  const restartsMs: number[] = []
  const logs: string[] = []
  let nextKill = Promise.withResolvers<void>()
  const load = new FaultLoad({ data: folder.data, people, messages, seed, lanes, turnstile, onAcknowledged: (count) => void (count >= (moments[0] ?? Infinity) && nextKill.resolve()) })
  const readers = people.map((person) => new FaultReader(person, turnstile))
  const reading = Promise.all(readers.map((reader) => reader.run()))
  const startedAtMs = performance.now()
  const sending = load.run()
  const killing = (async () => {
    while (moments.length > 0) {
      await nextKill.promise
      await wait(random() * maxKillDelayMs)
      moments.shift()
      nextKill = Promise.withResolvers()
      turnstile.shut()
      const { log } = await server.end('SIGKILL')
      logs.push(log)
      const killedAtMs = performance.now()
      server = await folder.start({ settings })
      restartsMs.push(performance.now() - killedAtMs)
      turnstile.open(server)
    }
  })()
  await Promise.all([sending, killing])
  const tookMs = performance.now() - startedAtMs
  turnstile.end()
  await reading
  const end = await server.end('SIGTERM')
  assert.equal(end.code, 0)
  logs.push(end.log)

  const found = await readStore(folder.data, people)
  const tally = compare(load.book, people, found)
  for (const reader of readers) tally.problems.push(...problemsOf(reader, found.get(reader.person.address)!))
  const shown = readers.reduce((sum, { known }) => sum + known.size, 0)
  t.diagnostic(`messages ${messages} (SMTP ${load.book.filter(({ way }) => way === 'smtp').length}, LMTP ${load.book.filter(({ way }) => way === 'lmtp').length}), tries ${load.tries}, refused for now ${load.refusedForNow}`)
  t.diagnostic(`kills ${restartsMs.length}, up again after ${restartsMs.map((ms) => Math.round(ms)).toSorted((a, b) => a - b).join(' ')} ms`)
  t.diagnostic(`copies owed ${tally.owed}, found ${tally.found}, lost ${tally.lost}, doubled over LMTP ${tally.doubled.lmtp}`)
  t.diagnostic(`SMTP tries whose 250 was lost ${tally.doubts}, copies doubled by them ${tally.doubled.smtp}`)
  t.diagnostic(`readers ${readers.length}, connections ${readers.reduce((sum, one) => sum + one.connections, 0)}, polls ${readers.reduce((sum, one) => sum + one.polls, 0)}, UIDs shown ${shown}, MODSEQ ${readers[0]!.readsModseq ? 'read' : 'not offered'}`)
  t.diagnostic(`${Math.round(tookMs / 1000)} s, ${Math.round((messages / tookMs) * 1000)} messages/s with the restarts`)
  assert.deepEqual(tally.problems.slice(0, 20), [])
  assert.equal(restartsMs.length, kills)
  assert.equal(tally.lost, 0)
  assert.equal(tally.doubled.lmtp, 0)
  assert.equal(shown, tally.found)
  assert.deepEqual(logs.flatMap((log) => log.split('\n').filter((line) => /"level":[56]0/.test(line))), [])
})

/** Everything in the folder, by address: read from the store itself, with its counters checked. */
async function readStore(data: string, people: readonly Person[]): Promise<Map<string, Found[]>> {
  await using store = await openSqliteStore({ directory: join(data, 'store'), clock: systemClock })
  await using blobs = await openSegments({ directory: join(data, 'segments'), clock: systemClock })
  const all = new Map<string, Found[]>()
  for (const { address } of people) {
    const account = (await store.accounts.byAddress(address))!
    await countersAreSums(store, account.id)
    const inbox = (await store.mailboxes.byName(account.id, 'INBOX'))!
    const found: Found[] = []
    let sumBytes = 0
    for await (const slice of store.messages.read(account.id, inbox.id, 'all', { forms: false, text: false })) {
      const bodies = blobs.readMany(slice.map(({ body }) => body))[Symbol.asyncIterator]()
      for (const { uid, modseq, sizeBytes, prefix } of slice) {
        const body = Buffer.from((await bodies.next()).value as Uint8Array)
        assert.equal(sizeBytes, prefix.length + body.length)
        sumBytes += sizeBytes
        found.push({ uid, modseq, messageId: /^Message-ID: <(.*)>\r$/m.exec(body.toString('latin1'))![1]! })
      }
    }
    const { usedBytes, modseq } = (await store.accounts.get(account.id))!
    assert.equal(usedBytes, sumBytes, `${address}: what it uses is the sum`)
    assert.ok(found.every((one) => one.modseq <= modseq && one.uid < inbox.uidNext))
    assert.equal(new Set(found.map(({ uid }) => uid)).size, found.length)
    all.set(address, found)
  }
  return all
}

interface Tally {
  owed: number
  found: number
  lost: number
  doubts: number
  readonly doubled: { smtp: number; lmtp: number }
  readonly problems: string[]
}

function compare(book: readonly Owed[], people: readonly Person[], found: ReadonlyMap<string, readonly Found[]>): Tally {
  const tally: Tally = { owed: 0, found: 0, lost: 0, doubts: 0, doubled: { smtp: 0, lmtp: 0 }, problems: [] }
  const copies = new Map<string, number>()
  for (const { address } of people) {
    for (const { messageId } of found.get(address)!) copies.set(`${address} ${messageId}`, (copies.get(`${address} ${messageId}`) ?? 0) + 1)
  }
  for (const owed of book) {
    tally.doubts += owed.doubts
    for (const recipient of owed.recipients) {
      const key = `${recipient} ${owed.messageId}`
      const count = copies.get(key) ?? 0
      copies.delete(key)
      tally.owed++
      tally.found += count
      if (count === 0) tally.lost++
      tally.doubled[owed.way] += Math.max(0, count - 1)
      if (count > 1 + owed.doubts) tally.problems.push(`${key}: there ${count} times, ${owed.doubts} tries were in doubt`)
    }
  }
  for (const key of copies.keys()) tally.problems.push(`${key}: there, and nobody sent it`)
  return tally
}

function problemsOf(reader: FaultReader, found: readonly Found[]): string[] {
  const { address } = reader.person
  const there = new Map(found.map((one) => [one.uid, one]))
  const problems = reader.problems.map((problem) => `${address}: ${problem}`)
  for (const [uid, { messageId }] of reader.known) if (there.get(uid)?.messageId !== messageId) problems.push(`${address}: UID ${uid} was ${messageId}, is ${there.get(uid)?.messageId}`)
  return problems
}
