/**
 * One SQLite connection with its prepared statements, and what its errors mean (promise P8).
 *
 * Foreign keys are off (they cost a look-up per written row); the functions in `write/` keep integrity, because no other
 * code writes. Integers are read as JS numbers: every one of them is below 2^53 (see ids.ts).
 */
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { MailError } from '../../core/errors.ts'

export interface ConnectionOptions {
  readonly file: string
  readonly access: 'read' | 'write'
  readonly cacheBytes: number
}

/** How long a statement waits for a lock; only a checkpoint at close or a recovery ever holds one for long. */
const busyTimeoutMs = 5_000
/** A WAL file that grew beyond this in a burst is cut back when it starts over. */
const walKeptBytes = 128 * 1024 * 1024

export class Connection implements Disposable {
  readonly db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #arrayStatements = new Map<string, StatementSync>()

  constructor(options: ConnectionOptions) {
    this.db = new DatabaseSync(options.file, { readOnly: options.access === 'read', timeout: busyTimeoutMs, enableForeignKeyConstraints: false })
    this.db.exec(`PRAGMA cache_size = -${Math.floor(options.cacheBytes / 1024)}; PRAGMA temp_store = MEMORY`)
    if (options.access === 'write') {
      this.db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = ${walKeptBytes}`)
    }
  }

  /** First row, or undefined. The caller names the shape of the row; columns are as the schema says. */
  get<R extends object>(sql: string, ...values: SQLInputValue[]): R | undefined {
    return this.#statement(sql).get(...values) as R | undefined
  }

  all<R extends object>(sql: string, ...values: SQLInputValue[]): R[] {
    return this.#statement(sql).all(...values) as R[]
  }

  /** Rows as arrays of columns: half the cost of objects, for reads of many rows. */
  rows<R extends readonly unknown[]>(sql: string, ...values: SQLInputValue[]): R[] {
    let statement = this.#arrayStatements.get(sql)
    if (statement === undefined) {
      statement = this.db.prepare(sql)
      statement.setReturnArrays(true)
      this.#arrayStatements.set(sql, statement)
    }
    return statement.all(...values) as unknown as R[]
  }

  /** How many rows were written. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  /** Like {@link run}; the rowid of the new row. */
  insert(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).lastInsertRowid)
  }

  /** Runs `read` on one consistent moment. */
  snapshot<T>(read: () => T): T {
    this.run('BEGIN')
    try {
      return read()
    } finally {
      // After an error of the disk SQLite may have ended it by itself.
      if (this.db.isTransaction) this.run('COMMIT')
    }
  }

  /** The statements that were used so far, for the check of their plans. */
  get prepared(): readonly string[] {
    return [...new Set([...this.#statements.keys(), ...this.#arrayStatements.keys()])]
  }

  [Symbol.dispose](): void {
    this.#statements.clear()
    this.#arrayStatements.clear()
    if (this.db.isOpen) this.db.close()
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

// Primary result codes of sqlite3.h.
const busy = 5
const locked = 6
const noMemory = 7
const readOnly = 8
const ioError = 10
const corrupt = 11
const full = 13
const cantOpen = 14
const constraint = 19
/** SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHMOPEN: the shared-memory file could not grow, which happens on a full disk. */
const sharedMemoryErrors: ReadonlySet<number> = new Set([10 | (19 << 8), 10 | (18 << 8)])

function resultCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null
}

/**
 * The refusal that an error of the disk or of SQLite's locks amounts to: `storage-full` or `unavailable`; null for an error
 * of our own making (a wrong statement, a broken constraint), which is a bug.
 */
export function refusalOf(error: unknown): MailError | null {
  const code = resultCode(error)
  if (code === null) return null
  const detail = { sqlite: code }
  const primary = code & 0xff
  if (primary === full || sharedMemoryErrors.has(code)) return new MailError('storage-full', 'the disk of the store is full', detail)
  if ([busy, locked, noMemory, readOnly, ioError, corrupt, cantOpen].includes(primary)) {
    return new MailError('unavailable', `the store can't be used: ${(error as Error).message}`, detail)
  }
  return null
}

export function isConstraint(error: unknown): boolean {
  return ((resultCode(error) ?? 0) & 0xff) === constraint
}

export function isBusy(error: unknown): boolean {
  return ((resultCode(error) ?? 0) & 0xff) === busy
}
