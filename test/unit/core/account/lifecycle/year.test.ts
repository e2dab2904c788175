/**
 * The regulation from 10/05/2026 to 10/05/2027 in seconds: 500 accounts with scripted sign-ins, absences, requests, hijacks,
 * cases and leavers (year-scripts.ts). Every night is compared with a second computation (year-oracle.ts). `t.diagnostic` prints
 * the calendar.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calendarOf, from, known, scripts, until, wantedKinds } from './year-scripts.ts'
import { liveYear, type YearEvent } from './year-simulation.ts'

const clockOf = (events: readonly YearEvent[], account: string): readonly string[] =>
  events.filter((one) => one.account === account && one.by === 'clock').map(({ day, what }) => `${day} ${what}`)

test('500 accounts from 10/05/2026 to 10/05/2027', (t) => {
  const events = liveYear(scripts, { from, until })

  for (const [{ name }, expected] of known) assert.deepEqual(clockOf(events, name), expected, name)

  const kinds = new Set(events.map(({ what }) => what))
  for (const one of wantedKinds) assert.ok(kinds.has(one), `nothing of ${one}`)
  for (const line of calendarOf(events)) t.diagnostic(line)
})
