/** Due dates in working days (Điều 6.3b, D-11): the rows of requirements §1.6, recomputation, reminders. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addDays } from '../../../../src/core/account/lifecycle/civil-day.ts'
import { fixDeadline, recomputeDeadline, reminderDue, remindersOf } from '../../../../src/core/request/deadline.ts'
import { at, terms, termsOf } from '../account/lifecycle/samples.ts'

const rows: readonly (readonly [received: string, due: string, tomorrow: string, overdue: string])[] = [
  ['2026-06-01', '2026-06-04', '2026-06-03', '2026-06-05'],
  ['2026-06-05', '2026-06-10', '2026-06-09', '2026-06-11'],
  ['2026-06-06', '2026-06-10', '2026-06-09', '2026-06-11'],
  // Saturday 22/08 is worked.
  ['2026-08-20', '2026-08-24', '2026-08-22', '2026-08-25'],
  ['2026-08-28', '2026-09-07', '2026-09-04', '2026-09-08'],
  ['2026-04-24', '2026-05-04', '2026-04-29', '2026-05-05'],
  ['2026-11-23', '2026-11-27', '2026-11-26', '2026-11-28'],
  ['2026-02-12', '2026-02-24', '2026-02-23', '2026-02-25'],
]
for (const [received, due, tomorrow, overdue] of rows) {
  it(`received ${received}: due ${due}, reminded on ${tomorrow}, overdue from ${overdue}`, () => {
    const deadline = fixDeadline(at(received), 3, terms)
    assert.deepEqual([deadline.due, deadline.calendarVersion, deadline.provisional], [due, 'test', false])
    assert.deepEqual(remindersOf(deadline, terms, 1).map(({ on }) => on), [tomorrow, overdue])
  })
}

describe('when the table of a year changes', () => {
  const deadline = fixDeadline(at('2026-11-23'), 3, terms)
  const withOff = (off: readonly string[], worked: readonly string[], version: string) => termsOf([{ year: 2026, off, worked, source: 'TB', status: 'final' }], version)

  it('a later day holds from now on; the earlier one is kept on record', () => {
    const moved = recomputeDeadline(deadline, withOff(['2026-11-24', '2026-11-25'], [], 'v2'))
    assert.equal(moved.kind, 'later')
    assert.deepEqual([moved.deadline.due, moved.deadline.calendarVersion], ['2026-11-30', 'v2'])
    assert.deepEqual(moved.deadline.earlier, [{ due: '2026-11-27', calendarVersion: 'test' }])
  })

  it('an earlier one does not: both are told', () => {
    const kept = recomputeDeadline(deadline, withOff([], [], 'v3'))
    assert.deepEqual([kept.kind, kept.computed, kept.deadline.due, kept.deadline.calendarVersion], ['kept', '2026-11-26', '2026-11-27', 'v3'])
  })

  it('the same calendar changes nothing', () => {
    assert.deepEqual(recomputeDeadline(deadline, terms), { kind: 'unchanged', computed: '2026-11-27', deadline })
  })

  it('a year without a final table is provisional', () => {
    assert.equal(fixDeadline(at('2027-02-01'), 3, terms).provisional, true)
    assert.equal(fixDeadline(at('2026-12-30'), 3, terms).provisional, true)
  })

  it('never moves to an earlier day, whatever tables come', () => {
    const table = fc.array(fc.integer({ min: 0, max: 30 }).map((days) => addDays('2026-11-20', days)), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(table, { maxLength: 5 }), (tables) => {
        let now = deadline
        tables.forEach((off, index) => {
          const { deadline: next } = recomputeDeadline(now, withOff(off, [], `t${index}`))
          assert.ok(next.due >= now.due)
          now = next
        })
        assert.equal(now.earlier.length, tables.length)
      }),
    )
  })
})

it('a reminder goes out once; an overdue one stands for the one that was missed', () => {
  const reminders = remindersOf(fixDeadline(at('2026-06-01'), 3, terms), terms, 1)
  assert.equal(reminderDue(reminders, [], '2026-06-02'), null)
  assert.equal(reminderDue(reminders, [], '2026-06-03')?.kind, 'due-tomorrow')
  assert.equal(reminderDue(reminders, ['due-tomorrow'], '2026-06-04'), null)
  assert.deepEqual(reminderDue(reminders, [], '2026-06-09'), { kind: 'overdue', on: '2026-06-05', tell: 'head-of-owner' })
  assert.equal(reminderDue(reminders, ['overdue'], '2026-06-09'), null)
})
