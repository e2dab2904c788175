/**
 * The embedded store as a move reads and fills it (core/ports/store-copy.ts). In this process's own thread: nobody else waits
 * for it. `store.lock` keeps servers and other moves out (C1).
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isMailError, MailError } from '../../../core/errors.ts'
import type { BlobId } from '../../../core/mailbox/mailbox.ts'
import { identitySetting, moveSetting, staysBehind } from '../../../core/ports/store-copy.ts'
import type { CopiedBody, Key, Part, Rows, SliceSize, WritableStore, WrittenRows } from '../../../core/ports/store-copy.ts'
import { Connection, refusalOf } from '../connection.ts'
import { lockFolder } from '../lock.ts'
import { migrate } from '../migrations/migrate.ts'
import { setting } from '../read/records.ts'
import { putSetting } from '../write/settings.ts'
import { countRows, readRows } from './read-rows.ts'
import { rowTables, writeRow } from './write-rows.ts'

/** Reads go from one end to the other; new rows go into indexes at any place. */
const readCacheBytes = 8 * 1024 * 1024
const writeCacheBytes = 64 * 1024 * 1024
/** The log is moved into the database after so many transactions: readers are few, so it starts over then. */
const checkpointEvery = 50

const notedTable =
  'CREATE TABLE IF NOT EXISTS moving_body (source TEXT PRIMARY KEY, body TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, ' +
  'message_id TEXT, reference_ids TEXT NOT NULL, base_subject TEXT NOT NULL) STRICT, WITHOUT ROWID'

export interface CopyableSqliteOptions {
  /** Where `store.sqlite` lies. */
  readonly directory: string
  /** False: refuses `unavailable` (detail.reason `no-store`) where there is none. */
  readonly create: boolean
}

/** Refuses `unavailable` while another process uses the folder, or when its schema is newer than this program. */
export async function openCopyableSqlite({ directory, create }: CopyableSqliteOptions): Promise<WritableStore> {
  const file = join(directory, 'store.sqlite')
  if (!create && !existsSync(file)) throw new MailError('unavailable', `there is no store in ${directory}`, { reason: 'no-store', place: directory })
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const lock = locked(directory)
  try {
    const writing = new Connection({ file, access: 'write', cacheBytes: writeCacheBytes })
    migrate(writing.db)
    return new CopyableSqlite(lock, writing, new Connection({ file, access: 'read', cacheBytes: readCacheBytes }))
  } catch (error) {
    lock[Symbol.dispose]()
    throw refusalOf(error) ?? error
  }
}

function locked(directory: string): Disposable {
  try {
    return lockFolder(directory)
  } catch (error) {
    throw isMailError(error) ? new MailError(error.code, error.message, { ...error.detail, reason: 'running' }) : error
  }
}

class CopyableSqlite implements WritableStore {
  readonly #lock: Disposable
  readonly #writing: Connection
  readonly #reading: Connection
  #transactions = 0

  constructor(lock: Disposable, writing: Connection, reading: Connection) {
    this.#lock = lock
    this.#writing = writing
    this.#reading = reading
  }

