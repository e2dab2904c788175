/** What holds for every account: the preview is what the nights do, and nothing that favours a person makes a lock earlier. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addDays, dayAfter, dayOfInstant, daysBetween, isDay, startOfDayMs, type Day } from '../../../../../src/core/account/lifecycle/civil-day.ts'
import { afterAct, decide, timeline } from '../../../../../src/core/account/lifecycle/decide.ts'
import type { AbsenceNotice, LifecycleFacts } from '../../../../../src/core/account/lifecycle/facts.ts'
import { pendingLock } from '../../../../../src/core/account/lifecycle/lock-terms.ts'
import { account, at, document, rules, termsOf } from './samples.ts'

const day = (from: Day, days: number): fc.Arbitrary<Day> => fc.integer({ min: 0, max: days }).map((later) => addDays(from, later))
const instant = fc.option(day('2026-05-10', 120).map((one) => at(one)), { nil: null })
const absence: fc.Arbitrary<AbsenceNotice> = fc
  .tuple(day('2026-05-10', 300), fc.integer({ min: 0, max: 200 }))
  .map(([from, days]) => ({ from, to: addDays(from, days), reason: 'Nghỉ phép', document: null }))

const facts: fc.Arbitrary<LifecycleFacts> = fc
  .record({
    state: fc.constantFrom('issued', 'active', 'must-change', 'locked', 'restore-pending', 'revoked'),
    role: fc.constantFrom('individual', 'agency-administrator'),
    issuedOn: day('2026-05-10', 100),
    signIn: instant,
    sent: instant,
    received: instant,
    absences: fc.array(absence, { maxLength: 3 }),
    leaves: fc.option(day('2026-06-01', 300), { nil: null }),
    legalHold: fc.boolean(),
  })
  .map(({ state, role, issuedOn, signIn, sent, received, absences, leaves, legalHold }) =>
    account({
      state, role, absences, legalHold,
      issuedAtMs: at(issuedOn),
      temporaryPassword: state === 'issued' || state === 'must-change' ? { setAtMs: at(issuedOn), by: 'issue' } : null,
      lastSignInAtMs: signIn,
      lastSentAtMs: sent,
      lastReceivedAtMs: { filtered: received, literal: received },
      scheduledRevocation: leaves === null ? null : { clause: 'Điều 5.3', effectiveOn: leaves, document, approvedBy: 'sa' },
      revokedAtMs: state === 'revoked' ? at(issuedOn) : null,
    }),
  )

const active = facts.map((one) => ({ ...one, state: 'active', temporaryPassword: null, revokedAtMs: null }) as const)
const lockOn = (one: LifecycleFacts, by = rules): Day => pendingLock(one, by)!.lockOn
const today = '2026-09-15'

describe('the lifecycle of any account', () => {
  it('night by night comes to what the preview said, each act once', () => {
    fc.assert(
      fc.property(facts, fc.integer({ min: 1, max: 400 }), (one, days) => {
        const until = addDays(today, days)
        const planned = timeline(one, rules, { today, until }).map((act) => JSON.stringify(act))
        const lived: string[] = []
        let now = one
        for (let night = today; night <= until; night = dayAfter(night)) {
          for (const act of decide(now, rules, night)) {
            lived.push(JSON.stringify({ day: night, act }))
            now = afterAct(now, act, night)
          }
        }
        assert.deepEqual(lived, planned)
        assert.equal(new Set(lived).size, lived.length)
      }),
      { numRuns: 40 },
    )
  })

  it('an act names a clause, and is never carried out before its day', () => {
    fc.assert(
      fc.property(facts, (one) => {
        for (const { day: on, act } of timeline(one, rules, { today, until: '2028-01-01' })) {
          assert.ok(act.clause !== '' && act.decisions.length > 0 && act.on <= on && isDay(act.on))
          if (on > today) assert.equal(act.on, on)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('a lock comes at the earliest the day after the months are over, on a day after a working day', () => {
    fc.assert(
      fc.property(active.filter(({ role }) => role === 'individual'), (one) => {
        const { term } = pendingLock(one, rules)!
        assert.ok(term.lastDay >= term.rawEnd && term.actOn === dayAfter(term.lastDay))
        assert.ok(rules.terms.isWorkingDay(term.lastDay))
        assert.ok(daysBetween(term.from, term.actOn) >= 90)
      }),
    )
  })

  it('neither a further use, nor an absence, nor a day off ever makes a lock earlier', () => {
    fc.assert(
      fc.property(active, day('2026-05-10', 200), absence, day('2026-07-01', 180), (one, used, notice, off) => {
        const before = lockOn(one)
        assert.ok(lockOn({ ...one, lastSignInAtMs: Math.max(one.lastSignInAtMs ?? 0, at(used)) }) >= before)
        assert.ok(lockOn({ ...one, lastSentAtMs: Math.max(one.lastSentAtMs ?? 0, at(used)) }) >= before)
        assert.ok(lockOn({ ...one, absences: [...one.absences, notice] }) >= before)
        const year = { year: 2026, off: ['2026-08-31', '2026-09-01', '2026-09-02', '2026-11-24', off], worked: ['2026-08-22'], source: 'thử', status: 'draft' } as const
        assert.ok(lockOn(one, { ...rules, terms: termsOf([year]) }) >= before)
      }),
    )
  })
})

describe('civil days in Vietnam', () => {
  it('an instant lies in its day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (atMs) => {
        const on = dayOfInstant(atMs)
        assert.ok(startOfDayMs(on) <= atMs && atMs < startOfDayMs(dayAfter(on)))
      }),
    )
  })

  it('a text is a day when it is one', () => {
    for (const good of ['2026-05-10', '2028-02-29', '0001-01-01']) assert.ok(isDay(good), good)
    for (const bad of ['2026-02-30', '2027-02-29', '2026-13-01', '2026-00-10', '2026-01-00', '2026-5-1', '', '10/05/2026', '2026-05-10T00:00', '0000-01-01']) assert.ok(!isDay(bad), bad)
  })

  it('counts days both ways', () => {
    assert.equal(daysBetween('2026-02-27', '2026-03-01'), 2)
    assert.equal(daysBetween('2026-03-01', '2026-02-27'), -2)
  })
})
