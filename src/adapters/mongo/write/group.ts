/**
 * One transaction of the group commit (design §5.7): several operations planned one after the other on drafts of the account
 * documents, then written with one command each for accounts, new, changed and removed documents, however many they are.
 *
 * An operation that leaves an account as it was (a refusal, a change that changes nothing) has nothing in the commit that
 * would prove its view of the account to be the present one. Then the account is read in the transaction, and the operation
 * planned once more.
 */
import type { ClientSession, Document } from 'mongodb'
import { MailError } from '../../../core/errors.ts'
import type { AccountStates } from '../account-states.ts'
import type { Connection } from '../connection.ts'
import type { AccountDocument, DeliveryDocument, Written } from '../documents.ts'
import { deliveryId } from '../documents.ts'
import type { Find } from '../read-side.ts'
import { deleteDocuments, insertDocuments, updateDocuments } from '../write-commands.ts'
import type { UpdateStatement } from '../write-commands.ts'
import { Additions } from './additions.ts'
import { Undone } from './operation.ts'
import type { Operation } from './operation.ts'
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
  readonly #deliveries: DeliveryDocument[] = []
  readonly #additions = new Additions()

  constructor(connection: Connection, states: AccountStates, session: ClientSession, duplicates: ReadonlySet<string>) {
    this.#connection = connection
    this.#states = states
    this.session = session
    this.duplicates = duplicates
  }

  account(no: number): AccountDocument | null {
    return this.#now.get(no) ?? this.#bases.get(no) ?? null
  }

  /** What the operations need to know, in one command each where anything is missing. */
  async prepare(operations: readonly Operation<unknown>[]): Promise<void> {
    await this.load(operations.flatMap(({ accounts }) => accounts))
    await this.loadThreads(operations.flatMap(({ threadKeys = [] }) => threadKeys))
  }

  async load(nos: readonly number[]): Promise<void> {
    const missing: number[] = []
    for (const no of new Set(nos)) {
      if (this.#bases.has(no)) continue
      const remembered = this.#states.get(no)
      if (remembered === null) missing.push(no)
      else this.#bases.set(no, remembered)
    }
    await this.#readAccounts(missing)
  }

  /** Plans one operation and takes it in, unless it is refused. Throws {@link Mismatch}, or what the database says. */
  async add(operation: Operation<unknown>): Promise<Outcome> {
    for (;;) {
      const plan = await this.#plan(operation)
      const unproven = [...plan.step.seen].filter((no) => !this.#isProven(no, plan))
      if (unproven.length === 0) return this.#take(plan)
      await this.#readAccounts(unproven)
    }
  }

  /** Read in this transaction, or written with it on the condition that it is what it was. */
  #isProven(no: number, { step, undone }: Plan): boolean {
    return this.#read.has(no) || this.#now.has(no) || (!undone && step.drafts.has(no))
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
      const taken = await insertDocuments(db, collection, inserts, this.session)
      if (taken) throw new Error(`a number of ${collection} was used twice`)
      await updateDocuments(db, collection, updates, this.session)
      await deleteDocuments(db, collection, deletes, this.session)
    }
  }

  /** Accounts on the condition that they are what they were; deliveries on the condition that they are not there. */
  async #writeStates(): Promise<void> {
    const accounts = [...this.#now].map(([no, now]) => accountUpdate(this.#bases.get(no)!, now))
    const deliveries = this.#deliveries.map(deliveryInsert)
    const { matched, made } = await updateDocuments(this.#connection.db, 'states', [...accounts, ...deliveries], this.session)
    if (matched !== accounts.length + deliveries.length) throw new Mismatch()
    const duplicates = this.#deliveries.filter(({ _id }) => !made.has(_id))
    if (duplicates.length > 0) throw new Duplicates(duplicates.map(({ _id }) => transactionOf(_id)))
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

  async #readAccounts(nos: readonly number[]): Promise<void> {
    if (nos.length === 0) return
    const found = await this.find<AccountDocument>('states', { filter: { _id: { $in: nos } } })
    const byNo = new Map(found.map((account) => [account._id, account]))
    for (const no of nos) {
      this.#bases.set(no, byNo.get(no) ?? null)
      this.#read.add(no)
    }
  }

  async loadThreads(keys: readonly number[]): Promise<void> {
    const missing = [...new Set(keys)].filter((key) => !this.threads.has(key))
    if (missing.length === 0) return
    const wanted = new Set(missing)
    const find = { filter: { threadKeys: { $in: missing } }, projection: { _id: 0, threadKeys: 1, thread: 1 } }
    for (const { threadKeys, thread } of await this.find<{ threadKeys: number[]; thread: number }>('messages', find)) {
      for (const key of threadKeys) if (wanted.has(key)) this.threads.set(key, Math.min(thread, this.threads.get(key) ?? Infinity))
    }
  }
}

/** What changed, on the condition that nobody else has changed anything. */
export function accountUpdate(base: AccountDocument, now: AccountDocument): UpdateStatement {
  now.rev = base.rev + 1
  const set: Document = {}
  const unset: Document = {}
  for (const [field, value] of Object.entries(now)) {
    if (field !== 'mailboxes' && value !== base[field as keyof AccountDocument]) set[field] = value
  }
  for (const [no, mailbox] of Object.entries(now.mailboxes)) {
    if (mailbox !== base.mailboxes[no]) set[`mailboxes.${no}`] = mailbox
  }
  for (const no of Object.keys(base.mailboxes)) if (now.mailboxes[no] === undefined) unset[`mailboxes.${no}`] = ''
  return { q: { _id: base._id, rev: base.rev }, u: { $set: set, ...(Object.keys(unset).length > 0 && { $unset: unset }) } }
}

/** Changes nothing when it is there, and then the answer does not list it as made. */
function deliveryInsert({ _id, ...rest }: DeliveryDocument): UpdateStatement {
  return { q: { _id }, u: { $setOnInsert: rest }, upsert: true }
}

function transactionOf(id: string): string {
  return id.slice(deliveryId('').length)
}
