/** Closed days, purge, legal holds, search and verification of records (Điều 7.2, R-7.2), on the embedded store. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AdministrationRig } from '../../../support/administration-rig.ts'
import { openAdministrationRig } from '../../../support/administration-rig.ts'
import { defaultMailboxes } from '../../../../src/core/account/default-mailboxes.ts'
import { allEntries } from '../../../../src/core/administration/entries.ts'
import { closeDays, dayRootKind, dayRoots, type DayRoot } from '../../../../src/core/record/day-root.ts'
import { createRecordAdministration } from '../../../../src/core/record/record-administration.ts'
import { purgeRecords, purgeRunKind } from '../../../../src/core/record/purge-records.ts'
import { recordKey } from '../../../../src/core/record/record-keys.ts'
import { recordKinds, type NewRecord, type RecordKind } from '../../../../src/core/record/record.ts'
import { verifyRecords } from '../../../../src/core/record/verify-records.ts'

const never = new AbortController().signal
const msOf = (instant: string): number => Temporal.Instant.from(instant).epochMilliseconds

function record(kind: RecordKind, at: string, given: Partial<NewRecord> = {}): NewRecord {
  return { kind, atMs: msOf(at), actor: 'operator', action: 'account.create', subject: 'an@skhcn.gialai.gov.vn', clause: 'Điều 5.2', detail: { before: null, after: { q: 1 } }, ...given }
}

async function rootsOf(rig: AdministrationRig, kind: RecordKind): Promise<DayRoot[]> {
  const roots: DayRoot[] = []
  for await (const { value } of dayRoots(rig.context, kind)) roots.push(value)
  return roots
}

async function verifyAll(rig: AdministrationRig): Promise<void> {
  for (const kind of recordKinds) assert.equal((await verifyRecords(rig.context, kind)).break, null, kind)
}

const count = async (rig: AdministrationRig, kind: RecordKind): Promise<number> => (await rig.store.records.read({ kind, limit: 10_000 })).length

describe('closed days', () => {
  it('each kind leaves its root a day, without a gap; a late record lies in the next; one audit record tells of it', async () => {
    await using rig = await openAdministrationRig({ startAt: '2026-05-14T00:20+07:00' })
    await rig.store.records.append([
      record('audit', '2026-05-11T09:00+07:00'),
      record('mail', '2026-05-11T09:00+07:00'),
      record('audit', '2026-05-11T23:59:59+07:00'),
      record('audit', '2026-05-13T00:00+07:00'),
      record('audit', '2026-05-11T08:00+07:00'),
      record('audit', '2026-05-14T00:10+07:00'),
    ])
    assert.equal(await closeDays(rig.context, never), 2)
    const audit = await rootsOf(rig, 'audit')
    assert.deepEqual(audit.map(({ day, firstSeq, lastSeq, count: of }) => [day, firstSeq, lastSeq, of]), [['2026-05-11', 1, 2, 2], ['2026-05-13', 3, 4, 2]])
    const all = await rig.store.records.read({ kind: 'audit', limit: 100 })
    assert.deepEqual(audit.map(({ root }) => root), [all[1]!.hash, all[3]!.hash])
    assert.deepEqual(all.filter(({ action }) => action === 'day.closed').map(({ subject }) => subject), ['2026-05-11', '2026-05-13'])
    assert.equal(await closeDays(rig.context, never), 0, 'today is not over')
    const { break: broken, records, days } = await verifyRecords(rig.context, 'audit')
    assert.deepEqual([broken, records, days], [null, 7, 2])
  })
})

describe('purge', () => {
  it('logs go after three calendar months and the evidence stays; what goes is written down; the rest verifies', async () => {
    await using rig = await openAdministrationRig({ startAt: '2026-12-01T00:20+07:00' })
    for (const kind of recordKinds) await rig.store.records.append([record(kind, '2026-11-30T10:00+07:00'), record(kind, '2026-11-30T11:00+07:00')])
    await closeDays(rig.context, never)
    for (const kind of recordKinds) await rig.store.records.append([record(kind, '2026-12-02T10:00+07:00')])
    rig.turnTo('2027-03-01T23:59+07:00')
    await closeDays(rig.context, never)
    assert.equal(await purgeRecords(rig.context, never), 0, '28/02 is a Sunday: the term ends with 01/03')
    rig.turnTo('2027-03-02T00:10+07:00')
    assert.equal(await purgeRecords(rig.context, never), 8)
    assert.equal(await purgeRecords(rig.context, never), 0)
    for (const kind of ['mail', 'sign-in', 'error', 'system'] as const) {
      const left = await rig.store.records.read({ kind, limit: 10 })
      assert.deepEqual(left.map(({ seq, action }) => [seq, action]), [[3, 'account.create'], [4, 'records.purge']])
    }
    const runs = []
    for await (const { value } of allEntries(rig.store.registry, purgeRunKind)) runs.push(value)
    assert.deepEqual(runs.map(({ kinds }) => kinds.mail), [{ days: 1, records: 2, keptByHold: 0, from: '2026-11-30', to: '2026-11-30' }])
    assert.equal((await rig.store.records.read({ kind: 'audit', limit: 100 })).filter(({ action }) => action === 'records.purge').length, 1)
    await verifyAll(rig)
  })

  it('the audit goes after ten years; its chain goes on from the root of the last day that is gone', async () => {
    await using rig = await openAdministrationRig({ startAt: '2026-06-04T00:20+07:00' })
    await rig.store.records.append([record('audit', '2026-06-01T10:00+07:00'), record('audit', '2026-06-01T11:00+07:00'), record('audit', '2026-06-03T11:00+07:00')])
    await closeDays(rig.context, never)
    rig.turnTo('2036-06-03T00:30+07:00')
    await closeDays(rig.context, never)
    assert.equal(await purgeRecords(rig.context, never), 2)
    const left = await rig.store.records.read({ kind: 'audit', limit: 100 })
    assert.equal(left[0]!.seq, 3)
    const verified = await verifyRecords(rig.context, 'audit')
    assert.deepEqual([verified.break, verified.purgedDays, verified.records], [null, 1, left.length])
  })

  it('stopped between writing down and removing, the next run goes on', async () => {
    await using rig = await openAdministrationRig({ startAt: '2026-06-02T00:20+07:00' })
    await rig.store.records.append([record('mail', '2026-06-01T10:00+07:00'), record('mail', '2026-06-01T11:00+07:00')])
    await closeDays(rig.context, never)
    rig.turnTo('2026-09-10T00:20+07:00')
    const dying = { ...rig.context, store: { ...rig.store, records: { ...rig.store.records, purge: () => Promise.reject(new Error('the power is cut')) } } }
    await assert.rejects(purgeRecords(dying, never), /power/)
    assert.equal(await count(rig, 'mail'), 3)
    await verifyAll(rig)
    assert.equal(await purgeRecords(rig.context, never), 2)
    assert.equal(await count(rig, 'mail'), 1)
    await verifyAll(rig)
    const runs = []
    for await (const one of allEntries(rig.store.registry, purgeRunKind)) runs.push(one)
    assert.equal(runs.length, 1)
  })
})

describe('legal holds', () => {
  it('keep what they name until the Sở releases them; an audit day stays whole', async () => {
    await using rig = await openAdministrationRig({ startAt: '2026-06-02T00:20+07:00' })
    const agency = await rig.agency('skhcn')
    await rig.store.accounts.create({ agency: agency.id, address: 'an@skhcn.gialai.gov.vn', name: 'An', kind: 'person', role: 'individual', state: 'active', quotaBytes: 1_000, passwordHash: null, mailboxes: defaultMailboxes, createdAtMs: 1 })
    const records = createRecordAdministration(rig.context)
    const mail = (sender: string): NewRecord => record('mail', '2026-06-01T10:00+07:00', { keys: [recordKey('sender', sender)], subject: 't' })
    await rig.store.records.append([mail('an@skhcn.gialai.gov.vn'), mail('binh@stc.gialai.gov.vn'), mail('an@skhcn.gialai.gov.vn'), record('sign-in', '2026-06-01T10:00+07:00', { subject: 'binh@stc.gialai.gov.vn' })])
    await closeDays(rig.context, never)
    const order = { accounts: ['an@skhcn.gialai.gov.vn'], agencies: null, fromAtMs: null, toAtMs: null, reason: 'Thanh tra', document: '12/QĐ-TTr' }
    for (const role of ['operator', 'agency-administrator', 'individual', 'inspector'] as const) {
      await assert.rejects(records.holds.create(rig.actor(role), order), { code: 'not-permitted' })
    }
    const owner = rig.actor('super-administrator')
    await assert.rejects(records.holds.create(owner, { ...order, reason: ' ' }), { message: 'reason-missing' })
    await assert.rejects(records.holds.create(owner, { ...order, accounts: [] }), { code: 'argument-invalid' })
    const hold = await records.holds.create(owner, order)
    rig.turnTo('2026-10-01T00:20+07:00')
    assert.equal(await purgeRecords(rig.context, never), 2)
    assert.deepEqual((await rig.store.records.read({ kind: 'mail', limit: 10 })).map(({ seq }) => seq), [1, 3, 4])
    await verifyAll(rig)
    assert.equal(await purgeRecords(rig.context, never), 0)
    await records.holds.release(owner, hold.id, 'Kết luận thanh tra', null)
    await assert.rejects(records.holds.release(owner, hold.id, 'lần nữa', null), { message: 'already-decided' })
    assert.equal(await purgeRecords(rig.context, never), 2)
    await verifyAll(rig)
    const acts = (await rig.store.records.read({ kind: 'audit', limit: 100 })).map(({ action }) => action)
    assert.ok(acts.includes('legal-hold.create') && acts.includes('legal-hold.release'))
  })

  it('by agency: its addresses are held', async () => {
    await using rig = await openAdministrationRig({ startAt: '2026-06-02T00:20+07:00' })
    await rig.agency('skhcn')
    const records = createRecordAdministration(rig.context)
    await rig.store.records.append(['a@skhcn.gialai.gov.vn', 'a@stc.gialai.gov.vn'].map((sender) => record('mail', '2026-06-01T10:00+07:00', { keys: [recordKey('sender', sender)], subject: 't' })))
    await closeDays(rig.context, never)
    await records.holds.create(rig.actor('super-administrator'), { accounts: null, agencies: ['skhcn'], fromAtMs: null, toAtMs: null, reason: 'x', document: '1' })
    rig.turnTo('2026-10-01T00:20+07:00')
    await purgeRecords(rig.context, never)
    assert.deepEqual((await rig.store.records.read({ kind: 'mail', limit: 10 })).map(({ seq }) => seq), [1, 3])
  })
})

describe('search', () => {
  it('finds mail by address as sender and as recipient, once, and records who searched', async () => {
    await using rig = await openAdministrationRig()
    const records = createRecordAdministration(rig.context)
    const [an, binh] = ['an@skhcn.gialai.gov.vn', 'binh@stc.gialai.gov.vn']
    const mail = (subject: string, sender: string, recipient: string): NewRecord =>
      record('mail', '2026-05-11T07:00+07:00', { subject, keys: [recordKey('sender', sender), recordKey('recipient', recipient), recordKey('message-id', `${subject}@x`)] })
    await rig.store.records.append([mail('t1', an, binh), mail('t2', binh, an), mail('t3', an, an), mail('t4', binh, binh)])
    const query = { kind: 'mail', fromMs: null, toMs: null, after: null, descending: false, limit: 10 } as const
    const find = async (by: { readonly name: 'address' | 'sender' | 'message-id'; readonly text: string }): Promise<string[]> => (await records.search(rig.actor('inspector'), { ...query, by })).map(({ subject }) => subject)
    assert.deepEqual(await find({ name: 'address', text: an.toUpperCase() }), ['t1', 't2', 't3'])
    assert.deepEqual(await find({ name: 'sender', text: an }), ['t1', 't3'])
    assert.deepEqual(await find({ name: 'message-id', text: '<t4@x>' }), ['t4'])
    await assert.rejects(records.search(rig.actor('agency-administrator'), { ...query, by: null }), { code: 'not-permitted' })
    const searches = (await rig.store.records.read({ kind: 'audit', limit: 100 })).filter(({ action }) => action === 'records.search')
    assert.equal(searches.length, 3)
  })
})

it('roots of days are documents of their own kind', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-05-12T00:20+07:00' })
  await rig.store.records.append([record('system', '2026-05-11T09:00+07:00')])
  await closeDays(rig.context, never)
  assert.equal((await rig.store.registry.get(dayRootKind.name, 'system 2026-05-11'))!.version, 1)
})
