/** Announced outages (Điều 8.2, D-22): the rows of requirements §1.3 and §1.6. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decideOutage, decideOutageChange, type Outage } from '../../../../src/core/notice/outage.ts'
import { at, regulation, terms } from '../account/lifecycle/samples.ts'

const rules = { policy: regulation, terms }
const outage = (day: string, changed: Partial<Outage> = {}): Outage => ({ startAtMs: at(day, 8), endAtMs: at(day, 12), urgentReason: null, ...changed })

const rows: readonly (readonly [start: string, latest: string, late: string])[] = [
  ['2026-06-06', '2026-06-02', '2026-06-03'],
  ['2026-06-07', '2026-06-02', '2026-06-03'],
  ['2026-06-08', '2026-06-02', '2026-06-03'],
  ['2026-09-03', '2026-08-25', '2026-08-26'],
  ['2026-09-05', '2026-08-27', '2026-08-28'],
  ['2026-11-25', '2026-11-18', '2026-11-19'],
  ['2026-05-04', '2026-04-23', '2026-04-24'],
]
for (const [start, latest, late] of rows) {
  describe(`an outage on ${start}`, () => {
    it(`is announced until the end of ${latest}`, () => {
      const decision = decideOutage(outage(start), rules, at(latest, 23.9))
      assert.ok(decision.kind === 'announce')
      assert.deepEqual([decision.latestNotice, decision.urgent, decision.clause, decision.decisions[0]], [latest, false, 'Điều 8.2', 'D-22'])
    })
    it(`is refused on ${late}, and the answer names ${latest}`, () => {
      const decision = decideOutage(outage(start), rules, at(late, 0))
      assert.ok(decision.kind === 'refused' && decision.code === 'notice-too-late')
      assert.equal(decision.detail['latestNotice'], latest)
    })
    it('is taken late as urgent, with a reason', () => {
      const decision = decideOutage(outage(start, { urgentReason: 'Hỏng nguồn điện' }), rules, at(late, 9))
      assert.ok(decision.kind === 'announce' && decision.urgent)
      const silent = decideOutage(outage(start, { urgentReason: ' ' }), rules, at(late, 9))
      assert.ok(silent.kind === 'refused' && silent.code === 'reason-missing')
    })
  })
}

it('may be announced on a day off when enough working days are left', () => {
  assert.equal(decideOutage(outage('2026-06-08'), rules, at('2026-05-31')).kind, 'announce')
})

it('an outage in a year without a final table is provisional', () => {
  const decision = decideOutage(outage('2027-02-15'), rules, at('2027-01-20'))
  assert.ok(decision.kind === 'announce' && decision.provisional)
})

describe('refused as no time that can be announced', () => {
  const now = at('2026-06-01')
  const wrong: readonly (readonly [string, Outage])[] = [
    ['in the past', outage('2026-05-31')],
    ['that ends before it starts', outage('2026-06-20', { endAtMs: at('2026-06-19') })],
    ['longer than the setting', outage('2026-06-20', { endAtMs: at('2026-06-28') })],
    ['years ahead', outage('2029-06-20')],
    ['at no time', outage('2026-06-20', { startAtMs: Number.NaN })],
  ]
  for (const [title, one] of wrong) {
    it(title, () => {
      const decision = decideOutage(one, rules, now)
      assert.ok(decision.kind === 'refused' && decision.code === 'time-invalid')
    })
  }
})

describe('changing an announced one', () => {
  const announced = outage('2026-06-10')
  const change = (changed: Partial<Outage>, now: number): string => {
    const decision = decideOutageChange(announced, { ...announced, ...changed }, rules, now)
    return decision.kind === 'refused' ? decision.code : `${decision.kind} ${decision.announcedAnew ? 'anew' : 'within'}`
  }
  it('within the announced time at any moment', () => {
    assert.equal(change({ startAtMs: at('2026-06-10', 9) }, at('2026-06-09')), 'change within')
    assert.equal(change({ endAtMs: at('2026-06-10', 11) }, at('2026-06-10', 10)), 'change within')
  })
  it('beyond it the term runs anew', () => {
    assert.equal(change({ startAtMs: at('2026-06-10', 7) }, at('2026-06-03')), 'change anew')
    assert.equal(change({ startAtMs: at('2026-06-10', 7) }, at('2026-06-08')), 'notice-too-late')
    assert.equal(change({ startAtMs: at('2026-06-12'), endAtMs: at('2026-06-12', 12) }, at('2026-06-09')), 'notice-too-late')
  })
  it('one that runs is only prolonged as urgent', () => {
    assert.equal(change({ endAtMs: at('2026-06-10', 15) }, at('2026-06-10', 10)), 'notice-too-late')
    assert.equal(change({ endAtMs: at('2026-06-10', 15), urgentReason: 'Khôi phục dữ liệu lâu hơn' }, at('2026-06-10', 10)), 'change anew')
  })
  it('one that is over is not changed', () => assert.equal(change({ endAtMs: at('2026-06-10', 15) }, at('2026-06-10', 12)), 'already-decided'))
})
