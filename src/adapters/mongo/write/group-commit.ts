/**
 * Group commit (design §5.7): writes that arrive together are one transaction, one at a time; what arrives meanwhile is the
 * next. The busier, the larger the groups.
 *
 * When another node has written one of the accounts, or the transaction met another one, the group is planned anew on what
 * is there now, then in halves, at last one by one; each a bounded number of times. Nothing is answered before its commit.
 * When the connection is lost during the commit and no later answer tells its fate, all of the group is refused
 * `unavailable`: it may have happened, whole or not at all.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { ClientSession } from 'mongodb'
import { MailError } from '../../../core/errors.ts'
import type { AccountStates } from '../account-states.ts'
import type { Connection } from '../connection.ts'
import type { FaultPoints } from '../fault-points.ts'
import { isDisconnected, isLost, isTransient, isUnknownCommit, refusalOf } from '../refusals.ts'
import { Duplicates, Group, Mismatch } from './group.ts'
import type { Outcome } from './group.ts'
import type { Operation } from './operation.ts'

interface Waiting {
  readonly operation: Operation<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Since when it has been set aside again and again because others write its accounts; null: never. */
  contendedSinceMs: number | null
  timesAside: number
}

const maxGroupOperations = 400
/** Each of these asks a question of its own before the group can be written. */
const maxGroupSelections = 32
const maxGroupBytes = 8 * 1024 * 1024
/** Callers hold their own data while they wait; more of them than this is a flood that must be told so. */
const maxWaiting = 100_000
/** A group is tried so often before it is halved, a single operation before it is set aside. */
const maxTries = 3
const firstPauseMs = 2
const maxPauseMs = 250
/** An operation that has met others for so long is refused. */
const maxContendedMs = 15_000
/** From then on a dead node's transaction is looked for. */
const suspectDeadMs = 1_000
/** So long the operations of an account that was contended are groups of their own. */
const contendedMs = 1_000
/** How long the fate of a commit is asked for. */
const maxCommitMs = 15_000

export class GroupCommit {
  readonly #connection: Connection
  readonly #states: AccountStates
  readonly #faults: FaultPoints
  readonly #session: ClientSession
  #waiting: Waiting[] = []
  #working: Promise<void> | null = null
  #closed = false
  readonly #aside = new Set<Promise<void>>()
  /** Accounts that others were writing, and until when that is remembered. */
  readonly #contended = new Map<number, number>()
  /** Called when an operation has met others for long: a dead node's transaction may stand in its way. */
  onContention: () => Promise<void> = () => Promise.resolve()

