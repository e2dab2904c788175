/**
 * The connection to the replica set: client, collections, and what makes the answers of this process follow each other
 * whatever member gives them (a causal session's work): each write and each read notes its time, each read asks for a state that has
 * it. So a new primary shows nothing older than what was shown of the old one.
 */
import { MongoClient } from 'mongodb'
import type { ClientSession, Collection, Db, Document, Timestamp } from 'mongodb'
import { MailError } from '../../core/errors.ts'
import type { AccountDocument, AgencyDocument, DeliveryDocument, OutboxDocument, RecordDocument, RegistryDocument } from './documents.ts'
import { refusalOf } from './refusals.ts'

/** A command that the server has answered. */
export interface SentCommand {
  readonly name: string
  readonly command: Document
  readonly reply: Document
}

export interface ConnectionOptions {
  /** `mongodb://…`, with the members and the name of the replica set. */
  readonly url: string
  readonly database: string
  /** Name of this node, for the server's logs. */
  readonly node: string
  /** For tests and measurements: called with each command and its answer. */
  readonly onCommand?: (sent: SentCommand) => void
}

/** How long a call waits for a primary before it is refused. */
const serverSelectionMs = 5_000
const connectMs = 3_000
/** With `connectMs`, how long a member that hangs goes unnoticed. */
const heartbeatMs = 2_000
const socketMs = 60_000
const maxConnections = 40
/** MongoDB 6.0. */
const leastWireVersion = 17

export class Connection {
  readonly client: MongoClient
  readonly db: Db
  #seen: Timestamp | null = null
  #closed = false

  private constructor(client: MongoClient, database: string) {
    this.client = client
    this.db = client.db(database)
  }

  /** Refuses `unavailable` when no primary answers, when the server is no replica set (there are no transactions then), or too old. */
  static async open({ url, database, node, onCommand }: ConnectionOptions): Promise<Connection> {
    const client = new MongoClient(url, {
      appName: `congvu ${node}`.slice(0, 120),
      serverSelectionTimeoutMS: serverSelectionMs,
      connectTimeoutMS: connectMs,
      heartbeatFrequencyMS: heartbeatMs,
      socketTimeoutMS: socketMs,
      waitQueueTimeoutMS: serverSelectionMs,
      maxPoolSize: maxConnections,
      retryReads: true,
      retryWrites: true,
      writeConcern: { w: 'majority', journal: true },
      readConcern: { level: 'majority' },
      promoteBuffers: true,
      ignoreUndefined: true,
      monitorCommands: onCommand !== undefined,
    })
    if (onCommand !== undefined) monitor(client, onCommand)
    try {
      await client.connect()
      const hello = await client.db('admin').command({ hello: 1 })
      if (typeof hello['setName'] !== 'string') throw new MailError('unavailable', 'MongoDB must run as a replica set, of one member at least')
      if (hello['maxWireVersion'] < leastWireVersion) throw new MailError('unavailable', 'MongoDB must be 6.0 or later')
      return new Connection(client, database)
    } catch (error) {
      await client.close()
      throw refusalOf(error)
    }
  }

  /** The account documents of `states`. */
  get accounts(): Collection<AccountDocument> {
    return this.db.collection<AccountDocument>('states')
  }

  /** The delivery documents of `states`. */
  get deliveries(): Collection<DeliveryDocument> {
    return this.db.collection<DeliveryDocument>('states')
  }

  /** The outbox rows of `states`. */
  get outbox(): Collection<OutboxDocument> {
    return this.db.collection<OutboxDocument>('states')
  }

  get agencies(): Collection<AgencyDocument> {
    return this.db.collection<AgencyDocument>('agencies')
  }

  get records(): Collection<RecordDocument> {
    return this.db.collection<RecordDocument>('records')
  }

  get registry(): Collection<RegistryDocument> {
    return this.db.collection<RegistryDocument>('registry')
  }

  get settings(): Collection<{ _id: string; value: string }> {
    return this.db.collection<{ _id: string; value: string }>('settings')
  }

  get counters(): Collection<{ _id: string; last: number }> {
    return this.db.collection<{ _id: string; last: number }>('counters')
  }

  /** The latest of all writes of this process that were acknowledged, and of all moments that it has read. */
  get seen(): Timestamp | null {
    return this.#seen
  }

  noteSeen(time: Timestamp | undefined | null): void {
    if (time !== undefined && time !== null && (this.#seen === null || time.greaterThan(this.#seen))) this.#seen = time
  }

  /** Writes of one document each, outside the group (rare ones): by majority, tried again by the driver. Refuses `unavailable`, `storage-full`. */
  async write<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    this.requireOpen()
    const session = this.client.startSession()
    try {
      const result = await work(session)
      this.noteSeen(session.operationTime)
      return result
    } catch (error) {
      throw refusalOf(error)
    } finally {
      await session.endSession()
    }
  }

  /** Numbers of agencies and accounts: each is given once; some are never used. */
  nextNumber(of: 'agency' | 'account'): Promise<number> {
    return this.nextNumbers(of, 1)
  }

  /** The first of so many numbers in a row. */
  async nextNumbers(of: 'agency' | 'account', count: number): Promise<number> {
    const counter = await this.write((session) =>
      this.counters.findOneAndUpdate({ _id: of }, { $inc: { last: count } }, { upsert: true, returnDocument: 'after', session }),
    )
    return counter!.last - count + 1
  }

  requireOpen(): void {
    if (this.#closed) throw new MailError('unavailable', 'the store is closed')
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.client.close()
  }
}

function monitor(client: MongoClient, onCommand: (sent: SentCommand) => void): void {
  const started = new Map<number, Document>()
  client.on('commandStarted', ({ requestId, command }) => started.set(requestId, command))
  client.on('commandFailed', ({ requestId }) => started.delete(requestId))
  client.on('commandSucceeded', ({ requestId, commandName, reply }) => {
    onCommand({ name: commandName, command: started.get(requestId) ?? {}, reply: reply as Document })
    started.delete(requestId)
  })
}
