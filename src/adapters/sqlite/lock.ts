/**
 * One process on a data folder. The lock is SQLite's own lock on an empty file beside the database: the system takes it back
 * when the process dies, however it dies, so there is never a stale one.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MailError } from '../../core/errors.ts'
import { isBusy } from './connection.ts'

/** Held until disposed. Refuses `unavailable` while another process (or another store of this one) holds it. */
export function lockFolder(directory: string): Disposable {
  const db = new DatabaseSync(join(directory, 'store.lock'), { timeout: 0 })
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (!isBusy(error)) throw error
    throw new MailError('unavailable', `another process uses the store in ${directory}`)
  }
  return { [Symbol.dispose]: () => db.close() }
}
