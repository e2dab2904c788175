/**
 * Keeps servers and other moves away from a database (core/ports/store-copy.ts, C1). A server notes itself among the `writers` and
 * then looks for a lease; a move takes the lease and then looks for living writers. So one of the two always sees the other.
 * The lease counts by the server's clock and is renewed, so that of a move that died nothing is left after a while.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { UUID } from 'mongodb'
import type { ClientSession } from 'mongodb'
import { MailError } from '../../../core/errors.ts'
import { requireWhole } from '../../../core/moving-house/move-state.ts'
import { moveSetting } from '../../../core/ports/store-copy.ts'
import type { Connection } from '../connection.ts'
import { isDuplicateKey } from '../refusals.ts'

interface LeaseDocument {
  readonly _id: 'lease'
  /** Id of the session that its transactions run in, a UUID in hex. */
  readonly holder: string
  readonly until: Date
}

const defaultLeaseMs = 5_000
const renewalsPerLease = 5
/** A writer that was silent for so long is dead: a living one tells every second. */
const silentMs = 5_000
const askAgainMs = 250

export class MoveLease {
  readonly #connection: Connection
  readonly #holder: string
  readonly #leaseMs: number
  #renewing: NodeJS.Timeout | null = null
  #lost = false

  private constructor(connection: Connection, holder: string, leaseMs: number) {
    this.#connection = connection
    this.#holder = holder
    this.#leaseMs = leaseMs
  }

  /**
   * Refuses `unavailable` (detail.reason `running`) while a server lives or another move holds it. Waits until the silence of a dead one
   * is sure, and ends the transaction that it may have left open: else the server would keep it, and its locks, for a minute.
   */
  static async take(connection: Connection, session: ClientSession, leaseMs = defaultLeaseMs): Promise<MoveLease> {
    const lease = new MoveLease(connection, Buffer.from(session.id!.id.buffer).toString('hex'), leaseMs)
    const earlier = await leases(connection).findOne({ _id: 'lease' })
    for (let waited = 0; !(await lease.#tell()); waited += askAgainMs) {
      if (waited > leaseMs) throw new MailError('unavailable', 'another move has this database', { reason: 'running' })
      await pause(askAgainMs)
    }
    if (earlier !== null) await connection.db.admin().command({ killSessions: [{ id: new UUID(earlier.holder) }] })
    lease.#renewing = setInterval(() => void lease.#tellAgain(), leaseMs / renewalsPerLease)
    lease.#renewing.unref()
    try {
      await lease.#requireSilence()
      return lease
    } catch (error) {
      await lease.release()
      throw error
    }
  }

  /** Refuses `unavailable` when others may have taken it. */
  requireHeld(): void {
    if (this.#lost) throw new MailError('unavailable', 'the lease on the database was lost', { reason: 'running' })
  }

  async release(): Promise<void> {
    if (this.#renewing !== null) clearInterval(this.#renewing)
    await leases(this.#connection).deleteOne({ _id: 'lease', holder: this.#holder })
  }

  /** One write that leaves the lease as it is while it is another's; whose it is then, it answers. */
  async #tell(): Promise<boolean> {
    const free = { $or: [{ $lt: [{ $ifNull: ['$until', new Date(0)] }, '$$NOW'] }, { $eq: ['$holder', this.#holder] }] }
    const taken = [{ $set: { holder: { $cond: [free, this.#holder, '$holder'] }, until: { $cond: [free, { $add: ['$$NOW', this.#leaseMs] }, '$until'] } } }]
    try {
      const lease = await leases(this.#connection).findOneAndUpdate({ _id: 'lease' }, taken, { upsert: true, returnDocument: 'after' })
      return lease?.holder === this.#holder
    } catch (error) {
      // Two made it at one moment, and the other was first.
      if (isDuplicateKey(error)) return false
      throw error
    }
  }

  async #tellAgain(): Promise<void> {
    try {
      if (!(await this.#tell())) this.#lost = true
    } catch {
      // While the database is away nobody else can take it either; every write of the move meets the same trouble and tells it.
    }
  }

  async #requireSilence(): Promise<void> {
    const seenFirst = new Map<string, number>()
    for (;;) {
      const fresh = { $expr: { $gt: ['$seen', { $subtract: ['$$NOW', silentMs] }] } }
      const writers = await this.#connection.db.collection<{ _id: string; seen: Date }>('writers').find(fresh).toArray()
      if (writers.length === 0) return
      for (const { _id: node, seen } of writers) {
        const first = seenFirst.get(node) ?? seen.getTime()
        if (seen.getTime() > first) throw new MailError('unavailable', `the server ${node} runs on this database`, { reason: 'running', node })
        seenFirst.set(node, first)
      }
      await pause(askAgainMs)
    }
  }
}

/** For a server that has noted itself among the writers. Refuses `unavailable` while the database is being moved or is half filled. */
export async function requireSettledIn(connection: Connection): Promise<void> {
  const lease = await leases(connection).findOne({ $expr: { $gt: ['$until', '$$NOW'] } })
  if (lease !== null) throw new MailError('unavailable', 'the database is being moved: wait for `congvu migrate-store`')
  requireWhole((await connection.settings.findOne({ _id: moveSetting }))?.value ?? null)
}

function leases(connection: Connection) {
  return connection.db.collection<LeaseDocument>('moving')
}
