import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ancestorsDay, tet } from '../../../../src/vietnamese/calendar/lunar.ts'

const newYears: Record<number, string> = {
  1985: '1985-01-21', 2007: '2007-02-17', 2024: '2024-02-10', 2025: '2025-01-29', 2026: '2026-02-17', 2027: '2027-02-06', 2028: '2028-01-26', 2029: '2029-02-13',
  2030: '2030-02-02', 2031: '2031-01-23', 2032: '2032-02-11',
}
for (const [year, date] of Object.entries(newYears)) {
  test(`Tết ${year} is ${date}`, () => assert.equal(tet(Number(year)).toString(), date))
}

const ancestors: Record<number, string> = {
  2025: '2025-04-07', 2026: '2026-04-26', 2027: '2027-04-16', 2028: '2028-04-04', 2029: '2029-04-23', 2030: '2030-04-12', 2031: '2031-04-01', 2032: '2032-04-19',
}
for (const [year, date] of Object.entries(ancestors)) {
  test(`Giỗ Tổ ${year} is ${date}`, () => assert.equal(ancestorsDay(Number(year)).toString(), date))
}
