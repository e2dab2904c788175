/**
 * Lists that lock nobody: accounts that receive but are not used (D-8), idle for 45 days (D-19, TCVN 14423:2026 5.6.2.3),
 * and people to be reminded of their mail (R-10.9, Điều 10.9, 11.1). Pure.
 */
import { lastActivity, lastSignIn } from './activity.ts'
import { basis, type Basis } from './basis.ts'
import { daysBetween, type Day } from './civil-day.ts'
import type { LifecycleFacts } from './facts.ts'
import type { LifecycleRules } from './lock-terms.ts'

export type IdleListName = 'receiving-without-sign-in' | 'long-idle' | 'no-sign-in-lately'

export const idleListBases: Readonly<Record<IdleListName, Basis>> = {
  'receiving-without-sign-in': basis('Điều 6.2a', 'D-8'),
  'long-idle': basis('TCVN 14423:2026 5.6.2.3', 'D-19'),
  'no-sign-in-lately': basis('Điều 10.9, 11.1'),
}

/** The lists on which an account in use stands today; a person looks at them. */
export function idleLists(facts: LifecycleFacts, { policy, terms }: LifecycleRules, today: Day): readonly IdleListName[] {
  if (facts.state !== 'active' || facts.kind === 'service') return []
  const signedIn = lastSignIn(facts, policy)
  const daysWithout = daysBetween(signedIn, today)
  const lists: IdleListName[] = []
  const receives = lastActivity(facts, policy) > signedIn
  if (receives && terms.months(signedIn, policy.idle.months).actOn <= today) lists.push('receiving-without-sign-in')
  if (daysWithout > policy.reminders.idleReportDays) lists.push('long-idle')
  if (daysWithout >= policy.reminders.noSignInDays) lists.push('no-sign-in-lately')
  return lists
}
