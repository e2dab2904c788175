/**
 * The province's store as a move reads and fills it (core/ports/store-copy.ts). A slice of rows is one transaction with the state (C3),
 * by majority; a cursor that a failover breaks is opened again after the last row that it gave.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ClientSession, Document } from 'mongodb'
import { MongoServerError } from 'mongodb'
import type { BlobId } from '../../../core/mailbox/mailbox.ts'
import { identitySetting, keyOf, moveSetting, staysBehind } from '../../../core/ports/store-copy.ts'
import type { CopiedBody, Key, Part, Rows, SliceSize, WritableStore, WrittenRows } from '../../../core/ports/store-copy.ts'
import { Connection } from '../connection.ts'
import { migrate } from '../migrations/migrate.ts'
import { isPassing, refusalOf } from '../refusals.ts'
import { insertDocuments, updateDocuments } from '../write-commands.ts'
import { MoveLease } from './move-lease.ts'
import { reads, type PartRead } from './read-rows.ts'
import { documentsOf, messageDocuments, threadKeysIn, type Documents } from './write-rows.ts'

const maxTries = 5
const tryAgainMs = 1_000
const cursorNotFound = 43
const notedCollection = 'movingBodies'
const transactionOptions = { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true } } as const
/** Everything that rows stand in, apart from the settings. */
const rowCollections = ['agencies', 'states', 'messages', 'tombstones', 'held', 'recipients', 'records', 'registry', 'registryKeys', 'counters']

export interface CopyableMongoOptions {
  readonly url: string
  readonly database: string
  /** For tests: how long what a dead move held is waited for. */
  readonly leaseMs?: number
}

/** Refuses `unavailable` while a server or another move has the database, when no primary answers, or when its schema is newer than this program. */
export async function openCopyableMongo(options: CopyableMongoOptions): Promise<WritableStore> {
  const connection = await Connection.open({ ...options, node: 'move' })
  try {
    await migrate(connection.db, 'move')
    const session = connection.client.startSession()
    return new CopyableMongo(connection, session, await MoveLease.take(connection, session, options.leaseMs))
  } catch (error) {
    await connection.close()
    throw refusalOf(error)
  }
}

interface NotedDocument extends Omit<CopiedBody, 'from'> {
  readonly _id: BlobId
}

class CopyableMongo implements WritableStore {
  readonly #connection: Connection
  /** Of all transactions: one at a time. */
  readonly #session: ClientSession
  readonly #lease: MoveLease

  constructor(connection: Connection, session: ClientSession, lease: MoveLease) {
    this.#connection = connection
    this.#session = session
    this.#lease = lease
  }

  async identity(): Promise<string> {
    const made = { $setOnInsert: { value: randomUUID() } }
    const found = await refusing(() => this.#connection.settings.findOneAndUpdate({ _id: identitySetting }, made, { upsert: true, returnDocument: 'after' }))
    return found!.value
  }

  async count(part: Part): Promise<number> {
    const { collection, filter } = reads[part]
    const documents = this.#connection.db.collection(collection)
    // By far the most, and only told to people who wait.
    return refusing(() => (part === 'messages' ? documents.estimatedDocumentCount() : documents.countDocuments(filter(null))))
  }

  async *read<P extends Part>(part: P, after: Key | null, size: SliceSize): AsyncGenerator<readonly Rows[P][]> {
    let last = after
    for (let tries = 1; ; tries++) {
      try {
        for await (const slice of this.#slices(part, last, size)) {
          this.#lease.requireHeld()
          yield slice
          last = keyOf(part, slice.at(-1)!)
          tries = 1
        }
        return
      } catch (error) {
        const isAway = isPassing(error) || (error instanceof MongoServerError && error.code === cursorNotFound)
        if (!isAway || tries === maxTries) throw refusalOf(error)
        await pause(tryAgainMs * tries)
      }
    }
  }

  async *#slices<P extends Part>(part: P, after: Key | null, size: SliceSize): AsyncGenerator<Rows[P][]> {
    const { collection, filter, sort, rowOf } = reads[part] as unknown as PartRead<P, Document>
    const cursor = this.#connection.db.collection(collection).find(filter(after), { sort, batchSize: size.rows, allowDiskUse: true })
    let slice: Rows[P][] = []
    let bytes = 0
    try {
      for await (const document of cursor) {
        const row = rowOf(document)
        if (row === null) continue
        slice.push(row)
        bytes += weightOf(document)
        if (slice.length < size.rows && bytes < size.bytes) continue
        yield slice
        slice = []
        bytes = 0
      }
      if (slice.length > 0) yield slice
    } finally {
      await cursor.close()
    }
  }

