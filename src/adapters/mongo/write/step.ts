/**
 * What one operation sees of its group and adds to it: drafts of accounts, documents to insert, update and delete. It is taken
 * into the group whole, or dropped.
 */
import type { Document } from 'mongodb'
import type { Find } from '../read-side.ts'
import type { AccountDocument, MailDocument } from '../documents.ts'
import { copyOf } from './account-state.ts'
import type { Group } from './group.ts'

/** A statement of the `update` command. */
export interface UpdateStatement {
  readonly q: Document
  readonly u: Document | Document[]
  readonly multi?: boolean
}

export class Step {
  readonly #group: Group
  readonly drafts = new Map<number, AccountDocument>()
  readonly inserts: MailDocument[] = []
  readonly updates: UpdateStatement[] = []
  readonly deletes: Document[] = []
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

  /** Reads `mail` as it was when the transaction began. */
  find<T>(find: Find): Promise<T[]> {
    return this.#group.find<T>('mail', find)
  }

  isDuplicate(transaction: string): boolean {
    return this.#group.duplicates.has(transaction)
  }

  /** At once, for what is too much to be kept until the group is written. The operation must not be planned again after it. */
  insertNow(documents: readonly MailDocument[]): Promise<void> {
    return this.#group.insertNow(documents)
  }

  insert(document: MailDocument): void {
    this.inserts.push(document)
  }

  update(q: Document, u: Document | Document[], multi = false): void {
    this.updates.push({ q, u, multi })
  }

  delete(q: Document): void {
    this.deletes.push(q)
  }
}
