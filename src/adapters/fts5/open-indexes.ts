/**
 * The indexes of this node that are open, a bounded number of them, and what becomes of one that fails: a full disk or a lost
 * file closes it, anything else that SQLite finds wrong with it throws it away. Nothing is lost by that.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { MailError } from '../../core/errors.ts'
import { AccountIndex, UnfitIndex } from './account-index.ts'
import { forgetMark, isMarked, isTorn, mark, unmark } from './boot-mark.ts'
import { fileNameOf } from './file-names.ts'

export interface OpenIndexesOptions {
  readonly directory: string
  readonly boot: string
  readonly maxOpen: number
  readonly cacheBytes: number
}

interface Make {
  readonly incarnation: string
  readonly nowMs: number
}

interface Open {
  readonly file: string
  readonly index: AccountIndex
  marked: boolean
}

export class OpenIndexes implements Disposable {
  readonly #options: OpenIndexesOptions
  /** The longest unused first. */
  readonly #open = new Map<string, Open>()

  constructor(options: OpenIndexesOptions) {
    this.#options = options
  }

  /** Null when there is none. */
  peek<T>(account: string, read: (index: AccountIndex) => T): T | null {
    const open = this.#get(account, null)
    return open === null ? null : this.#run(account, open, read)
  }

  /** Makes one where there is none. */
  make<T>(account: string, nowMs: number, write: (index: AccountIndex) => T): T {
    mkdirSync(this.#options.directory, { recursive: true, mode: 0o700 })
    const open = this.#get(account, { incarnation: randomUUID(), nowMs })!
    return this.#run(account, open, write)
  }

  /** Refuses `conflict` when there is another one, or none. */
  read<T>(account: string, incarnation: string, read: (index: AccountIndex) => T): T {
    return this.#run(account, this.#known(account, incarnation), read)
  }

  write<T>(account: string, incarnation: string, write: (index: AccountIndex) => T): T {
    const open = this.#known(account, incarnation)
    return this.#run(account, open, (index) => {
      this.#mark(open)
      return write(index)
    })
  }

  drop(account: string): void {
    this.#close(account)
    this.#discard(this.#fileOf(account))
  }

  [Symbol.dispose](): void {
    for (const account of this.#open.keys()) this.#close(account)
  }

  #known(account: string, incarnation: string): Open {
    const open = this.#get(account, null)
    if (open === null || open.index.state.incarnation !== incarnation) throw new MailError('conflict', 'this index is gone')
    return open
  }

  #get(account: string, make: Make | null): Open | null {
    const known = this.#open.get(account)
    if (known !== undefined) {
      this.#open.delete(account)
      this.#open.set(account, known)
      return known
    }
    const file = this.#fileOf(account)
    if (isTorn(file, this.#options.boot)) this.#discard(file)
    if (make === null && !existsSync(file)) return null
    for (const oldest of this.#open.keys()) {
      if (this.#open.size < this.#options.maxOpen) break
      this.#close(oldest)
    }
    return this.#begin(account, file, make)
  }

  #begin(account: string, file: string, make: Make | null, again = false): Open | null {
    // A file that is made, or whose log is played back, is written; one that is marked still was not closed in order.
    let marked = isMarked(file)
    try {
      if (!marked && (make !== null || existsSync(`${file}-wal`))) {
        mark(file, this.#options.boot)
        marked = true
      }
      const open = { file, index: new AccountIndex({ file, cacheBytes: this.#options.cacheBytes }, make), marked }
      this.#open.set(account, open)
      return open
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal !== null) throw refusal
      this.#discard(file)
      if (make === null) return null
      if (again) throw error
      return this.#begin(account, file, make, true)
    }
  }

  #run<T>(account: string, open: Open, use: (index: AccountIndex) => T): T {
    try {
      return use(open.index)
    } catch (error) {
      if (error instanceof MailError) throw error
      // In memory it may be ahead of the file now.
      this.#close(account)
      const refusal = refusalOf(error)
      if (refusal !== null) throw refusal
      if (error instanceof UnfitIndex || resultCode(error) !== null) this.#discard(open.file)
      if (error instanceof UnfitIndex || isDamage(error)) throw new MailError('conflict', `this index is thrown away: ${(error as Error).message}`)
      throw error
    }
  }

  #mark(open: Open): void {
    if (open.marked) return
    mark(open.file, this.#options.boot)
    open.marked = true
  }

  #close(account: string): void {
    const open = this.#open.get(account)
    if (open === undefined) return
    this.#open.delete(account)
    try {
      open.index[Symbol.dispose]()
      // A log that could not be taken into the file is needed still.
      if (open.marked && !existsSync(`${open.file}-wal`)) unmark(open.file)
    } catch {
      // With its mark it is either whole or made anew, whichever the next one to open it finds.
    }
  }

  #discard(file: string): void {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(file + end, { force: true })
    forgetMark(file)
  }

  #fileOf(account: string): string {
    return join(this.#options.directory, fileNameOf(account))
  }
}

// Result codes of sqlite3.h.
const failed = 1
const busy = 5
const locked = 6
const noMemory = 7
const readOnly = 8
const ioError = 10
const corrupt = 11
const full = 13
const cantOpen = 14
const notADatabase = 26
/** SQLITE_IOERR_SHORT_READ: the file ends before it should. */
const shortRead = ioError | (2 << 8)

function resultCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null
}

function systemErrorCode(error: unknown): string | null {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/** `storage-full`, `unavailable`, a refusal as it is; null for what is wrong with the index itself, or with this program. */
function refusalOf(error: unknown): MailError | null {
  const systemCode = systemErrorCode(error)
  if (systemCode === 'ENOSPC' || systemCode === 'EDQUOT') return new MailError('storage-full', 'the disk of the full-text indexes is full')
  if (systemCode !== null) return new MailError('unavailable', `the full-text index can't be used: ${(error as Error).message}`)
  const code = resultCode(error)
  if (code === null || code === shortRead) return null
  const primary = code & 0xff
  if (primary === full) return new MailError('storage-full', 'the disk of the full-text indexes is full')
  if ([busy, locked, noMemory, readOnly, ioError, cantOpen].includes(primary)) {
    return new MailError('unavailable', `the full-text index can't be used: ${(error as Error).message}`, { sqlite: code })
  }
  return null
}

/** SQLITE_ERROR is what a table that is missing gives, or a statement that is wrong: that one is told as a bug. */
function isDamage(error: unknown): boolean {
  const code = resultCode(error)
  return code !== null && (code & 0xff) !== failed && [corrupt, notADatabase, ioError].includes(code & 0xff)
}
