/**
 * Crash points on MongoDB: a node that serves several clients is killed at each named place, and at any place; then another
 * process opens the database and every promise is checked (P1-P7, B1, B2). Each database is crashed again and again, so that
 * what one death left is what the next meets.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { runUntilDead } from '../support/mongo-crash-parent.ts'
import { dropDatabase, openMongo } from '../support/mongo-place.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { loadAccountsOf, systemClock } from '../support/store-crash-parent.ts'
import { Ledger } from '../support/store-ledger.ts'
import type { LoadAccount } from '../support/store-load.ts'

const points = [
  { name: 'before-sync', of: 'the bodies: not written yet', passages: [1, 9, 40] },
  { name: 'after-sync', of: 'the bodies: written, not told', passages: [1, 8, 35] },
  { name: 'before-commit', of: 'the store: written in the transaction, not committed', passages: [1, 12, 50] },
  { name: 'after-commit', of: 'the store: committed, not told', passages: [1, 11, 45] },
  { name: 'before-reply', of: 'the store: about to tell', passages: [2, 13, 48] },
  { name: 'after-reply', of: 'the store: told', passages: [1, 10, 44] },
  { name: 'any moment', of: 'killed from outside', passages: [3, 57, 140, 201, 333] },
]
const load = { clients: 6, operationsPerClient: 400 }

describe('province (MongoDB): crash points', { skip: mongoUnreachable ?? false }, () => {
  const table: string[] = []
  const databases: string[] = []
  after(async () => {
    const url = await sharedMongoUrl()
    for (const database of databases) await dropDatabase(url, database)
  })

  async function newPlace(): Promise<{ url: string; database: string; accounts: LoadAccount[] }> {
    const place = { url: await sharedMongoUrl(), database: freshDatabase() }
    databases.push(place.database)
    await using open = await openMongo({ ...place, clock: systemClock })
    return { ...place, accounts: await loadAccountsOf(open, 4, 1_000_000_000) }
  }

  for (const [i, point] of points.entries()) {
    test(`killed at ${point.name} (${point.of}), all that was acknowledged is there once, and the rest whole or not at all`, async () => {
      const place = await newPlace()
      const ledger = new Ledger(place.accounts)
      const problems: string[] = []
      const counts = { found: 0, lost: 0 }
      for (const [round, passage] of point.passages.entries()) {
        const fromOutside = point.name === 'any moment'
        const child = { ...place, ...load, node: 'nut-1', faultPoint: fromOutside ? '' : `${point.name}:${passage}`, seed: 10 * (i + 1) + round }
        const death = await runUntilDead(child, fromOutside ? passage : undefined)
        assert.equal(death.signal, 'SIGKILL', death.errors)
        assert.ok(death.lines.length < load.clients * load.operationsPerClient * 2, 'it died in the middle of the load')
        for (const line of death.lines) ledger.hear(line)
        await using open = await openMongo({ ...place, clock: systemClock, node: 'nut-1' })
        const result = await ledger.check(open)
        problems.push(...result.problems.map((problem) => `${point.name}:${passage}: ${problem}`))
        counts.lost += result.lost
        counts.found = result.messages
      }
      table.push([point.name.padEnd(14), point.passages.length, ledger.acknowledged, counts.found, counts.lost].join('\t'))
      assert.deepEqual(problems, [])
    })
  }

  test('a node that dies in the middle of a transaction does not hold up the others for long', async () => {
    const place = await newPlace()
    await using survivor = await openMongo({ ...place, clock: systemClock, node: 'nut-2' })
    const ledger = new Ledger(place.accounts)
    const death = await runUntilDead({ ...place, ...load, node: 'nut-1', faultPoint: 'before-commit:5', seed: 900 })
    assert.equal(death.signal, 'SIGKILL', death.errors)
    for (const line of death.lines) ledger.hear(line)
    const result = await ledger.check(survivor)
    assert.deepEqual(result.problems, [])
  })

  test('summary of the crash points', (t) => {
    t.diagnostic('point         \tkills\tacknowledged\tmessages found\tlost')
    for (const row of table) t.diagnostic(row)
    assert.equal(table.length, points.length)
  })
})
