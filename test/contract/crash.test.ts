/**
 * Crash points: a process that serves several clients is killed at each named place, and at any place; then the data is
 * opened and every promise checked (P1-P7, B1, B2). Each folder is crashed again and again, so that what a recovery left is
 * what the next crash meets.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { makeLoadAccounts, runUntilDead, systemClock } from '../support/store-crash-parent.ts'
import { Ledger } from '../support/store-ledger.ts'
import { openEmbedded } from './stores.ts'

const points = [
  { name: 'before-sync', of: 'the bodies: written, not synced', passages: [1, 9, 40] },
  { name: 'after-sync', of: 'the bodies: synced, not told', passages: [1, 8, 35] },
  { name: 'before-commit', of: 'the store: applied, not committed', passages: [1, 12, 50] },
  { name: 'after-commit', of: 'the store: committed, not told', passages: [1, 11, 45] },
  { name: 'before-reply', of: 'the store: about to tell', passages: [2, 13, 48] },
  { name: 'after-reply', of: 'the store: told', passages: [1, 10, 44] },
  { name: 'any moment', of: 'killed from outside', passages: [3, 57, 140, 201, 333] },
]

const sweepPoints = [
  { name: 'before-mark', passages: [1, 1], orphans: 15 },
  { name: 'before-rename', passages: [1, 2], orphans: 150 },
  { name: 'after-rename', passages: [1, 2], orphans: 150 },
]

describe('embedded: crash points', () => {
  const table: string[] = []
  after(() => rmAll())
  const folders: string[] = []
  const rmAll = (): Promise<unknown> => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))

  for (const [i, point] of points.entries()) {
    test(`killed at ${point.name} (${point.of}), all that was acknowledged is there once, and the rest whole or not at all`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'congvu-crash-'))
      folders.push(directory)
      const accounts = await makeLoadAccounts(directory, 4)
      const ledger = new Ledger(accounts)
      const problems: string[] = []
      let found = 0
      let lost = 0
      for (const [round, passage] of point.passages.entries()) {
        const fromOutside = point.name === 'any moment'
        const death = await runUntilDead(
          {
            directory,
            faultPoint: fromOutside ? '' : `${point.name}:${passage}`,
            accounts,
            seed: 10 * (i + 1) + round,
            clients: 6,
            operationsPerClient: 400,
            watched: [],
          },
          fromOutside ? passage : undefined,
        )
        assert.equal(death.signal, 'SIGKILL', death.errors)
        assert.ok(death.lines.length < 6 * 400 * 2, 'it died in the middle of the load')
        for (const line of death.lines) ledger.hear(line)
        await using open = await openEmbedded(directory, systemClock)
        const result = await ledger.check(open)
        problems.push(...result.problems.map((problem) => `${point.name}:${passage}: ${problem}`))
        lost += result.lost
        found = result.messages
      }
      table.push([point.name.padEnd(14), point.passages.length, ledger.acknowledged, found, lost].join('\t'))
      assert.deepEqual(problems, [])
    })
  }

  for (const [i, point] of sweepPoints.entries()) {
    test(`killed at ${point.name} of a sweep, every named body is there, and the next sweep finishes the work`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'congvu-crash-'))
      folders.push(directory)
      const accounts = await makeLoadAccounts(directory, 2)
      const ledger = new Ledger(accounts)
      const problems: string[] = []
      const counts = { found: 0, lost: 0 }
      for (const [round, passage] of point.passages.entries()) {
        const death = await runUntilDead({
          directory,
          faultPoint: `${point.name}:${passage}`,
          accounts,
          seed: 500 + 10 * i + round,
          clients: 3,
          operationsPerClient: 20,
          watched: [],
          orphans: point.orphans,
        })
        assert.equal(death.signal, 'SIGKILL', death.errors)
        for (const line of death.lines) ledger.hear(line)
        await using open = await openEmbedded(directory, systemClock)
        assert.deepEqual((await readdir(join(directory, 'bodies'))).filter((name) => !name.endsWith('.seg')), [])
        for (const swept of ['no', 'once', 'twice']) {
          const result = await ledger.check(open)
          problems.push(...result.problems.map((problem) => `${point.name}:${passage}, swept ${swept}: ${problem}`))
          counts.found = result.messages
          counts.lost += result.lost
          const { removed } = await open.blobs.sweep({ putBeforeMs: Date.now() + 1, inUse: (ids) => open.store.bodiesInUse(ids) })
          assert.ok(swept === 'no' ? removed > 0 : removed < 10, `${removed} removed, swept ${swept}`)
        }
      }
      table.push([point.name.padEnd(14), point.passages.length, ledger.acknowledged, counts.found, counts.lost].join('\t'))
      assert.deepEqual(problems, [])
    })
  }

  test('summary of the crash points', (t) => {
    t.diagnostic('point         \tkills\tacknowledged\tmessages found\tlost')
    for (const row of table) t.diagnostic(row)
    assert.equal(table.length, points.length + sweepPoints.length)
  })
})
