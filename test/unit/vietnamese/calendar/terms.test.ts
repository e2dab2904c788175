/** Every row of the regulation's date tables (requirements §1.6). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addMonths, dueAfterWorkingDays, latestNotice, monthTerm } from '../../../../src/vietnamese/calendar/terms.ts'
import { createWorkCalendar, provisionalYear } from '../../../../src/vietnamese/calendar/work-calendar.ts'

const calendar = createWorkCalendar()
const date = (text: string): Temporal.PlainDate => Temporal.PlainDate.from(text)

const monthRows: readonly (readonly [event: string, months: number, raw: string, last: string, act: string])[] = [
  ['2026-05-11', 3, '2026-08-11', '2026-08-11', '2026-08-12'],
  ['2026-05-10', 3, '2026-08-10', '2026-08-10', '2026-08-11'],
  ['2026-05-31', 3, '2026-08-31', '2026-09-03', '2026-09-04'],
  ['2026-06-02', 3, '2026-09-02', '2026-09-03', '2026-09-04'],
  ['2026-05-22', 3, '2026-08-22', '2026-08-22', '2026-08-23'],
  ['2026-05-23', 3, '2026-08-23', '2026-08-24', '2026-08-25'],
  ['2026-08-24', 3, '2026-11-24', '2026-11-25', '2026-11-26'],
  ['2026-11-30', 3, '2027-02-28', '2027-03-01', '2027-03-02'],
  ['2026-08-31', 6, '2027-02-28', '2027-03-01', '2027-03-02'],
  ['2026-05-10', 6, '2026-11-10', '2026-11-10', '2026-11-11'],
  ['2026-06-15', 1, '2026-07-15', '2026-07-15', '2026-07-16'],
  ['2026-05-31', 1, '2026-06-30', '2026-06-30', '2026-07-01'],
  ['2027-01-31', 1, '2027-02-28', '2027-03-01', '2027-03-02'],
]
for (const [event, months, raw, last, act] of monthRows) {
  test(`${months} months from ${event} end on ${last}, act on ${act}`, () => {
    const term = monthTerm(date(event), months, calendar)
    assert.deepEqual([term.rawEnd, term.lastDay, term.actOn].map(String), [raw, last, act])
  })
}

test('a term that ends in Tết 2027 goes to the first working day after it and is provisional', () => {
  const term = monthTerm(date('2026-11-06'), 3, calendar)
  assert.equal(term.rawEnd.toString(), '2027-02-06')
  assert.ok(Temporal.PlainDate.compare(term.lastDay, '2027-02-10') >= 0)
  assert.equal(term.provisional, true)
  assert.equal(monthTerm(date('2026-05-11'), 3, calendar).provisional, false)
})

test('months are never chained: 31/01 + 1 is 28/02, + 2 is 31/03', () => {
  assert.equal(addMonths(date('2027-01-31'), 1).toString(), '2027-02-28')
  assert.equal(addMonths(date('2027-01-31'), 2).toString(), '2027-03-31')
})

const dueRows: readonly (readonly [string, string])[] = [
  ['2026-06-01', '2026-06-04'],
  ['2026-06-05', '2026-06-10'],
  ['2026-06-06', '2026-06-10'],
  ['2026-08-20', '2026-08-24'],
  ['2026-08-28', '2026-09-07'],
  ['2026-04-24', '2026-05-04'],
  ['2026-11-23', '2026-11-27'],
  ['2026-02-12', '2026-02-24'],
]
for (const [received, due] of dueRows) {
  test(`a request received on ${received} is due on ${due}`, () => assert.equal(dueAfterWorkingDays(date(received), 3, calendar).toString(), due))
}

const noticeRows: readonly (readonly [string, string])[] = [
  ['2026-06-06', '2026-06-02'],
  ['2026-06-07', '2026-06-02'],
  ['2026-06-08', '2026-06-02'],
  ['2026-09-03', '2026-08-25'],
  ['2026-09-05', '2026-08-27'],
  ['2026-11-25', '2026-11-18'],
]
for (const [outage, latest] of noticeRows) {
  test(`an outage on ${outage} is announced on ${latest} at the latest`, () => assert.equal(latestNotice(date(outage), 3, calendar).toString(), latest))
}

test('an edited year wins over the announced one', () => {
  const edited = createWorkCalendar([{ year: 2026, off: [], worked: ['2026-06-06'], source: 'test', status: 'draft' }])
  assert.equal(edited.isWorkingDay(date('2026-09-02')), true)
  assert.equal(edited.isWorkingDay(date('2026-06-06')), true)
  assert.equal(edited.isProvisional(2026), true)
})

test('a year without a notice: 01/05/2027 is a Saturday and made up, 24/11 is off without make-up', () => {
  const { off, status } = provisionalYear(2027)
  assert.equal(status, 'draft')
  assert.ok(off.includes('2027-05-03'))
  assert.ok(off.includes('2027-11-24'))
  assert.ok(off.includes('2027-04-16'))
  assert.ok(!provisionalYear(2029).off.includes('2029-11-26'), '24/11/2029 is a Saturday: no make-up day')
})
