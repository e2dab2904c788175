/** Reports (R-10.8s): what is counted, for whom; a month that is over reads the same later; CSV and XLSX. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openAdministrationRig, type AdministrationRig } from '../../../support/administration-rig.ts'
import { defaultMailboxes } from '../../../../src/core/account/default-mailboxes.ts'
import type { AccountState } from '../../../../src/core/account/account.ts'
import type { NewRecord } from '../../../../src/core/record/record.ts'
import { createReportAdministration } from '../../../../src/core/report/report-administration.ts'
import { readSheet } from '../../../../src/adapters/sheets/read-sheet.ts'

const never = new AbortController().signal
const msOf = (instant: string): number => Temporal.Instant.from(instant).epochMilliseconds

async function province(rig: AdministrationRig) {
  const [skhcn, stc] = [await rig.agency('skhcn'), await rig.agency('stc')]
  const make = (agency: string, address: string, state: AccountState) =>
    rig.store.accounts.create({ agency, address, name: 'n', kind: 'person', role: 'individual', state, quotaBytes: 1_000_000, passwordHash: null, mailboxes: defaultMailboxes, createdAtMs: msOf('2026-05-10T08:00+07:00') })
  await make(skhcn.id, 'an@skhcn.gialai.gov.vn', 'active')
  await make(skhcn.id, 'binh@skhcn.gialai.gov.vn', 'locked')
  await make(stc.id, 'chi@stc.gialai.gov.vn', 'active')
  const record = (kind: NewRecord['kind'], action: string, given: Partial<NewRecord> = {}): NewRecord => ({ kind, atMs: msOf('2026-05-20T09:00+07:00'), actor: 'operator', action, subject: 'binh@skhcn.gialai.gov.vn', clause: null, detail: {}, ...given })
  await rig.store.records.append([
    record('audit', 'account.issue'),
    record('audit', 'account.lock', { clause: 'Điều 6.2b' }),
    record('audit', 'account.lock', { clause: 'Điều 6.2a', atMs: msOf('2026-06-02T00:00+07:00') }),
    record('mail', 'mail.taken', { actor: 'a1', detail: { sender: 'an@skhcn.gialai.gov.vn', recipients: ['chi@stc.gialai.gov.vn', 'x@example.com'], recipientCount: 2, verdict: 'accept' } }),
    record('mail', 'mail.taken', { actor: 'system', detail: { sender: 'x@example.com', recipients: ['an@skhcn.gialai.gov.vn'], recipientCount: 1, verdict: 'junk' } }),
    record('mail', 'mail.refused', { detail: { code: 'virus-found', reason: 'Eicar' } }),
    record('system', 'quota.warned', { subject: 'chi@stc.gialai.gov.vn' }),
  ])
  return { skhcn, stc }
}

it('counts by agency what stands and what happened; the total is the sum', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-06-01T00:05+07:00' })
  await province(rig)
  const reports = createReportAdministration(rig.context)
  assert.deepEqual(await reports.takeDue(never), ['2026-05'])
  assert.deepEqual(await reports.takeDue(never), [])
  const { rows, total, closed, missing } = await reports.get(rig.actor('inspector'), '2026-05', null)
  assert.deepEqual([closed, missing, rows.map(({ agency }) => agency?.label ?? null)], [true, [], ['skhcn', 'stc', null]])
  const [skhcn, stc] = rows
  assert.deepEqual(skhcn!.statistics.standing.accounts, { active: 1, locked: 1 })
  assert.deepEqual([skhcn!.statistics.happened.issued, skhcn!.statistics.happened.locks, skhcn!.statistics.happened.sent, skhcn!.statistics.happened.received, skhcn!.statistics.happened.spam], [1, { 'Điều 6.2b': 1 }, 1, 1, 1])
  assert.deepEqual([stc!.statistics.happened.received, stc!.statistics.happened.quotaWarnings, total.happened.malware, total.standing.quotaBytes], [1, 1, 1, 3_000_000])
})

it('May, asked for in July, is what it was in June: also after locks, deletions and purges', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-06-01T00:05+07:00' })
  const { skhcn } = await province(rig)
  const reports = createReportAdministration(rig.context)
  await reports.takeDue(never)
  const owner = rig.actor('super-administrator')
  const [json, csv] = [await reports.get(owner, '2026-05', null), await reports.file(owner, '2026-05', null, 'csv')]
  rig.turnTo('2026-07-15T08:00+07:00')
  for (const account of await rig.store.accounts.list({ agency: skhcn.id, limit: 10 })) await rig.store.accounts.change(account.id, { state: 'revoked' })
  await rig.store.records.purge({ kind: 'mail', fromSeq: 1, toSeq: 100 })
  await rig.store.records.append([{ kind: 'audit', atMs: msOf('2026-05-21T00:00+07:00'), actor: 'x', action: 'account.revoke', subject: 'an@skhcn.gialai.gov.vn', clause: null, detail: {} }])
  assert.deepEqual(await reports.get(owner, '2026-05', null), json)
  assert.deepEqual(Buffer.from(await reports.file(owner, '2026-05', null, 'csv')), Buffer.from(csv))
})

it('an officer gets his own agency and no other; the year adds its months and names those that nobody counted', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-06-01T00:05+07:00' })
  const { skhcn } = await province(rig)
  const reports = createReportAdministration(rig.context)
  await reports.takeDue(never)
  rig.turnTo('2026-07-01T00:05+07:00')
  await reports.takeDue(never)
  const officer = rig.actor('agency-administrator', { agency: skhcn.id })
  const year = await reports.get(officer, '2026', null)
  assert.deepEqual([year.closed, year.rows.map(({ agency }) => agency!.label), year.missing], [false, ['skhcn'], ['2026-01', '2026-02', '2026-03', '2026-04']])
  assert.deepEqual(year.rows[0]!.statistics.happened.locks, { 'Điều 6.2a': 1, 'Điều 6.2b': 1 })
  await assert.rejects(reports.get(officer, '2026', 'stc'), { code: 'not-permitted' })
  await assert.rejects(reports.get(rig.actor('individual'), '2026', null), { code: 'not-permitted' })
  await assert.rejects(reports.get(officer, '2025-05', null), { code: 'entry-unknown' })
  await assert.rejects(reports.get(officer, '2027-05', null), { code: 'argument-invalid' })
})

it('as a workbook: one row an agency, and a total', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-06-01T00:05+07:00' })
  await province(rig)
  const reports = createReportAdministration(rig.context)
  await reports.takeDue(never)
  const bytes = await reports.file(rig.actor('super-administrator'), '2026-Q2', null, 'xlsx')
  const rows = await readSheet(bytes, { maxRows: 100, maxColumns: 100, maxCellLength: 1_000, maxBytes: 1_000_000, maxUnpackedBytes: 10_000_000 } as never)
  assert.deepEqual(rows.map(([label]) => label), ['Ký hiệu', 'skhcn', 'stc', '', ''])
  assert.deepEqual(rows.map(([, name]) => name).slice(-2), ['Ngoài các cơ quan', 'Tổng cộng'])
})
