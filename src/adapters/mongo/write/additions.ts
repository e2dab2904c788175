/** What operations add to the collections beside `states`: for each, documents to insert, and statements to update and delete. */
import type { Document } from 'mongodb'
import type { Written } from '../documents.ts'
import type { DeleteStatement, UpdateStatement } from '../write-commands.ts'

export interface Addition {
  readonly inserts: Document[]
  readonly updates: UpdateStatement[]
  readonly deletes: DeleteStatement[]
}

export class Additions {
  readonly #of = new Map<keyof Written, Addition>()

  of(collection: keyof Written): Addition {
    const known = this.#of.get(collection)
    if (known !== undefined) return known
    const made: Addition = { inserts: [], updates: [], deletes: [] }
    this.#of.set(collection, made)
    return made
  }

  take(others: Additions): void {
    for (const [collection, { inserts, updates, deletes }] of others.#of) {
      const mine = this.of(collection)
      for (const one of inserts) mine.inserts.push(one)
      for (const one of updates) mine.updates.push(one)
      for (const one of deletes) mine.deletes.push(one)
    }
  }

  [Symbol.iterator](): IterableIterator<[keyof Written, Addition]> {
    return this.#of.entries()
  }
}
