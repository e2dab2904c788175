/** Whoever alters, removes or adds a row in the file of the store is found out, and the first such record is named. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createSecrets } from '../../../../src/adapters/local/secrets.ts'
import { openSqliteStore } from '../../../../src/adapters/sqlite/store.ts'
import { closeDays } from '../../../../src/core/record/day-root.ts'
import type { RecordBreak } from '../../../../src/core/record/verify-records.ts'
import { verifyRecords } from '../../../../src/core/record/verify-records.ts'
import type { NewRecord, RecordKind } from '../../../../src/core/record/record.ts'

const clock = { nowMs: () => Temporal.Instant.from('2026-05-12T01:00+07:00').epochMilliseconds, sleep: async () => true }
const secrets = createSecrets('a key for tests that is long enough to be one')
const yesterdayMs = clock.nowMs() - 6 * 3_600_000

describe('a file that was altered', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'congvu-altered-'))
    await using store = await openSqliteStore({ directory, clock, readers: 1 })
    const record = (kind: RecordKind, i: number): NewRecord => ({ kind, atMs: yesterdayMs + i, actor: 'operator', action: 'account.lock', subject: `a${i}@x`, clause: 'Điều 6.2b', detail: { i } })
    await store.records.append(Array.from({ length: 2_500 }, (_, i) => record('audit', i)))
    await store.records.append(Array.from({ length: 20 }, (_, i) => record('mail', i)))
    await closeDays({ store, clock, secrets } as never, new AbortController().signal)
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  async function broken(kind: RecordKind, sql: string | null): Promise<RecordBreak | null> {
    if (sql !== null) {
      const db = new DatabaseSync(join(directory, 'store.sqlite'))
      db.exec(sql)
      db.close()
    }
    await using store = await openSqliteStore({ directory, clock, readers: 1 })
    return (await verifyRecords({ store, secrets }, kind)).break
  }

  const cases: readonly { readonly name: string; readonly sql: string | null; readonly kind?: RecordKind; readonly expected: Partial<RecordBreak> | null }[] = [
    { name: 'as it was written', sql: null, expected: null },
    { name: 'one detail', sql: `UPDATE record SET detail = '{"i":0}' WHERE kind = 'audit' AND seq = 1700`, expected: { seq: 1_700, what: 'altered' } },
    { name: 'one actor', sql: "UPDATE record SET actor = 'system' WHERE kind = 'audit' AND seq = 1", expected: { seq: 1, what: 'altered' } },
    { name: 'a row removed', sql: "DELETE FROM record WHERE kind = 'audit' AND seq = 1200", expected: { seq: 1_200, what: 'missing' } },
    { name: 'the first rows removed', sql: "DELETE FROM record WHERE kind = 'audit' AND seq < 10", expected: { seq: 1, what: 'missing' } },
    { name: 'the last rows of a closed day removed', sql: "DELETE FROM record WHERE kind = 'audit' AND seq > 2400", expected: { seq: 2_401, what: 'missing' } },
    { name: 'everything removed', sql: "DELETE FROM record WHERE kind = 'audit'", expected: { seq: 1, what: 'missing' } },
    { name: 'a mail log row altered', sql: "UPDATE record SET subject = 'z@x' WHERE kind = 'mail' AND seq = 7", kind: 'mail', expected: { seq: 1, what: 'root', day: '2026-05-11' } },
  ]
  for (const { name, sql, kind = 'audit', expected } of cases) {
    it(name, async () => {
      const found = await broken(kind, sql)
      if (expected === null) assert.equal(found, null)
      else assert.partialDeepStrictEqual(found, { kind, ...expected })
    })
  }
})
