/** How long records are kept (Điều 7.2, R-7.2): three calendar months, ten years, legal holds; the boundary of a purge run. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addDays, dayOfInstant, startOfDayMs } from '../../../../src/core/account/lifecycle/civil-day.ts'
import { decideRetention, purgeableOn, purgeBoundaryMs, type KeptKind, type LegalHold } from '../../../../src/core/record/retention.ts'
import { at, regulation, terms } from '../account/lifecycle/samples.ts'

const rules = { policy: regulation, terms }
const logs: readonly KeptKind[] = ['system', 'mail', 'sign-in', 'error']
const evidence: readonly KeptKind[] = ['audit', 'request', 'case', 'decision', 'tombstone']

for (const kind of logs) {
  it(`${kind}: an event of 30/11/2026 10:00 may go from 02/03/2027 00:00, not before`, () => {
    assert.equal(purgeableOn(kind, at('2026-11-30', 10), rules), '2027-03-02')
    const decide = (now: number): string => decideRetention({ kind, atMs: at('2026-11-30', 10), subjects: [] }, [], rules, now).kind
    assert.deepEqual([decide(startOfDayMs('2027-03-02') - 1), decide(startOfDayMs('2027-03-02'))], ['keep', 'purge'])
  })
}
for (const kind of evidence) it(`${kind}: ten years`, () => assert.equal(purgeableOn(kind, at('2026-06-01'), rules), '2036-06-03'))

it('a decision names its clause and the day', () => {
  assert.deepEqual(decideRetention({ kind: 'mail', atMs: at('2026-05-11'), subjects: [] }, [], rules, at('2026-06-01')), {
    kind: 'keep', until: '2026-08-12', clause: 'Điều 7.2', decisions: ['D-16'],
  })
})

describe('a legal hold', () => {
  const hold: LegalHold = { id: 'LH-1', accounts: ['an@x'], agencies: null, fromAtMs: at('2026-05-01'), toAtMs: at('2026-05-31'), releasedAtMs: null }
  const decide = (changed: Partial<LegalHold>, subjects: readonly string[] = ['an@x', 'ngoai@y'], day = '2026-05-11'): string =>
    decideRetention({ kind: 'mail', atMs: at(day), subjects }, [{ ...hold, ...changed }], rules, at('2027-06-01')).kind

  it('keeps what it names, in its time', () => {
    assert.equal(decide({}), 'held')
    assert.equal(decide({}, ['binh@x']), 'purge')
    assert.equal(decide({}, ['an@x'], '2026-06-02'), 'purge')
    assert.equal(decide({}, ['an@x'], '2026-04-30'), 'purge')
  })
  it('by agency, or everything', () => {
    assert.equal(decide({ accounts: null, agencies: ['skhcn'] }, ['skhcn']), 'held')
    assert.equal(decide({ accounts: null, agencies: null, fromAtMs: null, toAtMs: null }, []), 'held')
  })
  it('until it is released', () => assert.equal(decide({ releasedAtMs: at('2027-01-01') }), 'purge'))
})

it('one boundary serves a whole run: before it all may go, from it on none', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 0, max: 86_399_999 }), fc.constantFrom<KeptKind>('mail', 'audit'), (days, within, kind) => {
      const now = startOfDayMs(addDays('2026-08-01', days)) + within
      const boundary = purgeBoundaryMs(kind, rules, now)
      const today = dayOfInstant(now)
      for (let near = -5; near < 5; near++) {
        const event = boundary + near * 86_400_000
        assert.equal(purgeableOn(kind, event, rules) <= today, near < 0, `${today} ${dayOfInstant(event)}`)
      }
      assert.ok(purgeableOn(kind, boundary - 1, rules) <= today)
    }),
    { numRuns: 200 },
  )
})
