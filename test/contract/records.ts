/** RecordStore (core/record/record.ts, Điều 7.2), settings and readiness. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import type { NewRecord, RecordKind, StoredRecord } from '../../src/core/record/record.ts'
import { canonicalRecord } from '../../src/core/record/record.ts'
import { recordKey } from '../../src/core/record/record-keys.ts'
import type { RecordSearch } from '../../src/core/ports/store.ts'
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
        assert.deepEqual(read.map(({ seq: _seq, hash: _hash, keys: _keys, ...rest }) => rest), appended.filter((one) => one.kind === kind))
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

    test('search finds by key and by time, both ways, page after page', async () => {
      const [found, other] = [recordKey('recipient', fresh('nhan')), recordKey('recipient', fresh('khac'))]
      const at = 4_000_000_000_000
      // Two moments are the same, and one comes late.
      const moments = [3, 1, 1, 2, 5, 4]
      await fixture.store.records.append(moments.map((offset, i) => record('mail', { atMs: at + offset, subject: `s${i}`, keys: i === 4 ? [other] : [found, other] })))
      const walk = async (query: Omit<RecordSearch, 'limit'>): Promise<string[]> => {
        const all: StoredRecord[] = []
        for (;;) {
          const last = all.at(-1)
          const page = await fixture.store.records.search({ ...query, limit: 2, ...(last === undefined ? {} : { after: last }) })
          assert.ok(page.length <= 2)
          all.push(...page)
          if (page.length < 2) return all.map(({ subject }) => subject)
        }
      }
      assert.deepEqual(await walk({ kind: 'mail', key: found }), ['s1', 's2', 's3', 's0', 's5'])
      assert.deepEqual(await walk({ kind: 'mail', key: found, descending: true }), ['s5', 's0', 's3', 's2', 's1'])
      assert.deepEqual(await walk({ kind: 'mail', key: found, fromMs: at + 2, toMs: at + 4 }), ['s3', 's0'])
      assert.deepEqual(await walk({ kind: 'mail', fromMs: at + 1, toMs: at + 6 }), ['s1', 's2', 's3', 's0', 's5', 's4'])
      assert.deepEqual(await walk({ kind: 'mail', fromMs: at + 1, toMs: at + 6, descending: true }), ['s4', 's5', 's0', 's3', 's2', 's1'])
      assert.deepEqual(await walk({ kind: 'sign-in', key: found }), [], 'each kind has its own keys')
    })

    test('audit and sign-in records are found by whom they are about and who acted', async () => {
      const subject = `${fresh('Chi')}@xa.example`
      await fixture.store.records.append([record('audit', { subject, actor: 'a-7' }), record('sign-in', { subject, actor: 'a-7' })])
      for (const kind of ['audit', 'sign-in'] as const) {
        const byAddress = await fixture.store.records.search({ kind, key: recordKey('address', subject.toUpperCase()), limit: 5 })
        assert.deepEqual(byAddress.map((one) => one.subject), [subject])
        assert.deepEqual(byAddress[0]!.keys.toSorted(), [recordKey('actor', 'a-7'), recordKey('address', subject)].toSorted())
      }
    })

    test('purge removes a range with its keys, not what is kept, never the last one; numbering goes on', async () => {
      const key = recordKey('actor', fresh('loi'))
      const records = Array.from({ length: 6 }, (_, i) => record('error', { subject: `e${i}`, keys: [key] }))
      await fixture.store.records.append(records)
      const before = await all('error')
      const last = before.at(-1)!.seq
      const [first, kept] = [before.at(-6)!.seq, before.at(-4)!.seq]
      assert.equal(await fixture.store.records.purge({ kind: 'error', fromSeq: first, toSeq: last + 5, keep: [kept] }), 4)
      assert.equal(await fixture.store.records.purge({ kind: 'error', fromSeq: first, toSeq: last + 5, keep: [kept] }), 0)
      assert.deepEqual((await fixture.store.records.search({ kind: 'error', key, limit: 10 })).map(({ seq }) => seq), [kept, last])
      assert.deepEqual((await all('error')).map(({ seq }) => seq).filter((seq) => seq >= first), [kept, last])
      await fixture.reopen()
      await fixture.store.records.append([record('error')])
      assert.equal((await all('error')).at(-1)!.seq, last + 1)
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
