/**
 * What one operation sees of its group and adds to it: drafts of accounts, deliveries, documents to insert, update and delete.
 * It is taken into the group whole, or dropped.
 */
import type { Document } from 'mongodb'
import type { AccountDocument, DeliveryDocument, Written } from '../documents.ts'
import type { Find } from '../read-side.ts'
import { copyOf } from './account-state.ts'
import { Additions } from './additions.ts'
import type { Group } from './group.ts'

export class Step {
  readonly #group: Group
  readonly drafts = new Map<number, AccountDocument>()
  readonly deliveries: DeliveryDocument[] = []
  readonly additions = new Additions()
  readonly threads = new Map<number, number>()
  /** Accounts that the operation has looked at. */
  readonly seen = new Set<number>()

  constructor(group: Group) {
    this.#group = group
  }

  /** The account as it is for this operation, or null. Not to be changed. */
  account(no: number): AccountDocument | null {
    this.seen.add(no)
    return this.drafts.get(no) ?? this.#group.account(no)
  }

  /** The same to be changed. The account exists. */
  draft(no: number): AccountDocument {
    const known = this.drafts.get(no)
    if (known !== undefined) return known
    const now = this.account(no)
    if (now === null) throw new Error(`there is no account ${no}`)
    const draft = copyOf(now)
    this.drafts.set(no, draft)
    return draft
  }

  /** For an operation that finds out in its plan which accounts it touches. */
  load(nos: readonly number[]): Promise<void> {
    return this.#group.load(nos)
  }

  thread(key: number): number | undefined {
    return this.threads.get(key) ?? this.#group.threads.get(key)
  }

  loadThreads(keys: readonly number[]): Promise<void> {
    return this.#group.loadThreads(keys)
  }

  /** Reads a collection as it was when the transaction began. */
  find<T>(collection: keyof Written, find: Find): Promise<T[]> {
    return this.#group.find<T>(collection, find)
  }

  isDuplicate(transaction: string): boolean {
    return this.#group.duplicates.has(transaction)
  }

  insert<C extends keyof Written>(collection: C, document: Written[C]): void {
    this.additions.of(collection).inserts.push(document)
  }

  /** At once, for what is too much to be kept until the group is written. The operation must not be planned again after it. */
  insertNow<C extends keyof Written>(collection: C, documents: readonly Written[C][]): Promise<void> {
    return this.#group.insertNow(collection, documents)
  }

  update(collection: keyof Written, q: Document, u: Document, multi = false): void {
    this.additions.of(collection).updates.push({ q, u, multi })
  }

  delete(collection: keyof Written, q: Document): void {
    this.additions.of(collection).deletes.push({ q, limit: 0 })
  }
}
