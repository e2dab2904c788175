/**
 * The `insert` command as it is: in a transaction the driver's own insertion of many brings nothing but the weighing of every
 * document, and hides what went wrong.
 */
import type { ClientSession, Db, Document } from 'mongodb'

/** A command may have 16 MB, and what is weighed here is an estimate. */
const maxCommandBytes = 8 * 1024 * 1024
const maxCommandDocuments = 50_000
const duplicateKey = 11000

/** In order, in the session's transaction. Answers whether a key was taken: then nothing of the transaction can be committed. */
export async function insertDocuments(db: Db, collection: string, documents: readonly object[], session: ClientSession): Promise<boolean> {
  for (let at = 0; at < documents.length; ) {
    const part = partFrom(documents, at)
    const { writeErrors = [] } = await db.command({ insert: collection, documents: part }, { session })
    const [first] = writeErrors as Document[]
    if (first?.['code'] === duplicateKey) return true
    if (first !== undefined) throw new Error(`insert into ${collection}: ${String(first['errmsg'])}`)
    at += part.length
  }
  return false
}

function partFrom(documents: readonly object[], start: number): object[] {
  let bytes = 0
  let end = start
  while (end < documents.length && end - start < maxCommandDocuments) {
    bytes += weightOf(documents[end]!)
    if (bytes > maxCommandBytes && end > start) break
    end++
  }
  return documents.slice(start, end)
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