  constructor(connection: Connection, states: AccountStates, faults: FaultPoints) {
    this.#connection = connection
    this.#states = states
    this.#faults = faults
    this.#session = connection.client.startSession({
      defaultTransactionOptions: { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true }, readPreference: 'primary' },
    })
  }

  /** The session of all the group's transactions. */
  get session(): ClientSession {
    return this.#session
  }

  /** Resolves after the commit. Byte arrays must not be changed until then. Refuses as the operation does, `unavailable`, `storage-full`. */
  write<R>(operation: Operation<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (this.#closed) return reject(new MailError('unavailable', 'the store is closed'))
      if (this.#waiting.length >= maxWaiting) return reject(new MailError('unavailable', 'too many writes wait'))
      this.#enqueue({ operation, resolve: resolve as (value: unknown) => void, reject, contendedSinceMs: null, timesAside: 0 })
    })
  }

  /** Takes no more writes; resolves when those that were asked are answered. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#working !== null || this.#aside.size > 0) await Promise.all([this.#working, ...this.#aside])
    await this.#session.endSession()
  }

  #enqueue(one: Waiting): void {
    this.#waiting.push(one)
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    // Those that arrive in the same turn of the event loop belong together.
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) await this.#settle(this.#nextGroup())
    this.#working = null
  }

  /** From the oldest on, what can go together; the rest keeps its order. */
  #nextGroup(): Waiting[] {
    const group: Waiting[] = []
    const later: Waiting[] = []
    const accounts = new Set<number>()
    const passed = new Set<number>()
    const keys = new Set<string>()
    let bytes = 0
    let selections = 0
    for (const [i, one] of this.#waiting.entries()) {
      const { operation } = one
      const full = group.length >= maxGroupOperations || (group.length > 0 && bytes + (operation.bytes ?? 0) > maxGroupBytes)
      if (full || (group[0] !== undefined && this.#isAlone(group[0].operation))) {
        later.push(...this.#waiting.slice(i))
        break
      }
      const apart =
        (this.#isAlone(operation) && group.length > 0) ||
        (operation.selects === true && selections >= maxGroupSelections) ||
        operation.accounts.some((no) => passed.has(no) || (operation.selects === true && accounts.has(no))) ||
        (operation.keys?.some((key) => keys.has(key)) ?? false)
      if (apart) later.push(one)
      else {
        group.push(one)
        bytes += operation.bytes ?? 0
        if (operation.selects === true) selections++
      }
      // Nobody overtakes what was asked of the same account before.
      for (const no of operation.accounts) (apart ? passed : accounts).add(no)
      for (const key of operation.keys ?? []) keys.add(key)
    }
    this.#waiting = later
    return group
  }

  /** A group of its own: it must be, or others are writing its account and would stop the whole group. */
  #isAlone({ solo, accounts }: Operation<unknown>): boolean {
    return solo === true || (this.#contended.size > 0 && accounts.some((no) => (this.#contended.get(no) ?? 0) > performance.now()))
  }

  /** Commits the group, whole or in parts, and answers each of it. Never throws. */
  async #settle(group: readonly Waiting[]): Promise<void> {
    const duplicates = new Set<string>()
    for (let tries = 1; ; tries++) {
      try {
        const outcomes = await this.#transaction(group, duplicates)
        this.#faults.pass('before-reply')
        group.forEach(({ resolve, reject }, i) => answer(outcomes[i]!, resolve, reject))
        // The callers go on before this: what they do with the answer has begun.
        if (group.length > 0) await new Promise<void>((resolve) => setImmediate(resolve))
        this.#faults.pass('after-reply')
        return
      } catch (error) {
        if (error instanceof Duplicates) {
          for (const transaction of error.transactions) duplicates.add(transaction)
          continue
        }
        // A connection that was lost during the commit itself is not told of here.
        const again = error instanceof Mismatch || isTransient(error) || isDisconnected(error)
        if (isLost(error) || error instanceof MailError || (group.length === 1 && !again)) {
          const told = refusalOf(error)
          for (const { reject } of group) reject(told)
          return
        }
        if (group.length > 1 && (!again || tries >= maxTries)) return this.#inHalves(group)
        if (tries >= maxTries) return this.#setAside(group[0]!)
        await pause(Math.random() * firstPauseMs)
      }
    }
  }

  /** Others write its accounts: it waits a moment, and those behind it go on. */
  #setAside(one: Waiting): void {
    const nowMs = performance.now()
    one.contendedSinceMs ??= nowMs
    if (nowMs - one.contendedSinceMs > maxContendedMs) return one.reject(new MailError('unavailable', 'others write this account all the time'))
    for (const no of one.operation.accounts) this.#contended.set(no, nowMs + contendedMs)
    const waited = this.#waitAside(one, nowMs - one.contendedSinceMs > suspectDeadMs)
    this.#aside.add(waited)
    void waited.finally(() => this.#aside.delete(waited))
  }

  async #waitAside(one: Waiting, suspectsDead: boolean): Promise<void> {
    try {
      if (suspectsDead) await this.onContention()
    } catch (error) {
      // The database is away: the operation itself will tell that.
      if (refusalOf(error) === error) return one.reject(error)
    }
    await pause(Math.random() * Math.min(maxPauseMs, firstPauseMs * 2 ** ++one.timesAside))
    this.#enqueue(one)
  }

  async #inHalves(group: readonly Waiting[]): Promise<void> {
    const middle = Math.ceil(group.length / 2)
    await this.#settle(group.slice(0, middle))
    await this.#settle(group.slice(middle))
  }

  async #transaction(waiting: readonly Waiting[], duplicates: ReadonlySet<string>): Promise<Outcome[]> {
    const session = this.#session
    const group = new Group(this.#connection, this.#states, session, duplicates)
    session.startTransaction()
    try {
      const operations = waiting.map(({ operation }) => operation)
      await group.prepare(operations)
      const outcomes: Outcome[] = []
      for (const operation of operations) outcomes.push(await group.add(operation))
      await group.write()
      this.#faults.pass('before-commit')
      await this.#commit()
      if (this.#contended.size > 0) for (const { accounts } of operations) for (const no of accounts) this.#contended.delete(no)
      this.#faults.pass('after-commit')
      this.#connection.noteSeen(session.operationTime)
      group.remember()
      return outcomes
    } catch (error) {
      group.forget()
      await this.#abort()
      throw error
    }
  }

  /** The driver asks once more by itself; here the question is put until there is an answer. */
  async #commit(): Promise<void> {
    if (this.#faults.failsCommit()) throw new MailError('unavailable', 'the commit failed as a test wanted it')
    const until = performance.now() + maxCommitMs
    for (;;) {
      try {
        await this.#session.commitTransaction()
        return
      } catch (error) {
        if (!isUnknownCommit(error)) throw error
        if (performance.now() > until) throw new MailError('unavailable', 'the connection was lost during a commit')
        await pause(firstPauseMs + Math.random() * maxPauseMs)
      }
    }
  }

  async #abort(): Promise<void> {
    try {
      if (this.#session.inTransaction()) await this.#session.abortTransaction()
    } catch (error) {
      // Aborting is a courtesy: the server ends a transaction that nobody goes on with. What failed is told by the caller.
      if (refusalOf(error) === error) throw error
    }
  }
}

function answer(outcome: Outcome, resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
  if ('error' in outcome) reject(outcome.error)
  else resolve(outcome.value)
}
