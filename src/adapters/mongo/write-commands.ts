/**
 * The commands `insert`, `update` and `delete` as they are: in a transaction the driver's own bulk writes bring nothing but the
 * weighing of every document, and hide what went wrong. Each is sent in as few parts as the server's limits allow, in order.
 */
import type { ClientSession, Db, Document } from 'mongodb'

/** A statement of the `update` command. */
export interface UpdateStatement {
  readonly q: Document
  readonly u: Document
  readonly multi?: boolean
  readonly upsert?: boolean
}

/** A statement of the `delete` command. */
export interface DeleteStatement {
  readonly q: Document
  readonly limit: 0 | 1
}

/** A command may have 16 MB, and what is weighed here is an estimate. */
const maxCommandBytes = 8 * 1024 * 1024
const maxCommandDocuments = 50_000
const maxCommandStatements = 10_000
const duplicateKey = 11000

/** Answers whether a key was taken: then nothing of the transaction can be committed. */
export async function insertDocuments(db: Db, collection: string, documents: readonly object[], session: ClientSession): Promise<boolean> {
  for (let at = 0; at < documents.length; ) {
    const part = partFrom(documents, at, { most: maxCommandDocuments, weigh: weightOf })
    const reply = await db.command({ insert: collection, documents: part }, { session })
    if (reply['writeErrors']?.[0]?.code === duplicateKey) return true
    requireDone(reply, `insert into ${collection}`)
    at += part.length
  }
  return false
}

/** Answers the ids of the documents that were made, and whether a key was taken: then nothing of the transaction can be committed. */
export async function updateDocuments(
  db: Db,
  collection: string,
  statements: readonly UpdateStatement[],
  session: ClientSession,
): Promise<{ readonly made: ReadonlySet<unknown>; readonly taken: boolean }> {
  const made = new Set<unknown>()
  for (let at = 0; at < statements.length; ) {
    const part = partFrom(statements, at, { most: maxCommandStatements, weigh: ({ u }) => weightOf((u as Document)['$setOnInsert'] ?? {}) })
    const reply = await db.command({ update: collection, updates: part }, { session })
    if (reply['writeErrors']?.[0]?.code === duplicateKey) return { made, taken: true }
    requireDone(reply, `update of ${collection}`)
    for (const { _id } of (reply['upserted'] ?? []) as Document[]) made.add(_id)
    at += part.length
  }
  return { made, taken: false }
}

export async function deleteDocuments(db: Db, collection: string, statements: readonly DeleteStatement[], session: ClientSession): Promise<void> {
  for (let at = 0; at < statements.length; at += maxCommandStatements) {
    const reply = await db.command({ delete: collection, deletes: statements.slice(at, at + maxCommandStatements) }, { session })
    requireDone(reply, `delete from ${collection}`)
  }
}

function requireDone(reply: Document, what: string): void {
  const first = (reply['writeErrors'] as Document[] | undefined)?.[0]
  if (first !== undefined) throw new Error(`${what}: ${String(first['errmsg'])}`)
}

interface Bounds<T> {
  readonly most: number
  readonly weigh: (one: T) => number
}

function partFrom<T>(all: readonly T[], start: number, { most, weigh }: Bounds<T>): T[] {
  let bytes = 0
  let end = start
  while (end < all.length && end - start < most) {
    bytes += weigh(all[end]!)
    if (bytes > maxCommandBytes && end > start) break
    end++
  }
  return all.slice(start, end)
}

/** Not less than it is by much: what weighs are byte arrays and texts. */
function weightOf(document: object): number {
  let bytes = 300
  for (const value of Object.values(document)) {
    if (value instanceof Uint8Array) bytes += value.byteLength
    else if (typeof value === 'string') bytes += 2 * value.length
    else if (Array.isArray(value)) bytes += 60 * value.length
  }
  return bytes
}
