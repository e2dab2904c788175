/** The state machine of requirements §1.2: every act in every state, every actor, everything that a clause asks for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { refusalClass } from '../../../../../src/core/account/lifecycle/basis.ts'
import type { LifecycleFacts } from '../../../../../src/core/account/lifecycle/facts.ts'
import { transitionTable, type TransitionName } from '../../../../../src/core/account/lifecycle/transition-table.ts'
import { decideTransition, passwordResetOf, type ActingPerson, type Evidence, type TransitionDecision } from '../../../../../src/core/account/lifecycle/transition.ts'
import type { AccountState } from '../../../../../src/core/account/account.ts'
import { account, at, caseFile, document, people, rules } from './samples.ts'

const states: readonly AccountState[] = ['issued', 'active', 'locked', 'restore-pending', 'must-change', 'revoked', 'purged']
const acts = Object.keys(transitionTable) as TransitionName[]
const today = '2026-06-01'

/** Everything that any clause may ask for. */
const complete: Evidence = {
  document, ground: 'spam-or-malware', warning: '12/CB-A05', case: caseFile(), order: '7/SKHCN', reason: 'x', decision: 'y', effectiveOn: '2026-05-31', approvedBy: 'sa',
}

const factsIn = (state: AccountState, changed: Partial<LifecycleFacts> = {}): LifecycleFacts =>
  account({
    state,
    lockClause: state === 'locked' || state === 'restore-pending' ? '6.2a' : null,
    proposal: { state: 'open', from: '2026-05-10', proposedOn: '2026-05-10', until: null },
    revokedAtMs: state === 'revoked' ? at('2026-05-15') : null,
    ...changed,
  })

const tryAct = (act: TransitionName, state: AccountState | null, actor: ActingPerson | 'clock', evidence: Evidence = complete, on = today): TransitionDecision =>
  decideTransition({ act, actor, evidence }, { agency: 'skhcn', existing: state === null ? null : factsIn(state) }, rules, on)

const outcome = (decision: TransitionDecision): string => (decision.kind === 'refused' ? decision.code : `${decision.kind} ${decision.to}`)

/** Who can do it at all, from where, to where. */
const machine: Readonly<Record<TransitionName, readonly [who: ActingPerson | 'clock', from: readonly (AccountState | null)[], to: AccountState | 'same', clause: string]>> = {
  issue: [people.aa, [null], 'issued', 'Điều 5.2'],
  'first-password': [people.owner, ['issued'], 'active', 'Điều 9.1'],
  'reset-password': [people.aa, ['active'], 'must-change', 'Điều 10.8, 11.3'],
  'reissue-password': [people.aa, ['issued', 'must-change'], 'same', 'Điều 10.8, 11.3'],
  'changed-password': [people.owner, ['must-change'], 'active', 'Điều 6.3c, 9.1'],
  'lock-idle': ['clock', ['active'], 'locked', 'Điều 6.2a'],
  'lock-idle-administrator': ['clock', ['active'], 'locked', 'TCVN 14423:2026 5.6.2.3'],
  'lock-default-password': ['clock', ['issued', 'must-change'], 'locked', 'Điều 6.2d'],
  'lock-compromised': [people.op, ['issued', 'active', 'must-change'], 'locked', 'Điều 6.2b'],
  'lock-prohibited-use': [people.sa, ['issued', 'active', 'must-change'], 'locked', 'Điều 6.2c'],
  suspend: [people.aa, ['issued', 'active', 'must-change'], 'locked', 'Điều 6.2'],
  'ask-restoration': [people.aa, ['locked'], 'restore-pending', 'Điều 6.3a'],
  restore: [people.sa, ['restore-pending'], 'must-change', 'Điều 6.3b'],
  'refuse-restoration': [people.sa, ['restore-pending'], 'locked', 'Điều 6.3b'],
  'revoke-leaver': [people.sa, ['issued', 'active', 'must-change', 'locked', 'restore-pending'], 'revoked', 'Điều 5.3'],
  'revoke-listed': [people.sa, ['issued', 'active', 'must-change', 'locked', 'restore-pending'], 'revoked', 'Điều 10.4'],
  'revoke-unused': [people.sa, ['issued', 'active', 'must-change', 'locked', 'restore-pending'], 'revoked', 'Điều 5.4, 8.3đ'],
  'undo-revocation': [people.sa, ['revoked'], 'locked', 'Điều 5.1'],
  purge: ['clock', ['revoked'], 'purged', 'Điều 5.1'],
}

