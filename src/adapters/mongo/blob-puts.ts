/**
 * Writing of bodies: what arrives together is one command. The same command makes a body that is not there and touches the
 * time of last use of one that is; so whatever a sweep does meanwhile, the body is there afterwards and counts as just used.
 */
import { hash } from 'node:crypto'
import { MongoServerError } from 'mongodb'
import type { ClientSession, Document } from 'mongodb'
import { MailError } from '../../core/errors.ts'
import type { BlobId } from '../../core/mailbox/mailbox.ts'
import { packBody } from './blob-codec.ts'
import type { PackedBody } from './blob-codec.ts'
import type { BlobDocument } from './blob-documents.ts'
import { blobsOf } from './blob-documents.ts'
import type { BlobFiles } from './blob-files.ts'
import type { Connection } from './connection.ts'
import type { FaultPoints } from './fault-points.ts'
import { isDuplicateKey, isPassing, refusalOf } from './refusals.ts'

/** Up to this a body is one document; a larger one is a file. */
export const maxDocumentBytes = 4 * 1024 * 1024
const maxGroupBytes = 8 * 1024 * 1024
const maxGroupBodies = 500
const maxWaitingBytes = 256 * 1024 * 1024
const maxTries = 5
/** Groups on their way at a time. */
const maxGroups = 2

interface Waiting {
  readonly id: BlobId
  readonly bodyBytes: number
  readonly packed: PackedBody
  readonly resolve: (id: BlobId) => void
  readonly reject: (error: unknown) => void
}

export interface BlobPutsOptions {
  readonly connection: Connection
  readonly files: BlobFiles
  readonly faults: FaultPoints
  readonly nowMs: () => number
}

export class BlobPuts {
  readonly #options: BlobPutsOptions
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #groups = 0
  #closed = false
  #emptied: () => void = () => undefined

  constructor(options: BlobPutsOptions) {
    this.#options = options
  }

  async put(body: Uint8Array): Promise<BlobId> {
    if (this.#closed) throw new MailError('unavailable', 'the store of bodies is closed')
    if (this.#waitingBytes > maxWaitingBytes) throw new MailError('unavailable', 'too many bodies wait to be written')
    const id = hash('sha256', body, 'base64url')
    if (body.length > maxDocumentBytes) return this.#putFile(id, body)
    const packing = packBody(body)
    const packed = packing instanceof Promise ? await packing : packing
    return new Promise<BlobId>((resolve, reject) => {
      this.#waiting.push({ id, bodyBytes: body.length, packed, resolve, reject })
      this.#waitingBytes += packed.data.length
      // Those that arrive in the same turn of the event loop belong together.
      if (this.#groups < maxGroups) {
        this.#groups++
        setImmediate(() => void this.#work())
      }
    })
  }

  /** Takes no more; resolves when those that were given are written. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#groups > 0) await new Promise<void>((resolve) => (this.#emptied = resolve))
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) await this.#write(this.#take())
    if (--this.#groups === 0) this.#emptied()
  }

  #take(): Waiting[] {
    let bytes = 0
    let end = 0
    while (end < this.#waiting.length && end < maxGroupBodies && (end === 0 || bytes + this.#waiting[end]!.packed.data.length <= maxGroupBytes)) {
      bytes += this.#waiting[end++]!.packed.data.length
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, end)
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    const { connection, faults, nowMs } = this.#options
    const usedAtMs = nowMs()
    const different = new Map(group.map((one) => [one.id, one]))
    const updates = [...different.values()].map(({ id, bodyBytes, packed: { data, compressed, crc } }) => ({
      q: { _id: id },
      u: touch(usedAtMs, { bodyBytes, storedBytes: data.length, data, compressed, crc }),
      upsert: true,
    }))
    try {
      faults.pass('before-sync')
      await connection.write((session) => again(() => touchAll(connection, updates, session)))
      faults.pass('after-sync')
      for (const { id, resolve } of group) resolve(id)
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  /** The file first, then the document that names it; of two writers of the same body the second takes its file back. */
  async #putFile(id: BlobId, body: Uint8Array): Promise<BlobId> {
    const { connection, files, faults, nowMs } = this.#options
    const blobs = blobsOf(connection)
    const usedAtMs = nowMs()
    const touched = await connection.write((session) => blobs.updateOne({ _id: id }, { $max: { usedAtMs } }, { session }))
    if (touched.matchedCount > 0) return id
    const { file, crcs } = await files.write(body, usedAtMs).catch((error: unknown) => {
      throw refusalOf(error)
    })
    faults.pass('before-sync')
    const made = touch(usedAtMs, { bodyBytes: body.length, storedBytes: body.length, file, crcs: [...crcs] })
    const blob = await connection.write((session) => again(() => blobs.findOneAndUpdate({ _id: id }, made, { session, upsert: true, returnDocument: 'after' })))
    faults.pass('after-sync')
    if (blob?.file?.equals(file) !== true) await files.remove(file)
    return id
  }
}

function touch(usedAtMs: number, made: Omit<BlobDocument, '_id' | 'usedAtMs'>): { $max: { usedAtMs: number }; $setOnInsert: Omit<BlobDocument, '_id' | 'usedAtMs'> } {
  return { $max: { usedAtMs }, $setOnInsert: made }
}

/** As one command, so that it is tried again whole: it may be done twice. */
async function touchAll(connection: Connection, updates: readonly Document[], session: ClientSession): Promise<void> {
  const command = { update: 'blobs', updates, ordered: false, writeConcern: { w: 'majority', j: true } }
  const { writeErrors, writeConcernError } = await connection.db.command(command, { session })
  const error = (writeErrors as Document[] | undefined)?.[0] ?? (writeConcernError as Document | undefined)
  if (error !== undefined) throw new MongoServerError(error)
}

/** Putting may be done twice. Two that make the same document at one moment: the server tells the second that it is there. */
async function again<T>(write: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await write()
    } catch (error) {
      if (tries === maxTries || !(isDuplicateKey(error) || isPassing(error))) throw error
    }
  }
}
