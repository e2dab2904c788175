/** The clocks of incidents (Điều 8.3d, D-23; requirements §6.4) and the alarms at 12, 20 and 23 hours. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkIncident, correctStart, escalationDue, incidentClocks, type Incident } from '../../../../src/core/notice/incident.ts'
import { at, regulation } from '../account/lifecycle/samples.ts'

const hourMs = 3_600_000
/** 01/09/2026 23:10, the eve of National Day. */
const occurredAtMs = at('2026-09-01', 23 + 10 / 60)

const incident = (changed: Partial<Incident> = {}): Incident => ({
  occurredAtMs, detectedAtMs: occurredAtMs + 2 * hourMs, serious: true, personalData: true, reportedAtMs: {}, closedAtMs: null, escalatedAtHours: [], ...changed,
})
const shown = (atMs: number): string => new Date(atMs + 7 * hourMs).toISOString().slice(0, 16)

describe('the four clocks', () => {
  it('occurred 01/09/2026 23:10: to the Sở by 02/09 23:10, holiday or not; the others from the detection', () => {
    assert.deepEqual(incidentClocks(incident(), regulation, occurredAtMs).map(({ clock, to, clause, dueAtMs }) => [clock, to, clause, shown(dueAtMs)]), [
      ['owner-report', 'owner', 'Điều 8.3d', '2026-09-02T23:10'],
      ['ministry-first-notice', 'ministry-of-public-security', 'NĐ 331/2026 31.2d', '2026-09-03T01:10'],
      ['ministry-full-report', 'ministry-of-public-security', 'NĐ 331/2026 31.2d', '2026-09-05T01:10'],
      ['personal-data-report', 'data-protection-authority', 'Luật 91/2025 Điều 23', '2026-09-05T01:10'],
    ])
  })

  it('a lesser incident has the one of the regulation only', () => {
    assert.deepEqual(incidentClocks(incident({ serious: false, personalData: false }), regulation, occurredAtMs).map(({ clock }) => clock), ['owner-report'])
  })

  it('count from the minute', () => {
    const [clock] = incidentClocks(incident({ occurredAtMs: occurredAtMs + 59_999 }), regulation, occurredAtMs)
    assert.equal(clock?.dueAtMs, occurredAtMs + 24 * hourMs)
  })

  it('run, are met, are met late, are overdue', () => {
    const state = (reported: number | null, now: number): string | undefined =>
      incidentClocks(incident({ reportedAtMs: reported === null ? {} : { 'owner-report': occurredAtMs + reported * hourMs } }), regulation, occurredAtMs + now * hourMs)[0]?.state
    assert.deepEqual([state(null, 24), state(null, 24.01), state(24, 30), state(25, 30)], ['running', 'overdue', 'met', 'met-late'])
  })
})

describe('alarms', () => {
  const due = (hours: number, changed: Partial<Incident> = {}): string => {
    const alarm = escalationDue(incident(changed), regulation, occurredAtMs + hours * hourMs)
    return alarm === null ? 'none' : `${alarm.atHours} for ${alarm.missed.join(' ')}`
  }
  const rows: readonly (readonly [hours: number, changed: Partial<Incident>, expected: string])[] = [
    [11.99, {}, 'none'],
    [12, {}, '12 for '],
    [15, { escalatedAtHours: [12] }, 'none'],
    [20, { escalatedAtHours: [12] }, '20 for '],
    [23, { escalatedAtHours: [12, 20] }, '23 for '],
    [40, {}, '23 for 20 12'],
    [40, { escalatedAtHours: [23, 20, 12] }, 'none'],
    [40, { escalatedAtHours: [23] }, 'none'],
    [20, { reportedAtMs: { 'owner-report': occurredAtMs } }, 'none'],
    [20, { closedAtMs: occurredAtMs }, 'none'],
  ]
  for (const [hours, changed, expected] of rows) it(`after ${hours} hours, ${JSON.stringify(changed)}: ${expected}`, () => assert.equal(due(hours, changed), expected))

  it('each goes out once, however often and late one looks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 30 }), (steps) => {
        let one = incident()
        let hours = 0
        const sent: number[] = []
        for (const step of steps) {
          hours += step / 10
          const alarm = escalationDue(one, regulation, occurredAtMs + hours * hourMs)
          if (alarm === null) continue
          assert.ok(alarm.atHours <= hours)
          sent.push(alarm.atHours)
          one = { ...one, escalatedAtHours: [...one.escalatedAtHours, alarm.atHours, ...alarm.missed] }
        }
        assert.deepEqual(sent, [...new Set(sent)].toSorted((a, b) => a - b))
        assert.equal(one.escalatedAtHours.length, [12, 20, 23].filter((limit) => limit <= hours && steps.length > 0).length)
      }),
    )
  })
})

describe('the start', () => {
  const now = occurredAtMs + 13 * hourMs
  const one = incident({ escalatedAtHours: [12] })

  it('may be corrected with a reason; both are kept, and an alarm that came too early is due again', () => {
    const later = correctStart(one, { occurredAtMs: occurredAtMs + 2 * hourMs, reason: 'Theo nhật ký máy chủ' }, regulation, now)
    assert.ok('incident' in later)
    assert.deepEqual([later.before, later.after, later.incident.escalatedAtHours], [occurredAtMs, occurredAtMs + 2 * hourMs, []])
    const earlier = correctStart(one, { occurredAtMs: occurredAtMs - 8 * hourMs, reason: 'x' }, regulation, now)
    assert.ok('incident' in earlier)
    assert.equal(escalationDue(earlier.incident, regulation, now)?.atHours, 20)
  })

  it('not without a reason, into the future, or behind the detection', () => {
    const code = (at_: number, reason: string): string => {
      const result = correctStart(one, { occurredAtMs: at_, reason }, regulation, now)
      return 'code' in result ? result.code : 'taken'
    }
    assert.equal(code(occurredAtMs, ' '), 'reason-missing')
    assert.equal(code(now + 1, 'x'), 'time-invalid')
    assert.equal(code(one.detectedAtMs + 1, 'x'), 'time-invalid')
    assert.equal(code(Number.NaN, 'x'), 'time-invalid')
  })

  it('lies before the detection, and that before now', () => {
    assert.equal(checkIncident(one, now), null)
    assert.equal(checkIncident({ occurredAtMs: now, detectedAtMs: now - 1 }, now)?.code, 'time-invalid')
    assert.equal(checkIncident({ occurredAtMs: now, detectedAtMs: now + 1 }, now)?.code, 'time-invalid')
  })
})