  async identity(): Promise<string> {
    const known = setting(this.#reading, identitySetting)
    if (known !== null) return known
    const made = randomUUID()
    this.#commit(() => putSetting(this.#writing, { key: identitySetting, value: made }))
    return made
  }

  async count(part: Part): Promise<number> {
    return countRows(this.#reading, part)
  }

  async *read<P extends Part>(part: P, after: Key | null, size: SliceSize): AsyncGenerator<readonly Rows[P][]> {
    let slice: Rows[P][] = []
    let bytes = 0
    const found = readRows[part](this.#reading, after)[Symbol.iterator]() as Iterator<Rows[P]>
    try {
      for (let next = refusing(() => found.next()); next.done !== true; next = refusing(() => found.next())) {
        slice.push(next.value)
        bytes += weightOf(next.value)
        if (slice.length < size.rows && bytes < size.bytes) continue
        yield slice
        slice = []
        bytes = 0
      }
      if (slice.length > 0) yield slice
    } finally {
      found.return?.()
    }
  }

  async state(): Promise<string | null> {
    return setting(this.#writing, moveSetting)
  }

  async putState(state: string): Promise<void> {
    this.#commit(() => {
      this.#writing.run(notedTable)
      putSetting(this.#writing, { key: moveSetting, value: state })
    })
  }

  async write<P extends Part>(part: P, rows: readonly WrittenRows[P][], state: string): Promise<void> {
    this.#commit(() => {
      for (const row of rows) writeRow[part](this.#writing, row)
      putSetting(this.#writing, { key: moveSetting, value: state })
    })
  }

  async bodies(from: readonly BlobId[]): Promise<ReadonlyMap<BlobId, CopiedBody>> {
    const found = new Map<BlobId, CopiedBody>()
    for (const source of new Set(from)) {
      const noted = this.#writing.get<NotedRow>('SELECT * FROM moving_body WHERE source = ?', source)
      if (noted !== undefined) found.set(source, bodyOf(noted))
    }
    return found
  }

  async noteBodies(bodies: readonly CopiedBody[]): Promise<void> {
    if (bodies.length === 0) return
    this.#commit(() => {
      const sql = 'INSERT INTO moving_body (source, body, sha256, bytes, message_id, reference_ids, base_subject) VALUES (?, ?, ?, ?, ?, ?, ?)'
      for (const { from, body, sha256, bodyBytes, messageId, references, baseSubject } of bodies) {
        this.#writing.run(sql, from, body, sha256, bodyBytes, messageId, JSON.stringify(references), baseSubject)
      }
    })
  }

  async noted(): Promise<number> {
    return this.#writing.get<{ n: number }>('SELECT count(*) AS n FROM moving_body')!.n
  }

  async *notedBodies(after: BlobId | null, rows: number): AsyncGenerator<readonly CopiedBody[]> {
    for (let last = after ?? ''; ; ) {
      const found = this.#writing.all<NotedRow>('SELECT * FROM moving_body WHERE source > ? ORDER BY source LIMIT ?', last, rows).map(bodyOf)
      if (found.length === 0) return
      yield found
      last = found.at(-1)!.from
    }
  }

  async clear(): Promise<void> {
    this.#commit(() => {
      for (const table of rowTables) this.#writing.run(`DELETE FROM ${table}`)
      for (const [key] of this.#writing.rows<[string]>('SELECT key FROM setting')) if (!staysBehind(key)) this.#writing.run('DELETE FROM setting WHERE key = ?', key)
    })
  }

  async finish(state: string): Promise<void> {
    this.#commit(() => {
      putSetting(this.#writing, { key: moveSetting, value: state })
      this.#writing.run('DROP TABLE IF EXISTS moving_body')
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#reading[Symbol.dispose]()
    this.#writing[Symbol.dispose]()
    this.#lock[Symbol.dispose]()
  }

  #commit(work: () => void): void {
    refusing(() => {
      this.#writing.run('BEGIN IMMEDIATE')
      try {
        work()
        this.#writing.run('COMMIT')
      } catch (error) {
        // After some errors SQLite has rolled back by itself.
        if (this.#writing.db.isTransaction) this.#writing.run('ROLLBACK')
        throw error
      }
      if (++this.#transactions % checkpointEvery === 0) this.#writing.all('PRAGMA wal_checkpoint(PASSIVE)')
    })
  }
}

interface NotedRow {
  source: string
  body: string
  sha256: string
  bytes: number
  message_id: string | null
  reference_ids: string
  base_subject: string
}

function bodyOf({ source, body, sha256, bytes, message_id, reference_ids, base_subject }: NotedRow): CopiedBody {
  return { from: source, body, sha256, bodyBytes: bytes, messageId: message_id, references: JSON.parse(reference_ids) as string[], baseSubject: base_subject }
}

/** About what a row holds in memory. */
function weightOf(row: object): number {
  let bytes = 200
  for (const value of Object.values(row)) {
    if (value instanceof Uint8Array) bytes += value.byteLength
    else if (typeof value === 'string') bytes += 2 * value.length
    else if (Array.isArray(value)) bytes += 100 * value.length
  }
  return bytes
}

function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw refusalOf(error) ?? error
  }
}
