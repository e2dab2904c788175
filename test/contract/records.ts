/** RecordStore (core/record/record.ts, Điều 7.2), settings and readiness. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import type { NewRecord, RecordKind, StoredRecord } from '../../src/core/record/record.ts'
import { canonicalRecord } from '../../src/core/record/record.ts'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, fresh } from '../support/store-fixture.ts'

function assertChained(records: readonly StoredRecord[]): void {
  let previous = ''
  for (const record of records) {
    assert.equal(record.hash, createHash('sha256').update(previous).update(canonicalRecord(record.seq, record)).digest('hex'), `record ${record.seq}`)
    previous = record.hash
  }
}

export function recordsContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: records and settings`, () => {
    const fixture = new Fixture(makePlace)
    const record = (kind: RecordKind, given: Partial<NewRecord> = {}): NewRecord => ({
      kind,
      atMs: fixture.clock.nowMs(),
      actor: 'operator',
      action: 'account.create',
      subject: `${fresh('canbo')}@xa.example`,
      clause: 'Điều 5.2',
      detail: { z: 1, a: { y: [1, { q: null, b: 'Đ' }], x: true } },
      ...given,
    })
    const all = (kind: RecordKind) => fixture.store.records.read({ kind, limit: 10_000 })

    test('records are read by kind as they were appended, in their order, with ascending seq', async () => {
      const appended = [record('audit'), record('mail', { clause: null }), record('audit', { detail: {} }), record('sign-in'), record('mail')]
      await fixture.store.records.append(appended)
      await fixture.store.records.append([])
      for (const kind of ['audit', 'mail', 'sign-in'] as const) {
        const read = await all(kind)
        assert.deepEqual(read.map(({ seq: _seq, hash: _hash, ...rest }) => rest), appended.filter((one) => one.kind === kind))
        assert.deepEqual(read.map((one) => one.seq), read.map((one) => one.seq).toSorted((a, b) => a - b))
        assert.ok(read.every((one) => (kind === 'audit' ? /^[0-9a-f]{64}$/.test(one.hash) : one.hash === '')))
      }
    })

    test('read goes on from after `after`, at most `limit`', async () => {
      await fixture.store.records.append(Array.from({ length: 10 }, () => record('mail')))
      const whole = await all('mail')
      const paged: StoredRecord[] = []
      for (let after: number | undefined; ; after = paged.at(-1)?.seq) {
        const page = await fixture.store.records.read({ kind: 'mail', limit: 3, ...(after === undefined ? {} : { after }) })
        assert.ok(page.length <= 3)
        if (page.length === 0) break
        paged.push(...page)
      }
      assert.deepEqual(paged, whole)
    })

    test('audit records form one unbroken hash chain, also under concurrent writers and after a restart', async () => {
      const three = (i: number) => [record('audit', { subject: `${i}` }), record('mail'), record('audit', { subject: `${i}+` })]
      const write = (count: number) => Promise.all(Array.from({ length: count }, (_, i) => fixture.store.records.append(three(i))))
      await write(15)
      await fixture.reopen()
      await write(15)
      const read = await all('audit')
      assert.ok(read.length >= 60)
      assertChained(read)
      for (const [i, one] of read.entries()) {
        if (one.subject.endsWith('+')) assert.equal(`${read[i - 1]?.subject}+`, one.subject, 'what was appended together stays together')
      }
    })

    test('a setting is what was last put, null before, and durable', async () => {
      assert.equal(await fixture.store.setting('khoa'), null)
      await fixture.store.putSetting('khoa', 'giá trị')
      await fixture.store.putSetting('khoa', 'giá trị mới')
      await fixture.store.putSetting('khac', '')
      await fixture.reopen()
      assert.deepEqual([await fixture.store.setting('khoa'), await fixture.store.setting('khac')], ['giá trị mới', ''])
    })

    test('a store that works is ready', async () => {
      await fixture.store.ready()
    })
  })
}
