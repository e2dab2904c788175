/**
 * Numbered migrations (design §5.13). The document `schema` in the collection of that name holds the number, and the lock under
 * which one node at a time migrates: a lease by the server's clock, renewed while the work goes on, so that a node that dies
 * leaves it to the next. A migration may be done again after it was broken off. A newer schema than the program knows is
 * refused: an older program would damage it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Collection, Db } from 'mongodb'
import { MailError } from '../../../core/errors.ts'
import { isDuplicateKey } from '../refusals.ts'
import * as first from './0001-first.ts'
import * as outboxInStates from './0002-outbox-in-states.ts'
import * as registry from './0003-registry.ts'
import * as recordKeys from './0004-record-keys.ts'

export interface Migration {
  readonly number: number
  readonly up: (db: Db) => Promise<void>
}

/** In order, without a gap, from 1. To add one: a file `000n-what.ts` and its line here. */
export const migrations: readonly Migration[] = [first, outboxInStates, registry, recordKeys]

interface SchemaDocument {
  readonly _id: 'schema' | 'lock'
  readonly number?: number
  readonly holder?: string
  readonly untilMs?: Date
}

const leaseMs = 30_000
const renewMs = 10_000
const askAgainMs = 200
const maxWaitMs = 600_000

/** Refuses `unavailable` when the schema is newer than `known` goes, or when another node migrates for very long. */
export async function migrate(db: Db, node: string, known: readonly Migration[] = migrations): Promise<void> {
  const schema = db.collection<SchemaDocument>('schema')
  if ((await checkedNumber(schema, known)) === known.length) return
  const holder = `${node}/${process.pid}/${Math.random().toString(36).slice(2)}`
  await lock(schema, holder)
  const renewing = setInterval(() => void renew(schema, holder), renewMs)
  try {
    for (const migration of known.slice(await checkedNumber(schema, known))) {
      await migration.up(db)
      await schema.updateOne({ _id: 'schema' }, { $set: { number: migration.number } }, { upsert: true })
    }
  } finally {
    clearInterval(renewing)
    await schema.deleteOne({ _id: 'lock', holder })
  }
}

async function checkedNumber(schema: Collection<SchemaDocument>, known: readonly Migration[]): Promise<number> {
  const present = (await schema.findOne({ _id: 'schema' }))?.number ?? 0
  const newest = known.at(-1)?.number ?? 0
  if (present <= newest) return present
  throw new MailError('unavailable', `the store has schema ${present}, this program knows schemas up to ${newest}: start a newer program`, {
    schema: present,
    known: newest,
  })
}

async function lock(schema: Collection<SchemaDocument>, holder: string): Promise<void> {
  const until = performance.now() + maxWaitMs
  while (!(await took(schema, holder))) {
    if (performance.now() > until) throw new MailError('unavailable', 'another node has been migrating the store for very long')
    await pause(askAgainMs)
  }
}

/** One write that leaves the lock as it is while its lease goes on; whose it is then, it answers. */
async function took(schema: Collection<SchemaDocument>, holder: string): Promise<boolean> {
  const free = { $lt: [{ $ifNull: ['$untilMs', new Date(0)] }, '$$NOW'] }
  const taken = [{ $set: { holder: { $cond: [free, holder, '$holder'] }, untilMs: { $cond: [free, { $add: ['$$NOW', leaseMs] }, '$untilMs'] } } }]
  try {
    const lock = await schema.findOneAndUpdate({ _id: 'lock' }, taken, { upsert: true, returnDocument: 'after' })
    return lock?.holder === holder
  } catch (error) {
    // Two made it at one moment, and the other was first.
    if (isDuplicateKey(error)) return false
    throw error
  }
}

async function renew(schema: Collection<SchemaDocument>, holder: string): Promise<void> {
  try {
    await schema.updateOne({ _id: 'lock', holder }, [{ $set: { untilMs: { $add: ['$$NOW', leaseMs] } } }])
  } catch {
    // The migration itself meets the same trouble and tells it; a lease that ends lets another node go on where this one stopped.
  }
}
