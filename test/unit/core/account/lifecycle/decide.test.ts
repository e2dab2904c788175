/** Locks, warnings, proposals and purges by the clock (Điều 5.3, 5.4, 6.2a, 6.2d, 8.3đ): the dates of requirements §1.3 and §1.6. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LifecycleAct } from '../../../../../src/core/account/lifecycle/acts.ts'
import { receivedCounts } from '../../../../../src/core/account/lifecycle/activity.ts'
import { afterAct, decide, preview, timeline } from '../../../../../src/core/account/lifecycle/decide.ts'
import type { LifecycleFacts } from '../../../../../src/core/account/lifecycle/facts.ts'
import type { LifecycleRules } from '../../../../../src/core/account/lifecycle/lock-terms.ts'
import { account, at, document, issued, regulation, rules, termsOf } from './samples.ts'

const told = (act: LifecycleAct): string => {
  if (act.kind === 'warn') return `warn-${act.daysBefore} ${act.clause}`
  return act.kind === 'lock' ? `lock ${act.clause} as ${act.lockClause}` : `${act.kind} ${act.clause}`
}
const plan = (facts: LifecycleFacts, until: string, today = '2026-05-10', by: LifecycleRules = rules): readonly string[] =>
  timeline(facts, by, { today, until }).map(({ day, act }) => `${day} ${told(act)}`)

describe('6.2a: three months without use', () => {
  const rows: readonly (readonly [lastUse: string, lock: string, warnings: readonly string[]])[] = [
    ['2026-05-11', '2026-08-12', ['2026-07-13', '2026-07-29', '2026-08-05', '2026-08-11']],
    ['2026-05-10', '2026-08-11', ['2026-07-12', '2026-07-28', '2026-08-04', '2026-08-10']],
    ['2026-05-31', '2026-09-04', ['2026-08-05', '2026-08-21', '2026-08-28', '2026-09-03']],
    ['2026-06-02', '2026-09-04', ['2026-08-05', '2026-08-21', '2026-08-28', '2026-09-03']],
    ['2026-05-22', '2026-08-23', ['2026-07-24', '2026-08-09', '2026-08-16', '2026-08-22']],
    ['2026-05-23', '2026-08-25', ['2026-07-26', '2026-08-11', '2026-08-18', '2026-08-24']],
    ['2026-08-24', '2026-11-26', ['2026-10-27', '2026-11-12', '2026-11-19', '2026-11-25']],
    ['2026-11-30', '2027-03-02', ['2027-01-31', '2027-02-16', '2027-02-23', '2027-03-01']],
  ]
  for (const [lastUse, lock, warnings] of rows) {
    it(`last use ${lastUse}: locked on ${lock} at 00:00, warned 30, 14, 7 and 1 days before`, () => {
      const expected = [30, 14, 7, 1].map((days, index) => `${warnings[index]} warn-${days} Điều 6.2a`)
      assert.deepEqual(plan(account({ lastSignInAtMs: at(lastUse) }), lock, lastUse), [...expected, `${lock} lock Điều 6.2a as 6.2a`])
    })
  }

  it('a sign-in at 23:59 is of that day, one at 00:00 of the next', () => {
    const lockOf = (hour: number): string | undefined => plan(account({ lastSignInAtMs: at('2026-05-11', hour) }), '2026-09-01').at(-1)?.slice(0, 10)
    assert.equal(lockOf(23.99), '2026-08-12')
    assert.equal(lockOf(24), '2026-08-13')
  })

  it('no clock starts before the regulation is in force (D-15): first locks on 11/08/2026', () => {
    const old = account({ issuedAtMs: at('2019-01-01'), lastSignInAtMs: at('2022-03-01') })
    assert.equal(plan(old, '2026-08-11').at(-1), '2026-08-11 lock Điều 6.2a as 6.2a')
    assert.equal(plan(old, '2026-11-11').at(-1), '2026-11-11 propose-revocation Điều 8.3đ')
  })

  it('sending counts; receiving as the switch says (D-8)', () => {
    const facts = account({ lastSignInAtMs: at('2026-05-11'), lastReceivedAtMs: { filtered: at('2026-05-22'), literal: at('2026-08-24') } })
    const lockWith = (receive: 'literal' | 'literal-filtered' | 'ignore'): string | undefined =>
      plan(facts, '2026-12-31', '2026-05-11', { ...rules, policy: { ...regulation, idle: { ...regulation.idle, receive } } }).find((line) => line.includes('lock'))
    assert.match(lockWith('ignore') ?? '', /^2026-08-12/)
    assert.match(lockWith('literal-filtered') ?? '', /^2026-08-23/)
    assert.match(lockWith('literal') ?? '', /^2026-11-26/)
    assert.match(plan(account({ lastSentAtMs: at('2026-05-22') }), '2026-08-23').at(-1) ?? '', /^2026-08-23 lock/)
  })

  it("the system's own mail and mail that comes during a lock never count as received; spam only literally", () => {
    const message = { system: false, spam: false, locked: false }
    assert.deepEqual(receivedCounts(message), { filtered: true, literal: true })
    assert.deepEqual(receivedCounts({ ...message, spam: true }), { filtered: false, literal: true })
    assert.deepEqual(receivedCounts({ ...message, system: true }), { filtered: false, literal: false })
    assert.deepEqual(receivedCounts({ ...message, locked: true }), { filtered: false, literal: false })
  })

  it('an absence that was told stops the clock; its end counts as use: 01/06-01/12/2026 locks on 02/03/2027 at the earliest', () => {
    const absences = [{ from: '2026-06-01', to: '2026-12-01', reason: 'Nghỉ thai sản', document: null }]
    assert.equal(plan(account({ lastSignInAtMs: at('2026-05-11'), absences }), '2027-03-02').at(-1), '2027-03-02 lock Điều 6.2a as 6.2a')
  })

  it('one that begins on the last day of the term is in time, one on the next day is too late', () => {
    const lockWith = (from: string): string | undefined =>
      plan(account({ lastSignInAtMs: at('2026-05-11'), absences: [{ from, to: '2026-09-30', reason: 'Đi học', document: null }] }), '2027-01-31').find((line) => line.includes(' lock '))
    assert.match(lockWith('2026-08-11') ?? '', /^2026-12-31/)
    assert.match(lockWith('2026-08-12') ?? '', /^2026-08-12/)
  })

  it('absences in a row are joined, whatever their order; one that is over before the last use changes nothing', () => {
    const absences = [
      { from: '2026-09-15', to: '2026-11-30', reason: 'b', document: null },
      { from: '2026-05-01', to: '2026-05-05', reason: '0', document: null },
      { from: '2026-07-01', to: '2026-08-31', reason: 'a', document: null },
    ]
    assert.equal(plan(account({ lastSignInAtMs: at('2026-05-11'), absences }), '2027-03-02').at(-1), '2027-03-02 lock Điều 6.2a as 6.2a')
  })

  it('service mailboxes are outside of Điều 4 to 6', () => {
    assert.deepEqual(plan(account({ kind: 'service' }), '2027-12-31'), [])
    assert.deepEqual(plan(issued('2026-05-10', { kind: 'service' }), '2027-12-31'), [])
  })
})

describe('6.2d: default password unchanged for a month', () => {
  const rows: readonly (readonly [set: string, lock: string])[] = [
    ['2026-06-15', '2026-07-16'],
    ['2026-05-31', '2026-07-01'],
    ['2027-01-31', '2027-03-02'],
  ]
  for (const [set, lock] of rows) {
    it(`issued ${set}: locked on ${lock}, warned 14, 7 and 1 days before`, () => {
      const lines = plan(issued(set), lock, set)
      assert.deepEqual(lines.map((line) => line.slice(11)), ['warn-14 Điều 6.2d', 'warn-7 Điều 6.2d', 'warn-1 Điều 6.2d', 'lock Điều 6.2d as 6.2d'])
      assert.equal(lines.at(-1)?.slice(0, 10), lock)
    })
  }

  it('counts from the current temporary password', () => {
    const again = issued('2026-05-20', { temporaryPassword: { setAtMs: at('2026-06-15'), by: 'reset' } })
    assert.equal(plan(again, '2026-07-16').at(-1), '2026-07-16 lock Điều 6.2d as 6.2d')
  })

  it('runs again after a restoration (D-12), unless the setting says no', () => {
    const restored = account({ state: 'must-change', temporaryPassword: { setAtMs: at('2026-06-15'), by: 'restoration' } })
    assert.equal(plan(restored, '2026-07-16').at(-1), '2026-07-16 lock Điều 6.2d as 6.2d')
    const policy = { ...regulation, defaultPassword: { ...regulation.defaultPassword, restartAfterRestoration: false } }
    assert.deepEqual(plan(restored, '2026-10-01', '2026-06-15', { ...rules, policy }), [])
    const reset = account({ state: 'must-change', temporaryPassword: { setAtMs: at('2026-06-15'), by: 'reset' } })
    assert.equal(plan(reset, '2026-07-16', '2026-06-15', { ...rules, policy }).at(-1), '2026-07-16 lock Điều 6.2d as 6.2d')
  })

  it('was issued before the regulation: counts from its first day', () => {
    assert.equal(plan(issued('2026-01-05'), '2026-06-11').at(-1), '2026-06-11 lock Điều 6.2d as 6.2d')
  })
})

describe('D-19: administrators are locked after 45 days without a sign-in', () => {
  for (const role of ['agency-administrator', 'operator', 'super-administrator'] as const) {
    it(`${role}: last sign-in Mon 01/06/2026, day 45 is Thu 16/07, locked on 17/07`, () => {
      assert.deepEqual(plan(account({ role, lastSignInAtMs: at('2026-06-01') }), '2026-07-17'), [
        '2026-07-03 warn-14 TCVN 14423:2026 5.6.2.3',
        '2026-07-10 warn-7 TCVN 14423:2026 5.6.2.3',
        '2026-07-16 warn-1 TCVN 14423:2026 5.6.2.3',
        '2026-07-17 lock TCVN 14423:2026 5.6.2.3 as manual',
      ])
    })
  }

  it('neither mail nor a notified absence spares them; a day off moves the end (D-16)', () => {
    const absences = [{ from: '2026-06-02', to: '2026-12-01', reason: 'x', document: null }]
    const facts = account({ role: 'operator', lastSignInAtMs: at('2026-06-03'), lastSentAtMs: at('2026-07-10'), absences })
    // 45 days after 03/06 is Saturday 18/07.
    assert.equal(plan(facts, '2026-07-21').at(-1), '2026-07-21 lock TCVN 14423:2026 5.6.2.3 as manual')
  })

  it('a person is not', () => assert.deepEqual(plan(account({ lastSignInAtMs: at('2026-06-01') }), '2026-07-31'), []))
})

describe('warnings', () => {
  const facts = account({ lastSignInAtMs: at('2026-05-11') })

  it('go out once each; a run that was missed sends only the last', () => {
    const [first, ...none] = decide(facts, rules, '2026-08-01')
    assert.ok(first?.kind === 'warn' && none.length === 0)
    assert.deepEqual([first.daysBefore, first.missed, first.lockOn], [14, [30], '2026-08-12'])
    const after = afterAct(facts, first, '2026-08-01')
    assert.deepEqual(decide(after, rules, '2026-08-01'), [])
    assert.deepEqual(decide(after, rules, '2026-08-04'), [])
    assert.equal(told(decide(after, rules, '2026-08-05')[0]!), 'warn-7 Điều 6.2a')
  })

  it('a lock that is overdue comes without them', () => {
    assert.deepEqual(decide(facts, rules, '2026-08-20').map(told), ['lock Điều 6.2a as 6.2a'])
  })

  it('are told to the second channel and the focal officer, never only to the mailbox', () => {
    const [warning] = decide(facts, rules, '2026-07-13')
    assert.ok(warning?.kind === 'warn')
    assert.deepEqual(warning.tell, ['second-channel', 'agency-administrator'])
  })

  it('begin anew after a sign-in', () => {
    const warned = afterAct(facts, decide(facts, rules, '2026-08-11')[0]!, '2026-08-11')
    const back = { ...warned, lastSignInAtMs: at('2026-08-11') }
    assert.deepEqual(plan(back, '2026-11-12', '2026-08-11').map((line) => line.slice(11)), [...[30, 14, 7, 1].map((days) => `warn-${days} Điều 6.2a`), 'lock Điều 6.2a as 6.2a'])
  })

  it('a day that was told is never made earlier by another calendar; a later one moves lock and warnings', () => {
    const draft = termsOf([{ year: 2026, off: ['2026-08-11', '2026-08-12'], worked: [], source: 'dự thảo', status: 'draft' }])
    const [warning] = decide(facts, { ...rules, terms: draft }, '2026-07-15')
    assert.ok(warning?.kind === 'warn')
    assert.deepEqual([warning.lockOn, warning.provisional], ['2026-08-14', true])
    const warned = afterAct(facts, warning, '2026-07-15')
    assert.equal(plan(warned, '2026-12-31', '2026-07-16').find((line) => line.includes('lock')), '2026-08-14 lock Điều 6.2a as 6.2a')
    const early = afterAct(facts, decide(facts, rules, '2026-07-13')[0]!, '2026-07-13')
    assert.deepEqual(plan(early, '2026-08-14', '2026-07-14', { ...rules, terms: draft }), [
      '2026-07-31 warn-14 Điều 6.2a', '2026-08-07 warn-7 Điều 6.2a', '2026-08-13 warn-1 Điều 6.2a', '2026-08-14 lock Điều 6.2a as 6.2a',
    ])
  })

  it('an end in a year without a final table is provisional', () => {
    const acts = timeline(account({ lastSignInAtMs: at('2026-11-06') }), rules, { today: '2026-11-06', until: '2027-02-28' }).map(({ act }) => act)
    assert.ok(acts.length > 0 && acts.every(({ provisional }) => provisional))
  })
})

describe('5.4, 8.3đ: six months without a sign-in are proposed, never carried out', () => {
  it('last sign-in 10/05/2026: on the list on 11/11/2026, though locked since August', () => {
    const lines = plan(account({ lastSignInAtMs: at('2026-05-10') }), '2030-01-01')
    assert.deepEqual(lines.slice(-2), ['2026-08-11 lock Điều 6.2a as 6.2a', '2026-11-11 propose-revocation Điều 8.3đ'])
  })

  it('31/08/2026: 28/02/2027 is a Sunday, so 02/03/2027', () => {
    assert.equal(plan(account({ lastSignInAtMs: at('2026-08-31') }), '2027-06-01').at(-1), '2027-03-02 propose-revocation Điều 8.3đ')
  })

  it('shows the notified reasons since then (D-9); mail does not count', () => {
    const absences = [
      { from: '2026-06-01', to: '2026-12-01', reason: 'Nghỉ thai sản', document: '3/QĐ' },
      { from: '2026-05-01', to: '2026-05-05', reason: 'cũ', document: null },
    ]
    const facts = account({ lastSignInAtMs: at('2026-05-10'), lastSentAtMs: at('2026-11-01'), absences })
    const acts = decide(facts, rules, '2026-11-11')
    assert.ok(acts[0]?.kind === 'propose-revocation')
    assert.deepEqual(acts[0].absences.map(({ reason }) => reason), ['Nghỉ thai sản'])
    assert.deepEqual(acts[0].decisions, ['D-9', 'D-15', 'D-16'])
  })

  it('a sign-in takes an open proposal back', () => {
    const facts = account({ lastSignInAtMs: at('2026-11-20'), proposal: { state: 'open', from: '2026-05-10', proposedOn: '2026-11-11', until: null } })
    assert.deepEqual(plan(facts, '2026-12-31', '2026-11-20'), ['2026-11-20 withdraw-proposal Điều 8.3đ'])
  })

  it('one that was put off comes again on its day, not before; a sign-in meanwhile makes it void', () => {
    const snoozed = account({ state: 'locked', lastSignInAtMs: at('2026-05-10'), proposal: { state: 'snoozed', from: '2026-05-10', proposedOn: '2026-11-11', until: '2027-02-01' } })
    assert.deepEqual(plan(snoozed, '2027-02-01', '2026-11-12'), ['2027-02-01 propose-revocation Điều 8.3đ'])
    assert.deepEqual(plan({ ...snoozed, lastSignInAtMs: at('2026-12-01') }, '2027-05-31', '2026-12-01'), [])
  })

  it('an account that nobody ever signed in to counts from its issue', () => {
    assert.equal(plan(issued('2026-06-15'), '2026-12-31').at(-1), '2026-12-16 propose-revocation Điều 8.3đ')
  })
})

describe('5.3: leavers, and what becomes of what they had (D-14)', () => {
  const leaver = account({
    lastSignInAtMs: at('2026-06-25'),
    scheduledRevocation: { clause: 'Điều 5.3', effectiveOn: '2026-06-30', document, approvedBy: 'sa' },
  })

  it('effective 30/06/2026, filed 25/06: runs 01/07/2026 00:00; content goes on 02/10, three months on', () => {
    assert.deepEqual(plan(leaver, '2027-06-01', '2026-06-25'), ['2026-07-01 revoke Điều 5.3', '2026-10-02 purge Điều 5.1'])
  })

  it('runs for a locked one too, and no lock or proposal is announced meanwhile', () => {
    const late = { ...leaver, state: 'locked', scheduledRevocation: { ...leaver.scheduledRevocation!, effectiveOn: '2027-03-31' } } as const
    assert.deepEqual(plan(late, '2027-04-01', '2026-06-25'), ['2027-04-01 revoke Điều 5.3'])
    const soon = { ...leaver, scheduledRevocation: { ...leaver.scheduledRevocation!, effectiveOn: '2026-09-10' } }
    assert.deepEqual(plan(soon, '2026-09-11', '2026-06-25'), ['2026-09-11 revoke Điều 5.3'])
  })

  it('a legal hold keeps the content', () => {
    assert.deepEqual(plan(account({ state: 'revoked', revokedAtMs: at('2026-07-01'), legalHold: true }), '2030-01-01'), [])
  })

  it('the address is never given again, or after the months of the setting', () => {
    const purge = (policy = regulation): LifecycleAct | undefined => decide(account({ state: 'revoked', revokedAtMs: at('2026-07-01') }), { ...rules, policy }, '2026-10-02')[0]
    const never = purge()
    assert.ok(never?.kind === 'purge' && never.addressFreeOn === null)
    const later = purge({ ...regulation, revocation: { ...regulation.revocation, reissueAddressAfterMonths: 24 } })
    assert.ok(later?.kind === 'purge' && later.addressFreeOn === '2028-07-02')
  })
})

describe('preview', () => {
  it('says what happens on a day and by which clause, as seen from today', () => {
    const facts = account({ lastSignInAtMs: at('2026-05-10') })
    const on = (day: string): readonly string[] => preview(facts, rules, { today: '2026-06-01', on: day }).map(told)
    assert.deepEqual(on('2026-08-11'), ['lock Điều 6.2a as 6.2a'])
    assert.deepEqual(on('2026-08-12'), [])
    assert.deepEqual(on('2026-11-11'), ['propose-revocation Điều 8.3đ'])
    assert.deepEqual(preview(facts, rules, { today: '2026-06-01', on: '2026-05-30' }), [])
  })
})
