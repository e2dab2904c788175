/** The working calendar in force: edited by the Sở alone, terms follow, open deadlines are never made earlier (requirements §1.6). */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { provisionalYear, type WorkYear } from '../../../../src/vietnamese/calendar/work-calendar.ts'
import { MailError } from '../../../../src/core/errors.ts'
import { actor, openLifecycleRig, paper } from '../../../support/lifecycle-rig.ts'

const sa = actor('super-administrator', { name: 'sa' })
const final: WorkYear = { ...provisionalYear(2027), off: [...provisionalYear(2027).off, '2027-02-12'], source: 'TB 9999/TB-BNV', status: 'final' }

it('a year is what was announced, or computed and provisional, until the Sở edits it', async () => {
  await using rig = await openLifecycleRig('2026-11-30')
  const term = async () => {
    const { lastDay, actOn, provisional, calendarVersion } = await rig.calendar.term('2026-11-06', 3)
    return [lastDay, actOn, provisional, calendarVersion]
  }
  assert.deepEqual(await term(), ['2027-02-12', '2027-02-13', true, 'announced'])
  assert.deepEqual([(await rig.calendar.year(2026)).status, (await rig.calendar.year(2027)).version], ['final', 0])
  await assert.rejects(rig.calendar.setYear(actor('operator', { order: '7/SKHCN' }), final), (error) => error instanceof MailError && error.detail['reason'] === 'role')
  const { year } = await rig.calendar.setYear(sa, final, { ifVersion: 0 })
  assert.deepEqual([year.version, year.status], [1, 'final'])
  // The Friday after Tết is off too now.
  assert.deepEqual(await term(), ['2027-02-15', '2027-02-16', false, '2027.1'])
  await assert.rejects(rig.calendar.setYear(sa, final, { ifVersion: 0 }), (error) => error instanceof MailError && error.code === 'conflict')
  const record = (await rig.audit()).find(({ action }) => action === 'calendar.set-year')!
  const { before, after } = record.detail as { before: WorkYear; after: WorkYear }
  assert.deepEqual([record.clause, before.status, after.source], ['Điều 6.3, 8.2', 'draft', 'TB 9999/TB-BNV'])
})

it('refuses days that are not of the year, days off on a weekend, worked weekdays, and a calendar without a source', async () => {
  await using rig = await openLifecycleRig('2026-11-30')
  const wrong: readonly Partial<WorkYear>[] = [{ off: ['2026-12-31'] }, { off: ['2027-02-30'] }, { off: ['2027-02-06'] }, { worked: ['2027-02-08'] }, { source: '  ' }, { off: Array.from({ length: 130 }, () => '2027-01-04') }, { year: 3000, off: [], worked: [] }]
  for (const change of wrong) await assert.rejects(rig.calendar.setYear(sa, { ...final, ...change }), (error) => error instanceof MailError && error.code === 'argument-invalid', JSON.stringify(change).slice(0, 80))
  for (const [from, months] of [['2026-02-29', 3], ['2026-11-06', 0], ['2026-11-06', 1.5], ['06/11/2026', 3]] as const) await assert.rejects(rig.calendar.term(from, months), (error) => error instanceof MailError)
  assert.equal((await rig.calendar.year(2027)).version, 0)
})

it('an edit recomputes the open requests: later when it must be, never earlier, both values on record', async () => {
  await using rig = await openLifecycleRig('2027-02-04')
  const [one] = await rig.issue([{ local: 'u0' }])
  await rig.lifecycle.lock(sa, one!.address, { act: 'suspend', reason: 'x' })
  const aa = actor('agency-administrator', { agency: one!.agency })
  const { id, request } = await rig.requests.file(aa, { kind: 'restore', ...paper('1/SKHCN', '2027-02-04'), rows: [{ address: one!.address, leave: null }] })
  // Thu 04/02: Tết from Fri 05/02 to Thu 11/02 by the law alone; 12, 15, 16 are worked.
  assert.deepEqual([request.deadline?.due, request.deadline?.provisional], ['2027-02-16', true])
  const later = await rig.calendar.setYear(sa, final)
  const deadline = async () => (await rig.requests.get(sa, id)).request.deadline!
  assert.deepEqual([later.recomputed, (await deadline()).due, (await deadline()).provisional], [1, '2027-02-17', false])
  const earlier = await rig.calendar.setYear(sa, { ...final, off: ['2027-01-01'] })
  assert.deepEqual([earlier.recomputed, (await deadline()).due, (await deadline()).earlier.map(({ due }) => due)], [1, '2027-02-17', ['2027-02-16', '2027-02-17']])
  const logged = (await rig.audit()).filter(({ action }) => action === 'request.recompute-due').map(({ detail }) => (detail as { after: { due: string; computed: string; outcome: string } }).after)
  assert.deepEqual(logged.map(({ due, computed, outcome }) => [due, computed, outcome]), [['2027-02-17', '2027-02-17', 'later'], ['2027-02-17', '2027-02-09', 'kept']])
})
