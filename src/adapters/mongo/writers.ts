/**
 * A node that dies in the middle of a transaction leaves it open on the server, and whoever writes the same accounts meets
 * conflicts until the server's time limit ends it (60 s by default). So each node notes the session of its writes and tells
 * that it lives; it ends what an earlier process of its name has left when it starts, and what a silent node has left when it
 * meets such conflicts. A node that was only slow finds its transaction ended and does it again.
 */
import { UUID } from 'mongodb'
import type { ClientSession } from 'mongodb'
import type { Connection } from './connection.ts'
import { refusalOf } from './refusals.ts'

interface WriterDocument {
  /** Name of the node. */
  readonly _id: string
  /** Id of its session, a UUID in hex. */
  readonly session: string
  readonly seen: Date
}

const tellMs = 1_000
const silentMs = 5_000

export class Writers {
  readonly #connection: Connection
  readonly #node: string
  readonly #session: string
  #telling: NodeJS.Timeout | null = null

  private constructor(connection: Connection, node: string, session: ClientSession) {
    this.#connection = connection
    this.#node = node
    this.#session = Buffer.from(session.id!.id.buffer).toString('hex')
  }

  static async open(connection: Connection, node: string, session: ClientSession): Promise<Writers> {
    const writers = new Writers(connection, node, session)
    const earlier = await writers.#tell()
    if (earlier !== null) await writers.#end([earlier.session])
    writers.#telling = setInterval(() => void writers.#tellAgain(), tellMs)
    writers.#telling.unref()
    return writers
  }

  /** Ends what silent nodes have left. */
  async endSilent(): Promise<void> {
    const silent = await this.#writers.find({ $expr: { $lt: ['$seen', { $subtract: ['$$NOW', silentMs] }] }, _id: { $ne: this.#node } }).toArray()
    if (silent.length === 0) return
    await this.#end(silent.map(({ session }) => session))
    // Only as it was seen: one that lives again has another instant by now.
    for (const { _id, seen } of silent) await this.#writers.deleteOne({ _id, seen })
  }

  async close(): Promise<void> {
    if (this.#telling !== null) clearInterval(this.#telling)
    try {
      await this.#writers.deleteOne({ _id: this.#node, session: this.#session })
    } catch (error) {
      // The database has gone first: the next start of this node finds the note and ends the session.
      if (refusalOf(error) === error) throw error
    }
  }

  get #writers() {
    return this.#connection.db.collection<WriterDocument>('writers')
  }

  /** Answers what stood there before. */
  #tell(): Promise<WriterDocument | null> {
    const now = [{ $set: { session: this.#session, seen: '$$NOW' } }]
    return this.#writers.findOneAndUpdate({ _id: this.#node }, now, { upsert: true, returnDocument: 'before', writeConcern: { w: 1 } })
  }

  async #tellAgain(): Promise<void> {
    try {
      await this.#tell()
    } catch (error) {
      // Nobody can write while the database is away, so nobody misses this; it is told again.
      if (refusalOf(error) === error) throw error
    }
  }

  async #end(sessions: readonly string[]): Promise<void> {
    const others = sessions.filter((session) => session !== this.#session)
    if (others.length > 0) await this.#connection.db.admin().command({ killSessions: others.map((session) => ({ id: new UUID(session) })) })
  }
}
