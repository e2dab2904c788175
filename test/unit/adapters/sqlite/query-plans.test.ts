import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Connection } from '../../../../src/adapters/sqlite/connection.ts'
import { noFaults } from '../../../../src/adapters/sqlite/fault-points.ts'
import { keyOf } from '../../../../src/adapters/sqlite/ids.ts'
import { migrate } from '../../../../src/adapters/sqlite/migrations/migrate.ts'
import { accountByAddress, accountsByLocalPart, addressesOf } from '../../../../src/adapters/sqlite/read/accounts.ts'
import { agencyByDomain } from '../../../../src/adapters/sqlite/read/agencies.ts'
import { changesSince } from '../../../../src/adapters/sqlite/read/changes.ts'
import { mailboxByName, mailboxByRole, mailboxesOf } from '../../../../src/adapters/sqlite/read/mailboxes.ts'
import { bodiesInUse, readByKeys, readSlice } from '../../../../src/adapters/sqlite/read/messages.ts'
import { listOutbox, nextDueAtMs } from '../../../../src/adapters/sqlite/read/outbox.ts'
import { readPacked } from '../../../../src/adapters/sqlite/read/packed-read.ts'
import { deliveryFacts, recordsAfter } from '../../../../src/adapters/sqlite/read/records.ts'
import { mailboxView } from '../../../../src/adapters/sqlite/read/view.ts'
import { GroupCommit } from '../../../../src/adapters/sqlite/write/group-commit.ts'
import { operations } from '../../../../src/adapters/sqlite/write/operations.ts'
import type { OperationArgs, OperationName, OperationTable } from '../../../../src/adapters/sqlite/write/operations.ts'
import { clock, content, delivery, newAccount, newMessage } from './place.ts'

const nowMs = clock.nowMs()

/** Runs each kind of statement that mail uses once, so that the connection has prepared it. */
function use(connection: Connection): void {
  const group = new GroupCommit(connection, operations as OperationTable, noFaults)
  const write = <K extends OperationName>(operation: K, args: OperationArgs<K>): void => {
    const [reply] = group.commit([{ id: 1, operation, args, bytes: 0 }])
    assert.ok(reply !== undefined && 'value' in reply, `${operation}: ${JSON.stringify(reply)}`)
  }
  write('createAgency', { label: 'xa1', name: 'Xã 1', domains: ['xa1.example'], createdAtMs: nowMs })
  write('createAccount', { account: newAccount('g1', 'a@xa1.example'), nowMs })
  const source = keyOf('mailbox', 'a1', 'b1')!
  const target = keyOf('mailbox', 'a1', 'b2')!
  write('appendMessages', { mailbox: source, messages: [newMessage({ content: content({ messageId: '<1@x>', references: ['<0@x>'] }) }), newMessage()] })
  const row = { sender: '', recipient: 'x@ngoai.example', dueAtMs: nowMs, prefix: new Uint8Array(), account: 'a1' }
  write('commitDelivery', { delivery: delivery('t1', 'a1', { outbox: [row] }), nowMs })
  write('holdDelivery', { delivery: delivery('t2', 'a1'), nowMs })
  write('fileHeld', { transaction: 't2', limit: 10 })
  for (const bits of [1, 8]) write('storeFlags', { mailbox: source, uids: 'all', change: { mode: 'add', flags: { bits, keywords: [] } }, unchangedSince: null })
  write('storeFlags', { mailbox: source, uids: 'all', change: { mode: 'add', flags: { bits: 0, keywords: ['a'] } }, unchangedSince: null })
  write('copyMessages', { source, target, uids: 'all', nowMs })
  write('moveMessages', { source, target, uids: Uint32Array.of(1), nowMs })
  write('expungeMessages', { mailbox: source, uids: 'all', onlyDeleted: true, nowMs })
  write('claimOutbox', { node: 'n', nowMs, leaseUntilMs: nowMs, limit: 10 })
  write('settleOutboxRows', { settlements: [{ id: 'q1', state: 'deferred', reply: '451', atMs: nowMs, untilMs: nowMs }] })
  write('appendRecords', { records: [{ kind: 'mail', atMs: nowMs, actor: 'system', action: 'a', subject: 's', clause: null, detail: {} }] })

  accountByAddress(connection, 'a@xa1.example')
  accountsByLocalPart(connection, 'a', 2)
  addressesOf(connection, 1)
  agencyByDomain(connection, 'xa1.example')
  mailboxesOf(connection, 1)
  mailboxByName(connection, 1, 'INBOX')
  mailboxByRole(connection, 1, 'inbox')
  mailboxView(connection, target)
  for (const forms of [false, true]) {
    const want = { forms, text: forms }
    for (const uids of [null, Uint32Array.of(1, 100)]) readSlice(connection, { mailbox: target, uids, fromUid: 0, want, maxMessages: 10, maxBytes: 1e6 })
    readPacked(connection, { mailbox: target, uids: null, fromUid: 0, want, maxMessages: 10, maxBytes: 1e6 })
    readByKeys(connection, [1], want)
  }
  for (const mailbox of [null, target]) changesSince(connection, { accountNo: 1, modseq: 1, mailbox, limit: 1, maxRows: 10 })
  bodiesInUse(connection, ['x'])
  for (const accountNo of [null, 1]) listOutbox(connection, { states: ['queued'], accountNo, beforeNo: null, limit: 10 })
  nextDueAtMs(connection)
  deliveryFacts(connection, 't1')
  recordsAfter(connection, 'mail', 0, 10)
}

/** An account's addresses and removed mailboxes: a handful. */
const sortsFewRows = ['ORDER BY is_primary DESC, address', 'AND modseq > ? ORDER BY modseq']

test('every statement of the mail path finds its rows by an index or key', () => {
  using connection = new Connection({ file: ':memory:', access: 'write', cacheBytes: 1024 * 1024 })
  migrate(connection.db)
  use(connection)
  const asked = connection.prepared.filter((sql) => /^(SELECT|INSERT|UPDATE|DELETE)/.test(sql))
  assert.ok(asked.length > 60, `${asked.length} statements`)
  for (const sql of asked) {
    const plan = connection.db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all().map((step) => String(step['detail']))
    // A walk along an index in its order, ended by LIMIT or min(), is no scan of the table; nor is one of a list that was given.
    const scans = plan.filter((step) => step.startsWith('SCAN') && !/SCAN (CONSTANT|\(subquery|j VIRTUAL TABLE)|USING (COVERING )?INDEX/.test(step))
    assert.deepEqual(scans, [], sql)
    const sorts = plan.filter((step) => step.includes('TEMP B-TREE'))
    assert.ok(sorts.length === 0 || sortsFewRows.some((end) => sql.endsWith(end)), `${sql}: ${sorts.join()}`)
  }
})

test('the view is answered by its covering index alone', () => {
  using connection = new Connection({ file: ':memory:', access: 'write', cacheBytes: 1024 * 1024 })
  migrate(connection.db)
  use(connection)
  const view = connection.prepared.find((sql) => sql.includes('group_concat'))
  assert.ok(view !== undefined)
  const plan = connection.db.prepare(`EXPLAIN QUERY PLAN ${view}`).all().map((step) => String(step['detail'])).join('; ')
  assert.match(plan, /USING COVERING INDEX message_by_uid \(mailbox=\?\)/)
})
