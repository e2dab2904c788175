/** Days as SEARCH compares them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayInVietnam, dayOf, dayWritten } from '../../../../src/core/mailbox/calendar-day.ts'

test('the day of an instant is that of the Vietnamese calendar', () => {
  assert.equal(dayInVietnam(Date.UTC(2026, 2, 1, 16, 59, 59)), dayOf('2026-03-01'))
  assert.equal(dayInVietnam(Date.UTC(2026, 2, 1, 17, 0, 0)), dayOf('2026-03-02'))
  assert.equal(dayInVietnam(Date.UTC(1969, 11, 31, 16)), dayOf('1969-12-31'))
})

const written: readonly (readonly [field: string, date: string | null])[] = [
  ['tue, 12 mar 2024 23:59:59 -1200', '2024-03-12'],
  ['12 mar 2024 00:00 +0700', '2024-03-12'],
  ['tue (1 jan 2000), 12 mar 2024 10:00:00 +0700 (gio dong duong)', '2024-03-12'],
  ['fri, 1 jan 99 10:00:00 gmt', '1999-01-01'],
  ['1 jan 26 10:00', '2026-01-01'],
  ['sat, 29 feb 2024 10:00:00 +0000', '2024-02-29'],
  ['wed, 31 dec 1969 23:59:59 +0000', '1969-12-31'],
  ['2024-03-12t10:00:00z', '2024-03-12'],
  ['12-mar-2024 10:00:00', '2024-03-12'],
  ['fri, 30 feb 2024 10:00:00 +0000', null],
  ['hom qua', null],
  ['', null],
]

for (const [field, date] of written) {
  test(`the Date field ${JSON.stringify(field)} names ${date ?? 'no day'}`, () => {
    assert.equal(dayWritten(field), date === null ? null : dayOf(date))
  })
}

test('a date that does not exist is none', () => {
  for (const date of ['2026-02-30', '2026-13-01', '2026-1-1', '', '0000-00-00']) assert.equal(dayOf(date), null, date)
})
