/** Incidents in force (Điều 8.3d, 10.6, 11.7; D-23): number, clocks, alarms at 12, 20, 23 hours, correction, closing, who sees what. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openAdministrationRig, type AdministrationRig } from '../../../support/administration-rig.ts'
import { defaultMailboxes } from '../../../../src/core/account/default-mailboxes.ts'
import type { Role } from '../../../../src/core/account/account.ts'
import { createIncidentAdministration, watchIncidents, type IncidentForm } from '../../../../src/core/notice/incident-administration.ts'

const never = new AbortController().signal
const msOf = (instant: string): number => Temporal.Instant.from(instant).epochMilliseconds
const occurredAtMs = msOf('2026-09-01T23:10+07:00')
const form: IncidentForm = { occurredAtMs, detectedAtMs: occurredAtMs, serious: true, personalData: false, serviceStops: false, title: 'Mất kết nối', description: 'Không gửi được thư', errorLog: '', files: [], reportNow: false }

async function staff(rig: AdministrationRig): Promise<string> {
  const agency = await rig.agency('skhcn')
  const make = (local: string, role: Role) => rig.store.accounts.create({ agency: agency.id, address: `${local}@skhcn.gialai.gov.vn`, name: local, kind: 'person', role, state: 'active', quotaBytes: 1_000, passwordHash: null, mailboxes: defaultMailboxes, createdAtMs: 1 })
  await make('so', 'super-administrator')
  await make('vanhanh', 'operator')
  await make('daumoi', 'agency-administrator')
  return agency.id
}

it('occurred 01/09 23:10: due 02/09 23:10 in spite of National Day; alarms at 12, 20, 23 hours, once each, none after the report', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-09-01T23:30+07:00' })
  await staff(rig)
  const incidents = createIncidentAdministration(rig.context)
  const operator = rig.actor('operator')
  const opened = await incidents.report(operator, form)
  assert.equal(opened.id, 'SC-2026-0001')
  assert.deepEqual(opened.clocks.map(({ clock, dueAtMs }) => [clock, dueAtMs]), [
    ['owner-report', msOf('2026-09-02T23:10+07:00')],
    ['ministry-first-notice', msOf('2026-09-02T23:10+07:00')],
    ['ministry-full-report', msOf('2026-09-04T23:10+07:00')],
  ])
  const alarms = async (at: string): Promise<number> => (rig.turnTo(at), watchIncidents(rig.context, never))
  assert.deepEqual([await alarms('2026-09-02T11:09+07:00'), await alarms('2026-09-02T11:10+07:00'), await alarms('2026-09-02T11:11+07:00'), await alarms('2026-09-02T19:10+07:00')], [0, 1, 0, 1])
  assert.deepEqual(rig.notices.map(({ recipient, subject }) => `${recipient.split('@')[0]} ${/\d+ giờ/.exec(subject)?.[0] ?? 'mới'}`), ['vanhanh mới', 'so mới', 'vanhanh 12 giờ', 'so 12 giờ', 'vanhanh 20 giờ', 'so 20 giờ'])
  const reported = await incidents.markReported(operator, opened.id, 'owner-report', 'Báo cáo 5/BC', null)
  assert.equal(reported.clocks[0]!.state, 'met')
  assert.equal(await alarms('2026-09-02T22:30+07:00'), 0)
  await assert.rejects(incidents.markReported(operator, opened.id, 'owner-report', '', null), { message: 'already-decided' })
  await assert.rejects(incidents.markReported(operator, opened.id, 'personal-data-report', '', null), { message: 'already-decided' })
})

it('the start is corrected with a reason: alarms of hours that have not come by it are due again', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-09-02T12:00+07:00' })
  await staff(rig)
  const incidents = createIncidentAdministration(rig.context)
  const operator = rig.actor('operator')
  const opened = await incidents.report(operator, { ...form, detectedAtMs: msOf('2026-09-02T11:00+07:00') })
  assert.equal(await watchIncidents(rig.context, never), 1)
  await assert.rejects(incidents.correctStart(operator, opened.id, { occurredAtMs, reason: ' ' }, null), { message: 'reason-missing' })
  const corrected = await incidents.correctStart(operator, opened.id, { occurredAtMs: msOf('2026-09-02T09:00+07:00'), reason: 'Nhật ký cho thấy muộn hơn' }, null)
  assert.deepEqual([corrected.escalatedAtHours, corrected.clocks[0]!.dueAtMs], [[], msOf('2026-09-03T09:00+07:00')])
  rig.turnTo('2026-09-02T21:00+07:00')
  assert.equal(await watchIncidents(rig.context, never), 1)
})

it('an officer reports his agency\'s at once; the Sở receives and closes; others see nothing; a person tells his officer', async () => {
  await using rig = await openAdministrationRig({ startAt: '2026-09-02T12:00+07:00' })
  const agency = await staff(rig)
  const incidents = createIncidentAdministration(rig.context)
  const [officer, owner] = [rig.actor('agency-administrator', { agency }), rig.actor('super-administrator')]
  const bytes = Buffer.from('log')
  const filed = await incidents.report(officer, { ...form, reportNow: true, files: [{ name: 'nhat-ky.txt', sha256: 'a'.repeat(64), sizeBytes: bytes.length, bytes }] })
  assert.deepEqual([filed.clocks[0]!.state, filed.files[0]!.name], ['met', 'nhat-ky.txt'])
  assert.deepEqual(rig.notices.map(({ recipient }) => recipient.split('@')[0]), ['so'])
  await assert.rejects(incidents.get(rig.actor('agency-administrator', { agency: 'khac' }), filed.id), { code: 'not-permitted' })
  assert.equal((await incidents.list(rig.actor('agency-administrator', { agency: 'khac' }), { after: null, limit: 10 })).length, 0)
  await assert.rejects(incidents.close(officer, filed.id, 'xong', null), { code: 'not-permitted' })
  await incidents.receive(owner, filed.id, filed.version + 0)
  const closed = await incidents.close(owner, filed.id, 'Nguyên nhân: đứt cáp. Đã nối lại.', null)
  assert.equal(closed.state, 'closed')
  await assert.rejects(incidents.close(owner, filed.id, 'nữa', null), { message: 'already-decided' })
  const told = await incidents.tell(rig.actor('individual', { agency, account: 'a1' }), form)
  assert.deepEqual([told.state, told.id, rig.notices.at(-1)!.recipient.split('@')[0]], ['told', 'SC-2026-0002', 'daumoi'])
  await assert.rejects(incidents.report(officer, { ...form, occurredAtMs: rig.context.clock.nowMs() + 1 }), { message: 'time-invalid' })
})
