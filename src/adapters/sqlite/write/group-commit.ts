/**
 * Group commit (design §5.6): writes that arrive together share one transaction and one sync, each in its own savepoint.
 *
 * A write that refuses is rolled back alone. When the disk or the COMMIT fails, the whole batch is rolled back and its writes
 * are tried again one by one, so that one that is too large for what is left does not stop the others; those that fail again
 * are refused (P8). Nothing is answered before its COMMIT.
 */
import { MailError } from '../../../core/errors.ts'
import type { Connection } from '../connection.ts'
import { refusalOf } from '../connection.ts'
import type { FaultPoints } from '../fault-points.ts'
import { failureReply } from '../replies.ts'
import type { Reply } from '../replies.ts'
import type { OperationTable, WriteRequest } from './operations.ts'

/** Thrown by an operation that must leave nothing behind but has an answer all the same. */
export class Undone extends Error {
  readonly outcome: unknown

  constructor(outcome: unknown) {
    super('undone')
    this.outcome = outcome
  }
}

export class GroupCommit {
  readonly #connection: Connection
  readonly #operations: OperationTable
  readonly #faults: FaultPoints

  constructor(connection: Connection, operations: OperationTable, faults: FaultPoints) {
    this.#connection = connection
    this.#operations = operations
    this.#faults = faults
  }

  /** One reply a request, in order. Never throws. */
  commit(requests: readonly WriteRequest[]): Reply[] {
    try {
      return this.#transaction(requests)
    } catch (error) {
      this.#rollback()
      if (requests.length > 1) return requests.flatMap((request) => this.commit([request]))
      return requests.map(({ id }) => failureReply(id, refusalOf(error) ?? error))
    }
  }

  #transaction(requests: readonly WriteRequest[]): Reply[] {
    this.#connection.run('BEGIN IMMEDIATE')
    const replies = requests.map((request) => this.#item(request))
    this.#faults.pass('before-commit')
    if (this.#faults.failsCommit()) throw new MailError('unavailable', 'the commit failed')
    this.#connection.run('COMMIT')
    this.#faults.pass('after-commit')
    return replies
  }

  /** Throws only what concerns the whole transaction. */
  #item({ id, operation, args }: WriteRequest): Reply {
    const run = this.#operations[operation]
    if (run === undefined) return failureReply(id, new Error(`no such write: ${operation}`))
    this.#connection.run('SAVEPOINT item')
    try {
      const value = run(this.#connection, args as never)
      this.#connection.run('RELEASE item')
      return { id, value }
    } catch (error) {
      if (refusalOf(error) !== null || !this.#connection.db.isTransaction) throw error
      this.#connection.run('ROLLBACK TO item')
      this.#connection.run('RELEASE item')
      return error instanceof Undone ? { id, value: error.outcome } : failureReply(id, error)
    }
  }

  #rollback(): void {
    // After some errors SQLite has rolled back by itself.
    if (this.#connection.db.isTransaction) this.#connection.run('ROLLBACK')
  }
}