  async state(): Promise<string | null> {
    const found = await refusing(() => this.#connection.settings.findOne({ _id: moveSetting }))
    return found?.value ?? null
  }

  async putState(state: string): Promise<void> {
    await refusing(() => this.#putState(state))
  }

  async write<P extends Part>(part: P, rows: readonly WrittenRows[P][], state: string): Promise<void> {
    this.#lease.requireHeld()
    await this.#transaction(async (session) => {
      for (const [collection, documents] of await this.#documents(part, rows, session)) {
        const taken = await insertDocuments(this.#connection.db, collection, documents, session)
        if (taken) throw new Error(`a row of ${part} is there, and the state does not say so`)
      }
      if (part === 'agencies' || part === 'accounts') await this.#count(part, rows as readonly { readonly no: number }[], session)
      await this.#putState(state, session)
    })
  }

  async #documents<P extends Part>(part: P, rows: readonly WrittenRows[P][], session: ClientSession): Promise<Documents> {
    if (part !== 'messages') return (documentsOf[part as Exclude<P, 'messages'>] as (rows: readonly WrittenRows[P][]) => Documents)(rows)
    const messages = rows as readonly WrittenRows['messages'][]
    const wanted = threadKeysIn(messages)
    const find = { projection: { _id: 0, threadKeys: 1 }, session } as const
    const found = wanted.length === 0 ? [] : await this.#connection.db.collection<{ threadKeys: number[] }>('messages').find({ threadKeys: { $in: wanted } }, find).toArray()
    return messageDocuments(messages, new Set(found.flatMap(({ threadKeys }) => threadKeys)))
  }

  /** New ones must get numbers that nobody has. */
  async #count(part: 'agencies' | 'accounts', rows: readonly { readonly no: number }[], session: ClientSession): Promise<void> {
    const last = Math.max(...rows.map(({ no }) => no))
    await this.#connection.counters.updateOne({ _id: part === 'agencies' ? 'agency' : 'account' }, { $max: { last } }, { upsert: true, session })
  }

  async bodies(from: readonly BlobId[]): Promise<ReadonlyMap<BlobId, CopiedBody>> {
    if (from.length === 0) return new Map()
    const found = await refusing(() => this.#noted.find({ _id: { $in: [...new Set(from)] } }).toArray())
    return new Map(found.map((document) => [document._id, bodyOf(document)]))
  }

  async noteBodies(bodies: readonly CopiedBody[]): Promise<void> {
    if (bodies.length === 0) return
    const updates = bodies.map(({ from, ...body }) => ({ q: { _id: from }, u: { $setOnInsert: body }, upsert: true }))
    await this.#transaction((session) => updateDocuments(this.#connection.db, notedCollection, updates, session))
  }

  noted(): Promise<number> {
    return refusing(() => this.#noted.countDocuments())
  }

  async *notedBodies(after: BlobId | null, rows: number): AsyncGenerator<readonly CopiedBody[]> {
    for (let last = after ?? ''; ; ) {
      const found = await refusing(() => this.#noted.find({ _id: { $gt: last } }, { sort: { _id: 1 }, limit: rows }).toArray())
      if (found.length === 0) return
      yield found.map(bodyOf)
      last = found.at(-1)!._id
    }
  }

  async clear(): Promise<void> {
    await refusing(async () => {
      for (const collection of rowCollections) await this.#connection.db.collection(collection).deleteMany({})
      const keys = (await this.#connection.settings.find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id)
      await this.#connection.settings.deleteMany({ _id: { $in: keys.filter((key) => !staysBehind(key)) } })
    })
  }

  async finish(state: string): Promise<void> {
    await refusing(async () => {
      // First, so that a death in between leaves a state by which the next run comes here again.
      await this.#noted.drop()
      await this.#putState(state)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#session.endSession()
      await this.#lease.release()
    } catch (error) {
      // The database has gone first: the lease ends by itself.
      if (refusalOf(error) === error) throw error
    } finally {
      await this.#connection.close()
    }
  }

  /** Tried again while that may help. */
  async #transaction(work: (session: ClientSession) => Promise<unknown>): Promise<void> {
    await refusing(() => this.#session.withTransaction(work, transactionOptions))
  }

  get #noted() {
    return this.#connection.db.collection<NotedDocument>(notedCollection)
  }

  async #putState(state: string, session?: ClientSession): Promise<void> {
    await this.#connection.settings.updateOne({ _id: moveSetting }, { $set: { value: state } }, { upsert: true, ...(session !== undefined && { session }) })
  }
}

function bodyOf({ _id, ...body }: NotedDocument): CopiedBody {
  return { from: _id, ...body }
}

/** About what a document holds in memory. */
function weightOf(document: object): number {
  let bytes = 300
  for (const value of Object.values(document)) {
    if (value instanceof Uint8Array) bytes += value.byteLength
    else if (typeof value === 'string') bytes += 2 * value.length
    else if (Array.isArray(value)) bytes += 60 * value.length
  }
  return bytes
}

/** Each of these may be done twice, and the driver does so itself after a failover. */
async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw refusalOf(error)
  }
}
