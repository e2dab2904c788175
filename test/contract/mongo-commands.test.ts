/**
 * How many commands each operation costs on MongoDB, counted by the driver's command monitoring, with the bytes of their BSON;
 * and that no count grows with what the operation holds or with the accounts that there are.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeAccounts } from '../support/mongo-mail.ts'
import { Meter, told } from '../support/mongo-meter.ts'
import type { Measured } from '../support/mongo-meter.ts'
import { measureOperations } from '../support/mongo-operations.ts'
import { dropDatabase, openMongo } from '../support/mongo-place.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { systemClock } from '../support/store-crash-parent.ts'

/** What the operations of a mailbox may cost at most. */
const limits: Readonly<Record<string, number>> = {
  'deliver 1': 3,
  'deliver 100 that arrive together': 3,
  'deliver 1 to 100 accounts': 3,
  'deliver an answer': 4,
  'deliver 1 with 10 outbox rows': 3,
  'append 1': 3,
  'append 100': 3,
  'view of 10,000 (SELECT)': 2,
  'read 10,000 forms (FETCH)': 12,
  'flags on 1,000': 4,
  'keyword on 1,000': 4,
  'copy 1,000': 5,
  'move 1,000': 5,
  'expunge 1,000': 5,
  'changes after a delivery (IDLE)': 2,
  'changes after an expunge (IDLE)': 2,
  'changes when nothing happened': 1,
  'states of 1,000 accounts': 1,
  'account by address (login)': 1,
  'mailboxes of an account (LIST)': 1,
  'claim 50 outbox rows': 3,
  'settle 50 outbox rows': 2,
  'append 20 records': 2,
  'body put': 1,
  '100 bodies put together': 2,
  'body read': 1,
}

describe('province (MongoDB): commands', { skip: mongoUnreachable ?? false }, () => {
  test('an operation costs as many commands whatever it holds and however many accounts there are', async (t) => {
    const url = await sharedMongoUrl()
    const database = freshDatabase()
    const meter = new Meter()
    try {
      await using open = await openMongo({ url, database, clock: systemClock, onCommand: meter.note })
      const tables: Measured[][] = []
      for (const accounts of [1_000, 10_000, 30_000]) {
        await makeAccounts(url, database, accounts)
        const measured = await measureOperations(open, meter)
        tables.push(measured)
        t.diagnostic(`with ${accounts} accounts\tcommands\tsent\treceived`)
        for (const one of measured) t.diagnostic([one.name.padEnd(34), told(one.commands).padEnd(60), one.sentBytes, one.receivedBytes].join('\t'))
        for (const { name, commands } of measured) assert.ok(commands.length <= limits[name]!, `${name}: ${told(commands)}`)
      }
      const counts = tables.map((table) => table.map(({ name, commands }) => [name, commands.length]))
      for (const count of counts) assert.deepEqual(count, counts[0])
      assert.deepEqual(tables[0]!.map(({ name }) => name), Object.keys(limits))
    } finally {
      await dropDatabase(url, database)
    }
  })
})