describe('every act in every state', () => {
  for (const act of acts) {
    const [who, from, to, clause] = machine[act]
    const on = act === 'purge' ? '2026-12-01' : today
    for (const state of [null, ...states]) {
      // Nobody is the owner of an account that is not there.
      if (state === null && who === people.owner) continue
      const expected = from.includes(state) ? `allowed ${to === 'same' ? state : to}` : act === 'reset-password' && (state === 'locked' || state === 'restore-pending') ? 'locked' : 'state'
      it(`${act} of ${state ?? 'none'}: ${expected}`, () => {
        const decision = tryAct(act, state, who, complete, on)
        assert.equal(outcome(decision), expected)
        assert.equal(decision.clause, clause)
      })
    }
  }

  it('ACTIVE is reached by the owner only; a locked account only by a restoration', () => {
    const into = (state: AccountState): readonly string[] => acts.filter((act) => transitionTable[act].to === state)
    assert.deepEqual(into('active'), ['first-password', 'changed-password'])
    assert.deepEqual(into('must-change'), ['reset-password', 'restore'])
    assert.deepEqual(acts.filter((act) => transitionTable[act].from.includes('locked') && transitionTable[act].to !== 'revoked'), ['ask-restoration'])
  })

  it('whatever is tried in whatever order, only the ways of §1.2 are taken', () => {
    const step = fc.record({ act: fc.constantFrom(...acts), actor: fc.constantFrom<ActingPerson | 'clock'>('clock', ...Object.values(people)), days: fc.integer({ min: 0, max: 60 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let facts = null as LifecycleFacts | null
        let passed = 0
        for (const { act, actor, days } of steps) {
          passed += days
          const day = Temporal.PlainDate.from(today).add({ days: passed }).toString()
          const decision: TransitionDecision = decideTransition({ act, actor, evidence: { ...complete, document: { ...document, date: day } } }, { agency: 'skhcn', existing: facts }, rules, day)
          if (decision.kind !== 'allowed') continue
          const before: AccountState | null = facts?.state ?? null
          assert.ok(transitionTable[act].from.includes(before))
          if (before === 'locked' || before === 'restore-pending') assert.ok(decision.to !== 'active' && decision.to !== 'issued')
          if (before === 'purged') assert.fail('purged is the end')
          assert.equal(decision.lockClause !== null, decision.to === 'locked' || decision.to === 'restore-pending')
          facts = factsIn(decision.to, { lockClause: decision.lockClause, revokedAtMs: decision.to === 'revoked' ? at(day) : null })
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('who may', () => {
  const refusedTo: readonly (readonly [act: TransitionName, state: AccountState | null, actor: ActingPerson | 'clock', code: string])[] = [
    ['issue', null, people.otherAa, 'other-agency'],
    ['issue', null, people.owner, 'role'],
    ['issue', null, people.inspector, 'role'],
    ['first-password', 'issued', people.colleague, 'other-account'],
    ['first-password', 'issued', people.aa, 'other-account'],
    ['reset-password', 'active', people.otherAa, 'other-agency'],
    ['reset-password', 'active', people.owner, 'role'],
    ['lock-idle', 'active', people.sa, 'role'],
    ['lock-default-password', 'issued', people.op, 'role'],
    ['lock-compromised', 'active', people.aa, 'role'],
    ['lock-compromised', 'active', 'clock', 'role'],
    ['lock-prohibited-use', 'active', people.aa, 'role'],
    ['suspend', 'active', people.otherAa, 'other-agency'],
    ['suspend', 'active', people.owner, 'role'],
    ['ask-restoration', 'locked', people.owner, 'role'],
    ['ask-restoration', 'locked', people.sa, 'role'],
    ['ask-restoration', 'locked', people.otherAa, 'other-agency'],
    ['restore', 'restore-pending', people.aa, 'role'],
    ['restore', 'restore-pending', 'clock', 'role'],
    ['refuse-restoration', 'restore-pending', people.op, 'role'],
    ['revoke-leaver', 'active', people.aa, 'role'],
    ['revoke-leaver', 'active', people.op, 'role'],
    ['revoke-listed', 'active', people.op, 'role'],
    ['revoke-unused', 'active', people.op, 'role'],
    ['revoke-unused', 'active', 'clock', 'role'],
    ['undo-revocation', 'revoked', people.op, 'role'],
    ['purge', 'revoked', people.sa, 'role'],
  ]
  for (const [act, state, actor, code] of refusedTo) {
    it(`${act} by ${actor === 'clock' ? 'the clock' : actor.account}: ${code}, 403`, () => {
      const decision = tryAct(act, state, actor)
      assert.equal(outcome(decision), code)
      assert.ok(decision.kind === 'refused' && refusalClass(decision.code) === 'forbidden')
    })
  }

  it('the operator acts on the order of the Sở, which is named', () => {
    assert.equal(outcome(tryAct('restore', 'restore-pending', people.op)), 'allowed must-change')
    assert.equal(outcome(tryAct('restore', 'restore-pending', people.op, { ...complete, order: ' ' })), 'order-missing')
  })

  it("an operator's lock and an agency's suspension are reported to the Sở; its own lock is not", () => {
    const reported = (act: TransitionName, actor: ActingPerson): boolean => {
      const decision = tryAct(act, 'active', actor)
      assert.ok(decision.kind === 'allowed')
      return decision.reportToOwner
    }
    assert.deepEqual([reported('lock-compromised', people.op), reported('suspend', people.aa), reported('lock-compromised', people.sa)], [true, true, false])
  })

  it('the clock revokes only what the Sở has approved', () => {
    assert.equal(outcome(tryAct('revoke-leaver', 'active', 'clock')), 'allowed revoked')
    assert.equal(outcome(tryAct('revoke-leaver', 'active', 'clock', { ...complete, approvedBy: null })), 'approval-missing')
  })
})

describe('what the clauses ask for: each missing thing is 422', () => {
  const rows: readonly (readonly [title: string, act: TransitionName, state: AccountState, actor: ActingPerson, evidence: Evidence, code: string])[] = [
    ['6.2b without a ground', 'lock-compromised', 'active', people.op, { ...complete, ground: null }, 'ground-missing'],
    ["6.2b for spam without the authority's warning", 'lock-compromised', 'active', people.op, { ...complete, warning: ' ' }, 'warning-missing'],
    ['6.2c without a case', 'lock-prohibited-use', 'active', people.sa, { ...complete, case: null }, 'case-missing'],
    ['6.2c with a case about somebody else', 'lock-prohibited-use', 'active', people.sa, { ...complete, case: caseFile({ accounts: ['a9'] }) }, 'case-invalid'],
    ['6.2c with a case without evidence', 'lock-prohibited-use', 'active', people.sa, { ...complete, case: caseFile({ evidence: [] }) }, 'case-invalid'],
    ['a suspension without a reason', 'suspend', 'active', people.aa, { ...complete, reason: '' }, 'reason-missing'],
    ['6.3a without a document', 'ask-restoration', 'locked', people.aa, { ...complete, document: null }, 'document-missing'],
    ['6.3a without its number', 'ask-restoration', 'locked', people.aa, { ...complete, document: { ...document, number: '' } }, 'document-missing'],
    ['6.3a dated tomorrow', 'ask-restoration', 'locked', people.aa, { ...complete, document: { ...document, date: '2026-06-02' } }, 'document-invalid'],
    ['a refusal without its decision', 'refuse-restoration', 'restore-pending', people.sa, { ...complete, decision: null }, 'decision-missing'],
    ['5.3 without a document', 'revoke-leaver', 'active', people.sa, { ...complete, document: null }, 'document-missing'],
    ['5.3 without the effective date', 'revoke-leaver', 'active', people.sa, { ...complete, effectiveOn: null }, 'effective-date-missing'],
    ['5.3 with a day that does not exist', 'revoke-leaver', 'active', people.sa, { ...complete, effectiveOn: '2026-02-30' }, 'date-invalid'],
    ['10.4 without a document', 'revoke-listed', 'locked', people.sa, { ...complete, document: null }, 'document-missing'],
    ['the revocation undone without a decision', 'undo-revocation', 'revoked', people.sa, { ...complete, decision: '' }, 'decision-missing'],
  ]
  for (const [title, act, state, actor, evidence, code] of rows) {
    it(`${title}: ${code}`, () => {
      const decision = tryAct(act, state, actor, evidence)
      assert.equal(outcome(decision), code)
      assert.ok(decision.kind === 'refused' && refusalClass(decision.code) === 'unprocessable')
    })
  }

  it('6.2b for a lost password needs no warning', () => {
    assert.equal(outcome(tryAct('lock-compromised', 'active', people.op, { ground: 'lost' })), 'allowed locked')
  })

  it('8.3đ needs an open proposal: none, or one that was put off, is refused', () => {
    const refusedWith = (proposal: LifecycleFacts['proposal']): string =>
      outcome(decideTransition({ act: 'revoke-unused', actor: people.sa, evidence: {} }, { agency: 'skhcn', existing: factsIn('locked', { proposal }) }, rules, today))
    assert.equal(refusedWith(null), 'proposal-missing')
    assert.equal(refusedWith({ state: 'snoozed', from: '2026-05-10', proposedOn: '2026-05-10', until: '2026-09-01' }), 'proposal-missing')
  })

  it('5.3 before its effective day is over is scheduled: effective 30/06/2026 runs 01/07/2026', () => {
    const decision = tryAct('revoke-leaver', 'active', people.sa, { ...complete, effectiveOn: '2026-06-30' }, '2026-06-25')
    assert.ok(decision.kind === 'scheduled' && decision.on === '2026-07-01')
    assert.equal(outcome(tryAct('revoke-leaver', 'active', people.sa, { ...complete, effectiveOn: '2026-06-30' }, '2026-07-01')), 'allowed revoked')
  })

  it('a revocation is undone while the content is there (D-14), and the lock goes by 6.3', () => {
    assert.equal(outcome(tryAct('undo-revocation', 'revoked', people.sa, complete, '2026-08-15')), 'allowed locked')
    const late = tryAct('undo-revocation', 'revoked', people.sa, complete, '2026-08-18')
    assert.ok(late.kind === 'refused' && late.code === 'content-purged' && refusalClass(late.code) === 'conflict')
  })

  it('a purge waits for its day and for a legal hold', () => {
    const purge = (legalHold: boolean, on: string): string =>
      outcome(decideTransition({ act: 'purge', actor: 'clock', evidence: {} }, { agency: 'skhcn', existing: factsIn('revoked', { legalHold }) }, rules, on))
    // Revoked on 15/05/2026: 15/08 is a Saturday, so the term ends on Monday 17/08.
    assert.deepEqual([purge(false, '2026-08-17'), purge(false, '2026-08-18'), purge(true, '2026-08-18')], ['too-early', 'allowed purged', 'legal-hold'])
  })
})

describe('what an act brings with it', () => {
  it('a lock keeps its clause through the request and its refusal', () => {
    for (const [act, state, actor] of [['ask-restoration', 'locked', people.aa], ['refuse-restoration', 'restore-pending', people.sa]] as const) {
      const decision = tryAct(act, state, actor)
      assert.ok(decision.kind === 'allowed' && decision.lockClause === '6.2a')
    }
  })

  it('sessions end with every lock, reset and revocation', () => {
    const ends = (act: TransitionName, state: AccountState, actor: ActingPerson | 'clock'): boolean => {
      const decision = tryAct(act, state, actor)
      assert.ok(decision.kind === 'allowed')
      return decision.endSessions
    }
    assert.ok(ends('lock-idle', 'active', 'clock'))
    assert.ok(ends('reset-password', 'active', people.aa))
    assert.ok(ends('revoke-listed', 'active', people.sa))
    assert.ok(!ends('changed-password', 'must-change', people.owner))
  })

  it('a new temporary password keeps ISSUED and MUST_CHANGE what they are (D-10)', () => {
    assert.deepEqual(states.map((state) => outcome(tryAct(passwordResetOf(state), state, people.aa))), [
      'allowed issued', 'allowed must-change', 'locked', 'locked', 'allowed must-change', 'state', 'state',
    ])
  })
})
