/**
 * One transaction of the group commit (design §5.7): several operations planned one after the other on drafts of the account
 * documents, then written with one command each for accounts, new, changed and removed documents, however many they are.
 *
 * An operation that leaves an account as it was (a refusal, a change that changes nothing) has nothing to write that would prove
 * its view of the account to be the present one. Then the proof is a write that changes nothing, in the command with the others.
 */
import type { ClientSession, Document } from 'mongodb'
import { MailError } from '../../../core/errors.ts'
import type { AccountStates } from '../account-states.ts'
import type { Connection } from '../connection.ts'
import type { AccountDocument, DeliveryDocument, OutboxDocument, Written } from '../documents.ts'
import { deliveryId } from '../documents.ts'
import type { Find } from '../read-side.ts'
import { deleteDocuments, insertDocuments, updateDocuments } from '../write-commands.ts'
import { Additions } from './additions.ts'
import { Undone } from './operation.ts'
import type { Operation } from './operation.ts'
import { accountProof, accountUpdate, stateInsert } from './state-statements.ts'
import { Step } from './step.ts'

/** Somebody else has written one of the accounts: what was planned does not hold. */
export class Mismatch extends Error {
  constructor() {
    super('an account has changed meanwhile')
  }
}

/** These transactions have been committed or held before. */
export class Duplicates extends Error {
  readonly transactions: readonly string[]

  constructor(transactions: readonly string[]) {
    super('deliveries that are there already')
    this.transactions = transactions
  }
}

export type Outcome = { readonly value: unknown } | { readonly error: unknown }

interface Plan {
  readonly step: Step
  readonly outcome: Outcome
  /** Nothing of the step counts. */
  readonly undone: boolean
}

const batchDocuments = 1_000_000

export class Group {
  readonly session: ClientSession
  readonly threads = new Map<number, number>()
  /** Transactions that are known to be there already. */
  readonly duplicates: ReadonlySet<string>
  readonly #connection: Connection
  readonly #states: AccountStates
  /** As read or remembered; null: there is none. */
  readonly #bases = new Map<number, AccountDocument | null>()
  readonly #read = new Set<number>()
  readonly #now = new Map<number, AccountDocument>()
  /** Accounts that an operation was planned on. */
  readonly #seen = new Set<number>()
  readonly #deliveries: DeliveryDocument[] = []
  readonly #additions = new Additions()

  constructor(connection: Connection, states: AccountStates, session: ClientSession, duplicates: ReadonlySet<string>) {
    this.#connection = connection
    this.#states = states
    this.session = session
    this.duplicates = duplicates
  }

  account(no: number): AccountDocument | null {
    const known = this.#now.get(no) ?? this.#bases.get(no)
    if (known === undefined) throw new Error(`account ${no} was planned on and not loaded`)
    return known
  }

  /** What the operations need to know: one command, or none when it is known. */
  async prepare(operations: readonly Operation<unknown>[]): Promise<void> {
    const nos = this.#unknownAccounts(operations.flatMap(({ accounts }) => accounts))
    const keys = this.#unknownThreads(operations.flatMap(({ threadKeys = [] }) => threadKeys))
    if (nos.length > 0 && keys.length > 0) await this.#readBoth(nos, keys)
    else if (nos.length > 0) await this.load(nos)
    else if (keys.length > 0) await this.loadThreads(keys)
  }

  async load(nos: readonly number[]): Promise<void> {
    const missing = this.#unknownAccounts(nos)
    if (missing.length > 0) this.#takeAccounts(missing, await this.find<AccountDocument>('states', accountsFind(missing)))
  }

  /** Those that must be read; the others are taken as they are remembered. */
  #unknownAccounts(nos: readonly number[]): number[] {
    const unknown: number[] = []
    for (const no of new Set(nos)) {
      if (this.#bases.has(no)) continue
      const remembered = this.#states.get(no)
      if (remembered === null) unknown.push(no)
      else this.#bases.set(no, remembered)
    }
    return unknown
  }

  /** Plans one operation and takes it in, unless it is refused. Throws what the database says. */
  async add(operation: Operation<unknown>): Promise<Outcome> {
    const plan = await this.#plan(operation)
    for (const no of plan.step.seen) this.#seen.add(no)
    return this.#take(plan)
  }

