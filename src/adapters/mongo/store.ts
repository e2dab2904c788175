/**
 * The store of the province (design §5.7): a MongoDB replica set, written with group commit, read at one moment that a majority
 * has. Any number of nodes may have it open. documents.ts says what is kept; bodies lie in blobs.ts. Every promise of
 * core/ports/store.ts is kept here.
 *
 * Only what both MongoDB 6.0 and 8 have is used.
 */
import type { Store } from '../../core/ports/store.ts'
import { AccountStates } from './account-states.ts'
import { accountStore } from './accounts.ts'
import { agencyStore } from './agencies.ts'
import { changeStore } from './changes.ts'
import { Connection } from './connection.ts'
import type { SentCommand } from './connection.ts'
import { deliveryStore } from './deliveries.ts'
import { faultPoints } from './fault-points.ts'
import { OutboxIds } from './ids.ts'
import { mailboxStore } from './mailboxes.ts'
import { messageStore } from './messages.ts'
import { migrate } from './migrations/migrate.ts'
import { requireSettledIn } from './moving-house/move-lease.ts'
import { outboxStore } from './outbox.ts'
import type { Parts } from './parts.ts'
import { ReadSide } from './read-side.ts'
import { recordStore } from './records.ts'
import { registryStore } from './registry.ts'
import { refusalOf } from './refusals.ts'
import { GroupCommit } from './write/group-commit.ts'
import { Writers } from './writers.ts'

export interface MongoStoreOptions {
  /** `mongodb://…`, with the members and the name of the replica set. */
  readonly url: string
  readonly database: string
  readonly clock: { nowMs(): number }
  /** Name of this node: one process of a name at a time. */
  readonly node: string
  /** For tests: see fault-points.ts. */
  readonly faultPoint?: string
  /** For tests and measurements: called with each command and its answer. */
  readonly onCommand?: (sent: SentCommand) => void
}

const maxAskedBodies = 5_000

/** Refuses `unavailable` when no primary answers, the server is no replica set, or its schema is newer than this program. */
export async function openMongoStore(options: MongoStoreOptions): Promise<Store> {
  const connection = await Connection.open(options)
  try {
    await migrate(connection.db, options.node)
    const states = new AccountStates()
    const writes = new GroupCommit(connection, states, faultPoints(options.faultPoint))
    const writers = await Writers.open(connection, options.node, writes.session)
    await requireSettledIn(connection).catch(async (error: unknown) => {
      await writers.close()
      throw error
    })
    writes.onContention = () => writers.endSilent()
    const nowMs = (): number => options.clock.nowMs()
    return store({ connection, reads: new ReadSide(connection), writes, states, outboxIds: new OutboxIds(), nowMs }, writers)
  } catch (error) {
    await connection.close()
    throw refusalOf(error)
  }
}

function store(parts: Parts, writers: Writers): Store {
  const { connection, reads, writes, nowMs } = parts
  let disposed: Promise<void> | null = null
  const dispose = async (): Promise<void> => {
    await writes.close()
    await writers.close()
    await connection.close()
  }
  const putSetting = async (key: string, value: string): Promise<void> => {
    await connection.write((session) => connection.settings.updateOne({ _id: key }, { $set: { value } }, { upsert: true, session }))
  }
  return {
    agencies: agencyStore(parts),
    accounts: accountStore(parts),
    mailboxes: mailboxStore(parts),
    messages: messageStore(parts),
    changes: changeStore(parts),
    deliveries: deliveryStore(parts),
    outbox: outboxStore(parts),
    records: recordStore(parts),
    registry: registryStore(parts),

    async ready() {
      await putSetting('store.probe', String(nowMs()))
      await reads.one('settings', { filter: { _id: 'store.probe' } })
    },

    async bodiesInUse(bodies) {
      const used = new Set<string>()
      for (let at = 0; at < bodies.length; at += maxAskedBodies) {
        for (const body of await namedBodies(reads, bodies.slice(at, at + maxAskedBodies))) used.add(body)
      }
      return used
    },

    async setting(key) {
      return (await reads.one<{ value: string }>('settings', { filter: { _id: key } }))?.value ?? null
    },

    putSetting,

    [Symbol.asyncDispose]: () => (disposed ??= dispose()),
  }
}

/** Which of these a message, an outbox row or a held delivery names, at one moment. */
function namedBodies(reads: ReadSide, bodies: readonly string[]): Promise<string[]> {
  return reads.at(async (snapshot) => {
    const named: string[] = []
    let left = bodies
    for (const collection of ['messages', 'states', 'held', 'registry']) {
      if (left.length === 0) break
      const found = new Set(await snapshot.distinct<string>(collection, 'body', { body: { $in: left } }))
      named.push(...found)
      left = left.filter((body) => !found.has(body))
    }
    return named
  })
}
