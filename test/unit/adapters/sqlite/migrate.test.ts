import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { migrate, migrations, schemaNumber } from '../../../../src/adapters/sqlite/migrations/migrate.ts'
import { openSqliteStore } from '../../../../src/adapters/sqlite/store.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import { clock, makeFolder, openPlace } from './place.ts'

test('migrations are numbered from 1 without a gap', () => {
  assert.deepEqual(migrations.map(({ number }) => number), migrations.map((_, i) => i + 1))
})

test('a fresh file gets the newest schema; migrating again changes nothing', () => {
  using db = new DatabaseSync(':memory:')
  migrate(db)
  assert.equal(schemaNumber(db), migrations.length)
  migrate(db)
  assert.equal(schemaNumber(db), migrations.length)
})

test('a file of an older schema gets only what it lacks, and keeps its rows', () => {
  using db = new DatabaseSync(':memory:')
  const one = { number: 1, sql: 'CREATE TABLE a (x)' }
  migrate(db, [one])
  db.exec('INSERT INTO a VALUES (7)')
  migrate(db, [one, { number: 2, sql: 'ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1' }])
  assert.deepEqual({ ...db.prepare('SELECT * FROM a').get() }, { x: 7, y: 8 })
})

test('a migration that fails leaves the schema before it', () => {
  using db = new DatabaseSync(':memory:')
  const one = { number: 1, sql: 'CREATE TABLE a (x)' }
  assert.throws(() => migrate(db, [one, { number: 2, sql: 'CREATE TABLE b (x); INSERT INTO missing VALUES (1)' }]))
  assert.equal(schemaNumber(db), 1)
  assert.equal(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'b'").get()?.['n'], 0)
})

test('a store of a newer schema is refused, says so, and is not touched', async () => {
  const place = await openPlace()
  await place.store[Symbol.asyncDispose]()
  const { directory, file } = place.folder
  {
    using db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 999')
  }
  await assert.rejects(openSqliteStore({ directory, clock }), (error) => isMailError(error, 'unavailable') && error.detail['schema'] === 999)
  {
    using db = new DatabaseSync(file)
    assert.equal(schemaNumber(db), 999)
    db.exec(`PRAGMA user_version = ${migrations.length}`)
  }
  // The refused opening has let go of the folder.
  await using again = await openSqliteStore({ directory, clock })
  await again.ready()
  await place.folder[Symbol.asyncDispose]()
})

test('a fresh folder is made and opened', async () => {
  await using folder = await makeFolder()
  await using store = await openSqliteStore({ directory: `${folder.directory}/deep/data`, clock })
  assert.equal(await store.accounts.count(), 0)
})
