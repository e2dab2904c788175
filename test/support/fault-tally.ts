/**
 * After a fault: what the store has against what the senders were promised and what the readers were shown. Read from the store
 * itself, with its counters checked.
 */
import assert from 'node:assert/strict'
import type { Owed } from './fault-load.ts'
import type { FaultReader } from './fault-reader.ts'
import type { Person } from './running-server.ts'
import { countersAreSums } from './store-fixture.ts'
import type { OpenStore } from './store-place.ts'

/** A message of an INBOX. */
export interface Found {
  readonly uid: number
  readonly messageId: string
  readonly modseq: number
}

export type FoundByAddress = ReadonlyMap<string, readonly Found[]>

/** The INBOX of everybody; each body is read and measured, each counter counted. */
export async function readInboxes({ store, blobs }: OpenStore, people: readonly Person[]): Promise<FoundByAddress> {
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

export interface Tally {
  /** Copies. */
  owed: number
  found: number
  lost: number
  /** SMTP tries whose answer was lost. */
  doubts: number
  readonly doubled: { smtp: number; lmtp: number }
  readonly problems: string[]
}

export function compareWithBook(book: readonly Owed[], found: FoundByAddress): Tally {
  const tally: Tally = { owed: 0, found: 0, lost: 0, doubts: 0, doubled: { smtp: 0, lmtp: 0 }, problems: [] }
  const copies = new Map<string, number>()
  for (const [address, messages] of found) {
    for (const { messageId } of messages) copies.set(`${address} ${messageId}`, (copies.get(`${address} ${messageId}`) ?? 0) + 1)
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

/** What a reader saw go wrong, and what of that which it was shown is not so in the end. */
export function problemsOf(reader: FaultReader, found: readonly Found[]): string[] {
  const { address } = reader.person
  const there = new Map(found.map((one) => [one.uid, one]))
  const problems = reader.problems.map((problem) => `${address}: ${problem}`)
  for (const [uid, { messageId }] of reader.known) if (there.get(uid)?.messageId !== messageId) problems.push(`${address}: UID ${uid} was ${messageId}, is ${there.get(uid)?.messageId}`)
  return problems
}
