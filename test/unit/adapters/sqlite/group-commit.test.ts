import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Connection } from '../../../../src/adapters/sqlite/connection.ts'
import { faultPoints, noFaults } from '../../../../src/adapters/sqlite/fault-points.ts'
import type { Reply } from '../../../../src/adapters/sqlite/replies.ts'
import { GroupCommit, Undone } from '../../../../src/adapters/sqlite/write/group-commit.ts'
import type { OperationTable, WriteRequest } from '../../../../src/adapters/sqlite/write/operations.ts'
import { MailError } from '../../../../src/core/errors.ts'

const table: OperationTable = {
  add: (connection, args: { n: number }) => connection.insert('INSERT INTO t (n) VALUES (?)', args.n),
  refuse: (connection, args: { n: number }) => {
    connection.run('INSERT INTO t (n) VALUES (?)', args.n)
    throw new MailError('quota-exceeded', 'full', { n: args.n })
  },
  undo: (connection, args: { n: number }) => {
    connection.run('INSERT INTO t (n) VALUES (?)', args.n)
    throw new Undone({ kind: 'refused' })
  },
  bug: (connection) => connection.run('INSERT INTO missing VALUES (1)'),
  fill: (connection, args: { bytes: number }) => connection.run('INSERT INTO big (bytes) VALUES (zeroblob(?))', args.bytes),
}

function open(): Connection {
  const connection = new Connection({ file: ':memory:', access: 'write', cacheBytes: 1024 * 1024 })
  connection.db.exec('CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT; CREATE TABLE big (bytes BLOB)')
  return connection
}

function requests(...asked: readonly [operation: string, args: unknown][]): WriteRequest[] {
  return asked.map(([operation, args], i) => ({ id: i + 1, operation, args, bytes: 0 }))
}

function kept(connection: Connection): number[] {
  return connection.all<{ n: number }>('SELECT n FROM t ORDER BY n').map(({ n }) => n)
}

function code(reply: Reply | undefined): string {
  if (reply === undefined) return 'none'
  return 'refusal' in reply ? reply.refusal.code : 'bug' in reply ? 'bug' : 'value'
}

test('one that refuses, one that undoes itself and one with a bug leave nothing behind and do not hurt their neighbours', () => {
  using connection = open()
  const replies = new GroupCommit(connection, table, noFaults).commit(
    requests(['add', { n: 1 }], ['refuse', { n: 2 }], ['add', { n: 3 }], ['bug', {}], ['undo', { n: 4 }], ['unheard of', {}], ['add', { n: 1 }], ['add', { n: 5 }]),
  )
  assert.deepEqual(replies.map(code), ['value', 'quota-exceeded', 'value', 'bug', 'value', 'bug', 'bug', 'value'])
  assert.deepEqual(replies.map(({ id }) => id), [1, 2, 3, 4, 5, 6, 7, 8])
  assert.deepEqual(replies[4], { id: 5, value: { kind: 'refused' } })
  assert.deepEqual(replies[1], { id: 2, refusal: { code: 'quota-exceeded', message: 'full', detail: { n: 2 } } })
  assert.deepEqual(kept(connection), [1, 3, 5])
})

test('a commit that fails is rolled back whole and its writes are made one by one', () => {
  using connection = open()
  const group = new GroupCommit(connection, table, faultPoints('commit-io-error:1'))
  const replies = group.commit(requests(['add', { n: 1 }], ['refuse', { n: 2 }], ['add', { n: 3 }]))
  assert.deepEqual(replies.map(code), ['value', 'quota-exceeded', 'value'])
  assert.deepEqual(kept(connection), [1, 3])
})

test('one alone whose commit fails is refused, has changed nothing, and the next one succeeds', () => {
  using connection = open()
  const group = new GroupCommit(connection, table, faultPoints('commit-io-error:2'))
  assert.deepEqual(group.commit(requests(['add', { n: 1 }])).map(code), ['value'])
  assert.deepEqual(group.commit(requests(['add', { n: 2 }])).map(code), ['unavailable'])
  assert.deepEqual(kept(connection), [1])
  assert.deepEqual(group.commit(requests(['add', { n: 2 }])).map(code), ['value'])
  assert.deepEqual(kept(connection), [1, 2])
})

test('when the disk is full the write that does not fit is refused, the others of its group are kept, and room heals it', () => {
  using connection = open()
  connection.db.exec('PRAGMA max_page_count = 64')
  const group = new GroupCommit(connection, table, noFaults)
  const replies = group.commit(requests(['add', { n: 1 }], ['fill', { bytes: 1_000_000 }], ['add', { n: 2 }]))
  assert.deepEqual(replies.map(code), ['value', 'storage-full', 'value'])
  assert.deepEqual(kept(connection), [1, 2])
  connection.db.exec('PRAGMA max_page_count = 10000')
  assert.deepEqual(group.commit(requests(['fill', { bytes: 1_000_000 }])).map(code), ['value'])
})
