/**
 * Reads of what a client is shown: of one consistent moment that a majority has (a failover takes nothing of it back), and
 * not older than what this process has written or read before (connection.ts). Read concern `snapshot` outside a transaction, MongoDB 5.0 and
 * later: the server names the moment with the first answer, and the later questions of the same read ask for that moment.
 */
import type { ClientSession, Document, Timestamp } from 'mongodb'
import type { Connection } from './connection.ts'
import { isPassing, refusalOf } from './refusals.ts'

export interface Find {
  readonly filter: Document
  readonly projection?: Document
  readonly sort?: Document
  /** At most this many; without it, all there are. */
  readonly limit?: number
  readonly hint?: string
}

/** One moment of the store. */
export interface Snapshot {
  find<T>(collection: string, find: Find): Promise<T[]>
  /** The different values of a field. */
  distinct<T>(collection: string, key: string, query: Document): Promise<T[]>
  count(collection: string, filter: Document): Promise<number>
}

/** After a lost connection or a change of the primary: the second one waits for a new primary as long as a call may wait. */
const maxTries = 3
/** One answer takes what the server puts into it, 16 MB at most: more is asked for until all has come. */
const batchDocuments = 1_000_000

export class ReadSide {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** `read` only reads: it is done again when the connection was lost. Refuses `unavailable`. */
  async at<T>(read: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      this.#connection.requireOpen()
      const session = this.#connection.client.startSession({ causalConsistency: false })
      try {
        return await read(new ServerSnapshot(this.#connection, session))
      } catch (error) {
        if (tries === maxTries || !isPassing(error)) throw refusalOf(error)
      } finally {
        await session.endSession()
      }
    }
  }

  /** The first that is found, or null. */
  async one<T>(collection: string, find: Omit<Find, 'limit'>): Promise<T | null> {
    const [first] = await this.at((snapshot) => snapshot.find<T>(collection, { ...find, limit: 1 }))
    return first ?? null
  }

  find<T>(collection: string, find: Find): Promise<T[]> {
    return this.at((snapshot) => snapshot.find<T>(collection, find))
  }
}

class ServerSnapshot implements Snapshot {
  readonly #connection: Connection
  readonly #session: ClientSession
  #moment: Timestamp | null = null

  constructor(connection: Connection, session: ClientSession) {
    this.#connection = connection
    this.#session = session
  }

  async find<T>(collection: string, { filter, projection, sort, limit, hint }: Find): Promise<T[]> {
    const command: Document = {
      find: collection,
      filter,
      ...(projection !== undefined && { projection }),
      ...(sort !== undefined && { sort }),
      ...(hint !== undefined && { hint }),
      ...(limit !== undefined && { limit }),
      batchSize: limit ?? batchDocuments,
    }
    const { cursor } = await this.#ask(command)
    const all = cursor['firstBatch'] as T[]
    for (let id: unknown = cursor['id']; !isExhausted(id); ) {
      const more = await this.#connection.db.command({ getMore: id, collection, batchSize: batchDocuments }, this.#options())
      for (const one of more['cursor']['nextBatch'] as T[]) all.push(one)
      id = more['cursor']['id']
    }
    return all
  }

  async distinct<T>(collection: string, key: string, query: Document): Promise<T[]> {
    const answer = await this.#ask({ distinct: collection, key, query })
    return answer['values'] as T[]
  }

  async count(collection: string, filter: Document): Promise<number> {
    const { cursor } = await this.#ask({ aggregate: collection, pipeline: [{ $match: filter }, { $count: 'n' }], cursor: {} })
    return (cursor['firstBatch'] as { n: number }[])[0]?.n ?? 0
  }

  async #ask(command: Document): Promise<Document> {
    const after = this.#connection.seen
    const moment = this.#moment !== null ? { atClusterTime: this.#moment } : after !== null ? { afterClusterTime: after } : {}
    const answer = await this.#connection.db.command({ ...command, readConcern: { level: 'snapshot', ...moment } }, this.#options())
    this.#moment ??= (answer['cursor']?.['atClusterTime'] ?? answer['atClusterTime'] ?? null) as Timestamp | null
    this.#connection.noteSeen(this.#moment)
    return answer
  }

  #options(): { session: ClientSession; promoteBuffers: true; promoteLongs: false } {
    // A cursor's id is a 64-bit number that must go back as it came; ours are doubles.
    return { session: this.#session, promoteBuffers: true, promoteLongs: false }
  }
}

function isExhausted(id: unknown): boolean {
  return String(id) === '0'
}
