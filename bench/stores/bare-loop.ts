/**
 * The limit: the driver alone sends what a delivery costs, without a mail server around it. Bodies of a batch in one command, then
 * one transaction: states of the accounts with the idempotency keys, the messages, the commit.
 */
import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'

const accounts = 100
const bodyBytes = 5 * 1024

/** Deliveries per second, `together` of them in one transaction. */
export async function bareLoop(url: string, deliveries: number, together: number): Promise<number> {
  const client = new MongoClient(url, { writeConcern: { w: 'majority', journal: true } })
  const db = client.db(`bench_bare_${randomBytes(6).toString('hex')}`)
  try {
    await db.createIndex('messages', { mailbox: 1, uid: 1, modseq: 1, flags: 1, keywords: 1 })
    await db.createIndex('messages', { account: 1, modseq: 1, uid: 1, mailbox: 1 })
    await db.createIndex('messages', { body: 1 })
    const states = Array.from({ length: accounts }, (_, no) => ({ _id: no, rev: 0, filler: 'x'.repeat(2_000) }))
    await db.collection<{ _id: number }>('states').insertMany(states)
    await db.createCollection('blobs')
    const session = client.startSession({ defaultTransactionOptions: { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true } } })
    const revs = new Map<number, number>()
    const started = performance.now()
    for (let done = 0; done < deliveries; done += together) {
      const numbers = Array.from({ length: together }, (_, i) => done + i)
      await db.command({ insert: 'blobs', documents: numbers.map((n) => ({ _id: `than-${n}`, bytes: randomBytes(bodyBytes), usedAtMs: n })), writeConcern: { w: 'majority', j: true } })
      session.startTransaction()
      const keys = numbers.map((n) => ({ q: { _id: `delivery/${n}` }, u: { $setOnInsert: { facts: 'f'.repeat(200) } }, upsert: true }))
      await db.command({ update: 'states', updates: [...new Set(numbers.map((n) => n % accounts))].map((no) => stateUpdate(no, revs)).concat(keys as never[]) }, { session })
      await db.command({ insert: 'messages', documents: numbers.map(messageOf) }, { session })
      await session.commitTransaction()
    }
    const seconds = (performance.now() - started) / 1000
    await session.endSession()
    return deliveries / seconds
  } finally {
    await db.dropDatabase()
    await client.close()
  }
}

function stateUpdate(no: number, revs: Map<number, number>): object {
  const rev = revs.get(no) ?? 0
  revs.set(no, rev + 1)
  return { q: { _id: no, rev }, u: { $set: { rev: rev + 1, modseq: rev + 1, usedBytes: rev * bodyBytes, 'mailboxes.1': { name: 'INBOX', uidNext: rev + 2 } } } }
}

function messageOf(n: number): object {
  const uid = Math.floor(n / accounts) + 1
  return { account: n % accounts, mailbox: n % accounts, uid, modseq: uid, flags: 0, keywords: null, body: `than-${n}`, forms: Buffer.alloc(1_500, 'f'), text: Buffer.alloc(1_500, 't'), prefix: Buffer.alloc(250) }
}
