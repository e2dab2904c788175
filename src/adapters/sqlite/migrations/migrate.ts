/**
 * Numbered migrations (design §5.13). `user_version` of the file is the schema's number. Each migration is one transaction, so a
 * crash leaves the schema before or after it. A file of a newer schema is refused: an older program would damage it.
 */
import type { DatabaseSync } from 'node:sqlite'
import { MailError } from '../../../core/errors.ts'
import * as first from './0001-first.ts'
import * as registry from './0002-registry.ts'
import * as recordKeys from './0003-record-keys.ts'

export interface Migration {
  readonly number: number
  readonly sql: string
}

/** In order, without a gap, from 1. To add one: a file `000n-what.ts` and its line here. */
export const migrations: readonly Migration[] = [first, registry, recordKeys]

/** The caller holds the lock of the folder. Refuses `unavailable` when the schema is newer than `known` goes. */
export function migrate(db: DatabaseSync, known: readonly Migration[] = migrations): void {
  const present = schemaNumber(db)
  const newest = known.at(-1)?.number ?? 0
  if (present > newest) {
    throw new MailError('unavailable', `the store has schema ${present}, this program knows schemas up to ${newest}: start a newer program`, {
      schema: present,
      known: newest,
    })
  }
  for (const migration of known.slice(present)) {
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(`${migration.sql}; PRAGMA user_version = ${migration.number}; COMMIT`)
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
}

export function schemaNumber(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
}