  async #plan(operation: Operation<unknown>): Promise<Plan> {
    const step = new Step(this)
    try {
      return { step, outcome: { value: await operation.plan(step) }, undone: false }
    } catch (error) {
      if (error instanceof Undone) return { step, outcome: { value: error.outcome }, undone: true }
      if (error instanceof MailError) return { step, outcome: { error }, undone: true }
      throw error
    }
  }

  #take({ step, outcome, undone }: Plan): Outcome {
    if (undone) return outcome
    for (const [no, draft] of step.drafts) this.#now.set(no, draft)
    for (const [key, thread] of step.threads) this.threads.set(key, thread)
    this.#deliveries.push(...step.deliveries)
    this.#additions.take(step.additions)
    return outcome
  }

  /** Sends what the operations have added. Throws {@link Mismatch} or {@link Duplicates} when one of the states is not what it was taken for. */
  async write(): Promise<void> {
    await this.#writeStates()
    const { db } = this.#connection
    for (const [collection, { inserts, updates, deletes }] of this.#additions) {
      if (collection === 'outbox') continue
      const taken = await insertDocuments(db, collection, inserts, this.session)
      if (taken) throw new Error(`a number of ${collection} was used twice`)
      await updateDocuments(db, collection, updates, this.session)
      await deleteDocuments(db, collection, deletes, this.session)
    }
  }

  /** Accounts on the condition that they are what they were; deliveries on the condition that they are not there; rows of the outbox. */
  async #writeStates(): Promise<void> {
    const accounts = [...this.#now].map(([no, now]) => accountUpdate(this.#bases.get(no)!, now))
    const proofs = [...this.#seen].filter((no) => !this.#read.has(no) && !this.#now.has(no)).map((no) => accountProof(this.#bases.get(no)!))
    const { inserts: rows, updates: settlements } = this.#additions.of('outbox')
    const inserts = [...this.#deliveries, ...(rows as OutboxDocument[])].map(stateInsert)
    const { made, taken } = await updateDocuments(this.#connection.db, 'states', [...accounts, ...proofs, ...inserts, ...settlements], this.session)
    if (taken || [...this.#now.keys(), ...this.#seen].some((no) => made.has(no))) throw new Mismatch()
    const duplicates = this.#deliveries.filter(({ _id }) => !made.has(_id))
    if (duplicates.length > 0) throw new Duplicates(duplicates.map(({ _id }) => transactionOf(_id)))
    if (rows.some(({ _id }) => !made.has(_id))) throw new Error('an id of the outbox was used twice')
  }

  /** Before the states are written: numbers that somebody else has used tell that the account has changed. */
  async insertNow<C extends keyof Written>(collection: C, documents: readonly Written[C][]): Promise<void> {
    if (await insertDocuments(this.#connection.db, collection, documents, this.session)) throw new Mismatch()
  }

  /** After the commit: what the accounts are now. */
  remember(): void {
    for (const now of this.#now.values()) this.#states.offer(now)
  }

  /** After anything else: nothing that was known of these accounts is sure. */
  forget(): void {
    for (const no of this.#bases.keys()) this.#states.drop(no)
  }

  async find<T>(collection: string, { filter, projection, sort, limit }: Find): Promise<T[]> {
    const cursor = this.#connection.db.collection(collection).find(filter, {
      session: this.session,
      batchSize: limit ?? batchDocuments,
      ...(projection !== undefined && { projection }),
      ...(sort !== undefined && { sort }),
      ...(limit !== undefined && { limit }),
    })
    return (await cursor.toArray()) as T[]
  }

  async loadThreads(keys: readonly number[]): Promise<void> {
    const missing = this.#unknownThreads(keys)
    if (missing.length > 0) this.#takeThreads(missing, await this.find<ThreadRow>('messages', threadsFind(missing)))
  }

  #unknownThreads(keys: readonly number[]): number[] {
    return [...new Set(keys)].filter((key) => !this.threads.has(key))
  }

  #takeAccounts(nos: readonly number[], found: readonly AccountDocument[]): void {
    const byNo = new Map(found.map((account) => [account._id, account]))
    for (const no of nos) {
      this.#bases.set(no, byNo.get(no) ?? null)
      this.#read.add(no)
    }
  }

  #takeThreads(keys: readonly number[], found: readonly ThreadRow[]): void {
    const wanted = new Set(keys)
    for (const { threadKeys, thread } of found) {
      for (const key of threadKeys) if (wanted.has(key)) this.threads.set(key, Math.min(thread, this.threads.get(key) ?? Infinity))
    }
  }

  /**
   * Accounts and threads in one command, beginning at a document that is always there ($unionWith is not allowed in transactions).
   * Each account comes as a document of its own, the first one with the threads, so that no answer is too large.
   */
  async #readBoth(nos: readonly number[], keys: readonly number[]): Promise<void> {
    const [accounts, threads] = [accountsFind(nos), threadsFind(keys)]
    const pipeline = [
      { $match: { _id: 'schema' } },
      { $project: { _id: 1 } },
      { $lookup: { from: 'messages', pipeline: [{ $match: threads.filter }, { $project: threads.projection }], as: 'threads' } },
      { $lookup: { from: 'states', pipeline: [{ $match: accounts.filter }], as: 'account' } },
      { $unwind: { path: '$account', includeArrayIndex: 'at', preserveNullAndEmptyArrays: true } },
      { $project: { account: 1, threads: { $cond: [{ $gt: ['$at', 0] }, '$$REMOVE', '$threads'] } } },
    ]
    const options = { session: this.session, batchSize: batchDocuments }
    const found = await this.#connection.db.collection('schema').aggregate<{ account?: AccountDocument; threads?: ThreadRow[] }>(pipeline, options).toArray()
    this.#takeAccounts(nos, found.flatMap(({ account }) => account ?? []))
    this.#takeThreads(keys, found.flatMap((one) => one.threads ?? []))
  }
}

interface ThreadRow {
  readonly threadKeys: readonly number[]
  readonly thread: number
}

function accountsFind(nos: readonly number[]): { readonly filter: Document } {
  return { filter: { _id: { $in: nos } } }
}

function threadsFind(keys: readonly number[]): { readonly filter: Document; readonly projection: Document } {
  return { filter: { threadKeys: { $in: keys } }, projection: { _id: 0, threadKeys: 1, thread: 1 } }
}

function transactionOf(id: string): string {
  return id.slice(deliveryId('').length)
}
