/**
 * When the clock locks an account: 6.2a idle, 6.2d default password, D-19 idle administrators; and the warnings before it
 * (R-6.2a, R-6.2d). Terms end by the working calendar (D-16).
 *
 * A day that a person was told stays: when another calendar gives an earlier one, the told day holds (§1.6).
 */
import type { LockClause } from '../account.ts'
import type { LockAct, WarnAct } from './acts.ts'
import { idleTerm, lastActivity, lastSignIn } from './activity.ts'
import { basis, type Basis } from './basis.ts'
import { addDays, dayOfInstant, latest, type Day } from './civil-day.ts'
import type { LifecycleFacts, LockRule } from './facts.ts'
import type { LifecyclePolicy } from './policy.ts'
import type { Term, Terms } from './terms.ts'

/** What the policies decide by: the numbers, and one version of the calendar. */
export interface LifecycleRules {
  readonly policy: LifecyclePolicy
  readonly terms: Terms
}

export const lockBases: Readonly<Record<LockRule, Basis>> = {
  idle: basis('Điều 6.2a', 'D-8', 'D-15', 'D-16'),
  'default-password': basis('Điều 6.2d', 'D-12', 'D-16'),
  'administrator-idle': basis('TCVN 14423:2026 5.6.2.3', 'D-19', 'D-16'),
}

/** What the account keeps as its clause. D-19 is no lock of Điều 6.2. */
const lockClauses: Readonly<Record<LockRule, LockClause>> = { idle: '6.2a', 'default-password': '6.2d', 'administrator-idle': 'manual' }

export interface PendingLock {
  readonly rule: LockRule
  readonly term: Term
  /** `term.actOn`, or the later day that was told. */
  readonly lockOn: Day
}

/** The lock that comes first if nothing happens; null when no clock runs. */
export function pendingLock(facts: LifecycleFacts, rules: LifecycleRules): PendingLock | null {
  // Service mailboxes are made outside of Điều 4 and belong to nobody who could sign in.
  if (facts.kind === 'service') return null
  if (facts.state === 'issued' || facts.state === 'must-change') return defaultPasswordLock(facts, rules)
  if (facts.state !== 'active') return null
  const idle = idleLock(facts, rules)
  const administrator = administratorLock(facts, rules)
  return administrator !== null && administrator.lockOn < idle.lockOn ? administrator : idle
}

function idleLock(facts: LifecycleFacts, { policy, terms }: LifecycleRules): PendingLock {
  const termFrom = (from: Day): Term => toldTerm(facts, 'idle', terms.months(from, policy.idle.months))
  return lockOf('idle', idleTerm(lastActivity(facts, policy), facts.absences, termFrom))
}

function administratorLock(facts: LifecycleFacts, { policy, terms }: LifecycleRules): PendingLock | null {
  if (facts.role === 'individual') return null
  const term = terms.days(lastSignIn(facts, policy), policy.administrators.idleDays)
  return lockOf('administrator-idle', toldTerm(facts, 'administrator-idle', term))
}

function defaultPasswordLock(facts: LifecycleFacts, { policy, terms }: LifecycleRules): PendingLock | null {
  const { temporaryPassword } = facts
  if (temporaryPassword?.by === 'restoration' && !policy.defaultPassword.restartAfterRestoration) return null
  const setOn = dayOfInstant(temporaryPassword?.setAtMs ?? facts.issuedAtMs)
  const from = latest(policy.regulation.effectiveFrom, setOn) ?? setOn
  return lockOf('default-password', toldTerm(facts, 'default-password', terms.months(from, policy.defaultPassword.months)))
}

const lockOf = (rule: LockRule, term: Term): PendingLock => ({ rule, term, lockOn: term.actOn })

/** The term, no earlier than the latest day that was told for the same event. */
function toldTerm(facts: LifecycleFacts, rule: LockRule, term: Term): Term {
  const told = facts.warnings.filter((one) => one.rule === rule && one.from === term.from).map(({ lockOn }) => lockOn)
  const actOn = latest(term.actOn, ...told) ?? term.actOn
  return actOn === term.actOn ? term : { ...term, actOn, lastDay: addDays(actOn, -1) }
}

export function lockActOf({ rule, term, lockOn }: PendingLock): LockAct {
  return {
    kind: 'lock',
    ...lockBases[rule],
    rule,
    lockClause: lockClauses[rule],
    on: lockOn,
    from: term.from,
    lastDay: term.lastDay,
    provisional: term.provisional,
    tell: rule === 'administrator-idle' ? ['second-channel', 'agency-administrator', 'super-administrator'] : ['second-channel', 'agency-administrator'],
  }
}

/** The warnings of this lock that were not sent yet, the earliest first. */
export function pendingWarnings(facts: LifecycleFacts, { rule, term, lockOn }: PendingLock, policy: LifecyclePolicy): readonly WarnAct[] {
  const days = { idle: policy.idle, 'default-password': policy.defaultPassword, 'administrator-idle': policy.administrators }[rule].warnDaysBefore
  return days
    .toSorted((a, b) => b - a)
    .filter((daysBefore) => !facts.warnings.some((one) => one.rule === rule && one.from === term.from && one.daysBefore === daysBefore))
    .map((daysBefore) => ({
      kind: 'warn',
      ...lockBases[rule],
      rule,
      on: addDays(lockOn, -daysBefore),
      from: term.from,
      lockOn,
      daysBefore,
      missed: [],
      provisional: term.provisional,
      tell: ['second-channel', 'agency-administrator'],
    }))
}
