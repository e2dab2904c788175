import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDate } from '../../../src/message/date.ts'

const table: readonly (readonly [string, string | null])[] = [
  // RFC 5322 appendix A.
  ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06Z'],
  ['Thu,\t13 Feb 1969 23:32 -0330 (Newfoundland Time)', '1969-02-14T03:02:00Z'],
  ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06Z'],
  ['Mon, 02 Jan 2023 10:00:00 +0700', '2023-01-02T03:00:00Z'],
  ['2 Jan 23 10:00 ICT', '2023-01-02T03:00:00Z'],
  ['Mon, 2 Jan 2023 10:00:00 EST', '2023-01-02T15:00:00Z'],
  ['Mon, 2 Jan 2023 10:00:00 A', '2023-01-02T10:00:00Z'],
  ['Mon, 2 Jan 2023 10:00:00', '2023-01-02T10:00:00Z'],
  ['Mon, 2 January 2023 10:00:00 +07:00', '2023-01-02T03:00:00Z'],
  ['Mon, 2-Jan-2023 10:00:00 +0700', '2023-01-02T03:00:00Z'],
  ['Mon Jan  2 10:00:00 2023', '2023-01-02T10:00:00Z'],
  ['Mon Jan  2 10:00:00 +0700 2023', '2023-01-02T03:00:00Z'],
  ['Mon Jan 2 10:00:00 2023 +0700', '2023-01-02T03:00:00Z'],
  ['2023-01-02T10:00:00+07:00', '2023-01-02T03:00:00Z'],
  ['2023-01-02 10:00:00', '2023-01-02T10:00:00Z'],
  ['Mon, 2 Jan 2023 10:00:00 PM +0700', '2023-01-02T15:00:00Z'],
  ['Sat, 31 Dec 2016 23:59:60 +0000', '2017-01-01T00:00:00Z'],
  ['Tue, 29 Feb 2024 00:00:00 +0000', '2024-02-29T00:00:00Z'],
  ['Wed, 29 Feb 2023 00:00:00 +0000', null],
  ['31 Apr 2023 00:00:00 +0000', null],
  ['2 Foo 2023 10:00:00', null],
  ['2 Jan 2023 10:75:00', null],
  ['', null],
  ['yesterday', null],
  ['99999999999', null],
]

test('dates of mail', () => {
  for (const [value, expected] of table) {
    const found = parseDate(value)
    assert.equal(found === null ? null : new Date(found).toISOString().replace('.000', ''), expected, value)
  }
})
