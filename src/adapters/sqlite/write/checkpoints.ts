/**
 * When the write-ahead log is moved into the database. Readers are never waited for: what one still reads stays for the next
 * time. SQLite starts the log over once all of it was moved and nobody reads it.
 */
import type { Connection } from '../connection.ts'
import { refusalOf } from '../connection.ts'

/** Frames of 4 KB; about 64 MB. */
const largeLogFrames = 16_000
const idleMs = 200

export class Checkpoints {
  readonly #connection: Connection
  #timer: NodeJS.Timeout | null = null

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Between two batches: only when the log is large. */
  afterCommit(): void {
    const log = this.#connection.get<{ log: number; checkpointed: number }>('PRAGMA wal_checkpoint(NOOP)')
    if (log !== undefined && log.log > largeLogFrames) this.#checkpoint()
  }

  whenIdle(): void {
    if (this.#timer === null) this.#timer = setTimeout(() => this.#idle(), idleMs)
    else this.#timer.refresh()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #idle(): void {
    this.#timer = null
    this.#checkpoint()
  }

  #checkpoint(): void {
    try {
      this.#connection.get('PRAGMA wal_checkpoint(PASSIVE)')
    } catch (error) {
      // A full or failing disk: the log stays, nothing is lost, and it is tried again after the next commit.
      if (refusalOf(error) === null) throw error
    }
  }
}
