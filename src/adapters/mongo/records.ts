/**
 * The records of the store port. Each kind counts from 1 without a gap, and audit records are chained
 * (core/record/record.ts): the unique index over (kind, seq) lets one writer at a time go on, whichever node it is on; who
 * comes second reads where the kinds are now and does it again. What arrives together is one transaction.
 */
import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ClientSession } from 'mongodb'
import { MailError } from '../../core/errors.ts'
import type { RecordStore } from '../../core/ports/store.ts'
import { canonicalRecord } from '../../core/record/record.ts'
import type { NewRecord, RecordKind } from '../../core/record/record.ts'
import { keysOfRecord } from '../../core/record/record-keys.ts'
import type { RecordDocument } from './documents.ts'
import type { Connection } from './connection.ts'
import type { Parts } from './parts.ts'
import { isTransient, refusalOf } from './refusals.ts'
import { recordOf } from './translations.ts'
import { insertDocuments } from './write-commands.ts'

const maxTries = 20
const firstPauseMs = 2
const maxPauseMs = 200
const maxTogether = 2_000

interface Waiting {
  readonly records: readonly NewRecord[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export function recordStore({ connection, reads }: Parts): RecordStore {
  const appending = new Appending(connection)
  return {
    async append(records) {
      if (records.length > 0) await appending.append(records)
    },

    async read({ kind, after, limit }) {
      const filter = { kind, seq: { $gt: after ?? 0 } }
      return (await reads.find<RecordDocument>('records', { filter, sort: { seq: 1 }, limit })).map(recordOf)
    },

    async search({ kind, key, fromMs, toMs, after, descending = false, limit }) {
      const direction = descending ? -1 : 1
      const beyond = descending ? '$lt' : '$gt'
      const filter = {
        kind,
        ...(key === undefined ? {} : { keys: key }),
        atMs: { $gte: fromMs ?? Number.MIN_SAFE_INTEGER, $lt: toMs ?? Number.MAX_SAFE_INTEGER },
        ...(after === undefined ? {} : { $or: [{ atMs: { [beyond]: after.atMs } }, { atMs: after.atMs, seq: { [beyond]: after.seq } }] }),
      }
      const hint = key === undefined ? 'by-time' : 'by-key'
      return (await reads.find<RecordDocument>('records', { filter, sort: { atMs: direction, seq: direction }, limit, hint })).map(recordOf)
    },

    purge: (range) => purge(connection, range),
  }
}

class Appending {
  readonly #connection: Connection
  #waiting: Waiting[] = []
  #working = false
  /** Where the kinds were when this node saw them last; empty: to be read. */
  #heads: Heads = new Map()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  append(records: readonly NewRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject })
      if (!this.#working) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#working = true
    while (this.#waiting.length > 0) {
      const together = this.#take()
      try {
        await this.#write(together.flatMap(({ records }) => records))
        for (const { resolve } of together) resolve()
      } catch (error) {
        for (const { reject } of together) reject(error)
      }
    }
    this.#working = false
  }

  #take(): Waiting[] {
    let count = 0
    let end = 0
    while (end < this.#waiting.length && (end === 0 || count + this.#waiting[end]!.records.length <= maxTogether)) count += this.#waiting[end++]!.records.length
    return this.#waiting.splice(0, end)
  }

  async #write(records: readonly NewRecord[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        this.#heads = await this.#connection.write((session) =>
          session.withTransaction(() => appendWithin(this.#connection, records, session, this.#heads), { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true } }),
        )
        return
      } catch (error) {
        this.#heads = new Map()
        if (!(error instanceof Overtaken) && !isTransient(error)) throw refusalOf(error)
        if (tries === maxTries) throw new MailError('unavailable', 'others append records all the time')
        if (tries > 1) await pause(Math.random() * Math.min(maxPauseMs, firstPauseMs * 2 ** tries))
      }
    }
  }
}

const purgedTogether = 1_000

async function purge(connection: Connection, { kind, fromSeq, toSeq, keep = [] }: Parameters<RecordStore['purge']>[0]): Promise<number> {
  try {
    const [last] = await connection.records.find({ kind }, { sort: { seq: -1 }, limit: 1, projection: { seq: 1 } }).toArray()
    const end = Math.min(toSeq, (last?.seq ?? 0) - 1)
    let purged = 0
    for (let from = fromSeq; from <= end; from += purgedTogether) {
      const upTo = Math.min(end, from + purgedTogether - 1)
      const kept = keep.filter((seq) => seq >= from && seq <= upTo)
      const filter = { kind, seq: { $gte: from, $lte: upTo, ...(kept.length === 0 ? {} : { $nin: kept }) } }
      const { deletedCount } = await connection.records.deleteMany(filter, { writeConcern: { w: 'majority', journal: true } })
      purged += deletedCount
    }
    return purged
  } catch (error) {
    throw refusalOf(error)
  }
}

/** Where the kinds are: number and hash of their last record. */
export type Heads = Map<RecordKind, Pick<RecordDocument, 'seq' | 'hash'>>

/** Another writer has taken the numbers: the transaction is void, and may be tried again with no heads known. */
export class Overtaken extends Error {}

/** Appends within a transaction; `known` saves reading where the kinds are. Returns where they are then. Throws {@link Overtaken}. */
export async function appendWithin(connection: Connection, records: readonly NewRecord[], session: ClientSession, known: Heads): Promise<Heads> {
  const heads: Heads = new Map(known)
  for (const kind of new Set(records.map((record) => record.kind))) {
    if (!heads.has(kind)) heads.set(kind, await headOf(connection, kind, session))
  }
  const documents = records.map((given) => {
    const { seq, hash } = heads.get(given.kind)!
    const document = documentOf(given, seq + 1, hash)
    heads.set(given.kind, document)
    return document
  })
  if (await insertDocuments(connection.db, 'records', documents, session)) throw new Overtaken()
  return heads
}

async function headOf(connection: Connection, kind: RecordKind, session: ClientSession): Promise<Pick<RecordDocument, 'seq' | 'hash'>> {
  const [last] = await connection.records.find({ kind }, { session, sort: { seq: -1 }, limit: 1, projection: { seq: 1, hash: 1 } }).toArray()
  return last ?? { seq: 0, hash: '' }
}

function documentOf(given: NewRecord, seq: number, previous: string): RecordDocument {
  const detail = JSON.stringify(given.detail)
  // The detail is hashed as it will be read again: after JSON dropped what it can't hold.
  const record = { ...given, detail: JSON.parse(detail) as NewRecord['detail'] }
  const hash = record.kind === 'audit' ? createHash('sha256').update(previous).update(canonicalRecord(seq, record)).digest('hex') : ''
  const { kind, atMs, actor, action, subject, clause } = record
  const keys = keysOfRecord(given)
  return { _id: `${kind}/${seq}`, kind, seq, atMs, actor, action, subject, clause, detail, hash, ...(keys.length > 0 && { keys }) }
}
