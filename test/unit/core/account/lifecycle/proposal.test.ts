/** What the Sở decides about proposals (8.3đ), what a notice of absence must say (6.2a), and the lists that lock nobody. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readAbsence } from '../../../../../src/core/account/lifecycle/activity.ts'
import { mailErrorOf, refusalClass, refused, basis } from '../../../../../src/core/account/lifecycle/basis.ts'
import { idleLists } from '../../../../../src/core/account/lifecycle/idle-report.ts'
import { putOffProposal } from '../../../../../src/core/account/lifecycle/proposal.ts'
import { refusalTexts } from '../../../../../src/core/account/lifecycle/refusal-texts.ts'
import { stateRights } from '../../../../../src/core/account/lifecycle/state-rights.ts'
import { account, at, people, regulation, rules } from './samples.ts'

describe('putting a proposal off', () => {
  const open = account({ state: 'locked', proposal: { state: 'open', from: '2026-05-10', proposedOn: '2026-11-11', until: null } })
  const wanted = { until: '2027-02-01', reason: 'Đang nghỉ thai sản', actor: people.sa }
  const rows: readonly (readonly [title: string, facts: typeof open, changed: Partial<Parameters<typeof putOffProposal>[1]>, code: string])[] = [
    ['by the operator', open, { actor: people.op }, 'role'],
    ['by the agency', open, { actor: people.aa }, 'role'],
    ['without a reason', open, { reason: '  ' }, 'reason-missing'],
    ['until today', open, { until: '2026-11-12' }, 'date-invalid'],
    ['for more than a year', open, { until: '2027-11-13' }, 'date-invalid'],
    ['to a day that does not exist', open, { until: '2027-02-30' }, 'date-invalid'],
    ['that does not exist', { ...open, proposal: null }, {}, 'proposal-missing'],
  ]
  for (const [title, facts, changed, code] of rows) {
    it(`${title}: ${code}`, () => {
      const decision = putOffProposal(facts, { ...wanted, ...changed }, regulation, '2026-11-12')
      assert.equal(decision.kind === 'refused' ? decision.code : decision.kind, code)
    })
  }

  it('by the Sở, with a reason, until a day', () => {
    const decision = putOffProposal(open, wanted, regulation, '2026-11-12')
    assert.ok(decision.kind === 'put-off')
    assert.deepEqual(decision.proposal, { state: 'snoozed', from: '2026-05-10', proposedOn: '2026-11-11', until: '2027-02-01' })
    assert.equal(decision.clause, 'Điều 5.1, 8.3đ')
  })
})

describe('a notice of absence', () => {
  const notice = { from: '2026-06-01', to: '2026-12-01', reason: ' Nghỉ thai sản ', document: '' }
  const read = (changed: Partial<typeof notice>, policy = regulation): string => {
    const result = readAbsence({ ...notice, ...changed }, policy)
    return 'kind' in result ? result.code : `${result.reason}/${result.document}`
  }
  it('has days and a reason; a document only where the setting asks for one', () => {
    assert.equal(read({}), 'Nghỉ thai sản/null')
    assert.equal(read({ document: ' 3/QĐ-SKHCN ' }), 'Nghỉ thai sản/3/QĐ-SKHCN')
    assert.equal(read({}, { ...regulation, idle: { ...regulation.idle, absenceNeedsDocument: true } }), 'document-missing')
  })
  it('is refused without a reason, with days in the wrong order, or for longer than the setting', () => {
    assert.equal(read({ reason: ' ' }), 'reason-missing')
    assert.equal(read({ reason: 'x'.repeat(1001) }), 'reason-missing')
    assert.equal(read({ to: '2026-05-31' }), 'date-invalid')
    assert.equal(read({ to: '2026-06-31' }), 'date-invalid')
    assert.equal(read({ to: '2028-06-02' }), 'date-invalid')
  })
})

describe('lists that lock nobody', () => {
  it('no sign-in for 7 days, more than 45 days, three months while mail still comes (D-8, D-19)', () => {
    const facts = account({ lastSignInAtMs: at('2026-05-11'), lastReceivedAtMs: { filtered: at('2026-08-10'), literal: at('2026-08-10') } })
    const on = (day: string): string => idleLists(facts, rules, day).join(' ')
    assert.equal(on('2026-05-17'), '')
    assert.equal(on('2026-05-18'), 'no-sign-in-lately')
    assert.equal(on('2026-06-25'), 'no-sign-in-lately')
    assert.equal(on('2026-06-26'), 'long-idle no-sign-in-lately')
    assert.equal(on('2026-08-11'), 'long-idle no-sign-in-lately')
    assert.equal(on('2026-08-12'), 'receiving-without-sign-in long-idle no-sign-in-lately')
  })
  it('a locked account is on none', () => assert.deepEqual(idleLists(account({ state: 'locked' }), rules, '2027-01-01'), []))
})

describe('refusals', () => {
  it('become errors that name code, class, clause and decision', () => {
    const error = mailErrorOf(refused('case-missing', basis('Điều 6.2c', 'D-10')))
    assert.equal(error.code, 'argument-invalid')
    assert.deepEqual(error.detail, { reason: 'case-missing', class: 'unprocessable', clause: 'Điều 6.2c', decisions: 'D-10' })
    assert.equal(mailErrorOf(refused('role', basis('Điều 5.1'))).code, 'not-permitted')
    assert.equal(mailErrorOf(refused('state', basis('Điều 5.1'))).temporary, false)
  })
  it('have a text in Vietnamese and in English, and a class', () => {
    for (const [code, { vi, en }] of Object.entries(refusalTexts)) {
      assert.ok(vi.endsWith('.') && en.endsWith('.') && vi !== en, code)
      assert.ok(['forbidden', 'conflict', 'unprocessable'].includes(refusalClass(code as keyof typeof refusalTexts)))
    }
  })
})

describe('rights of a state (Điều 6.1, D-13, D-14)', () => {
  it('a locked account receives and nothing else; a full one is tried again by the sender', () => {
    for (const state of ['locked', 'restore-pending'] as const) {
      assert.deepEqual(stateRights[state], { signIn: 'no', receives: true, ownRules: false, delegates: false, whenFull: 'defer', content: 'kept' })
    }
  })
  it('ISSUED and MUST_CHANGE only change their password; REVOKED receives nothing and is read-only', () => {
    assert.deepEqual([stateRights.issued.signIn, stateRights['must-change'].signIn, stateRights.active.signIn], ['password-change-only', 'password-change-only', 'yes'])
    assert.deepEqual([stateRights.revoked.receives, stateRights.revoked.content, stateRights.purged.content], [false, 'read-only', 'gone'])
  })
})
