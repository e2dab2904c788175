/**
 * The nightly decision about one account, and the preview of days to come: the same function over the same facts
 * (design §5.9). `decide` gives the acts that are due on a day, in the order in which they are carried out; a run that was
 * missed is made up for, and no act is given twice once `afterAct` or the store has noted it.
 */
import type { LifecycleAct, WarnAct } from './acts.ts'
import { startOfDayMs, type Day } from './civil-day.ts'
import type { LifecycleFacts, SentWarning } from './facts.ts'
import { lockActOf, pendingLock, pendingWarnings, type LifecycleRules } from './lock-terms.ts'
import { pendingProposal, pendingPurge, pendingRevocation } from './revocation-terms.ts'

/** All acts that will come if nothing else happens in the account's present state, not ordered. */
export function pendingActs(facts: LifecycleFacts, rules: LifecycleRules): readonly LifecycleAct[] {
  const acts: LifecycleAct[] = []
  const revocation = pendingRevocation(facts)
  if (revocation !== null) acts.push(revocation)
  const lock = pendingLock(facts, rules)
  // One that leaves before the lock is not warned of it.
  if (lock !== null && (revocation === null || revocation.on > lock.lockOn)) {
    acts.push(lockActOf(lock), ...pendingWarnings(facts, lock, rules.policy))
  }
  const proposal = pendingProposal(facts, rules)
  if (proposal !== null) acts.push(proposal)
  const purge = pendingPurge(facts, rules)
  if (purge !== null) acts.push(purge)
  return acts
}

const order: readonly LifecycleAct['kind'][] = ['revoke', 'lock', 'warn', 'withdraw-proposal', 'propose-revocation', 'purge']

/** More acts than an account can have on one day: a rule that repeats itself is a bug. */
const maxActsOfDay = 10

/** What is to be done with the account on that day (00:00 in Vietnam), overdue acts included. */
export function decide(facts: LifecycleFacts, rules: LifecycleRules, today: Day): readonly LifecycleAct[] {
  return decideAndApply(facts, rules, today).acts
}

function decideAndApply(before: LifecycleFacts, rules: LifecycleRules, today: Day): { readonly acts: readonly LifecycleAct[]; readonly facts: LifecycleFacts } {
  const acts: LifecycleAct[] = []
  let facts = before
  for (;;) {
    const act = firstDue(pendingActs(facts, rules), today)
    if (act === null) return { acts, facts }
    if (acts.length >= maxActsOfDay) throw new Error(`the lifecycle of ${facts.account} does not come to rest on ${today}: ${act.kind}`)
    acts.push(act)
    facts = afterAct(facts, act, today)
  }
}

function firstDue(pending: readonly LifecycleAct[], today: Day): LifecycleAct | null {
  const due = pending.filter(({ on }) => on <= today)
  for (const kind of order) {
    const found = due.filter((act) => act.kind === kind)
    if (kind === 'warn' && found.length > 0) return latestWarning(found.filter((act) => act.kind === 'warn'))
    if (found[0] !== undefined) return found[0]
  }
  return null
}

/** Of several that are due at once only the last is sent. */
function latestWarning(due: readonly WarnAct[]): WarnAct {
  const [last, ...missed] = due.toSorted((a, b) => a.daysBefore - b.daysBefore)
  return { ...last!, missed: missed.map(({ daysBefore }) => daysBefore) }
}

/** The facts once the act has been carried out on that day. */
export function afterAct(facts: LifecycleFacts, act: LifecycleAct, today: Day): LifecycleFacts {
  switch (act.kind) {
    case 'warn':
      return { ...facts, warnings: [...facts.warnings, ...warningsOf(act)] }
    case 'lock':
      return { ...facts, state: 'locked', lockClause: act.lockClause }
    case 'propose-revocation':
      return { ...facts, proposal: { state: 'open', from: act.from, proposedOn: today, until: null } }
    case 'withdraw-proposal':
      return { ...facts, proposal: null }
    case 'revoke':
      return { ...facts, state: 'revoked', lockClause: null, proposal: null, scheduledRevocation: null, revokedAtMs: startOfDayMs(today) }
    case 'purge':
      return { ...facts, state: 'purged' }
  }
}

/** What is to be noted of a warning that was sent: itself and those that it stands for. */
export function warningsOf({ rule, from, lockOn, daysBefore, missed }: WarnAct): readonly SentWarning[] {
  return [daysBefore, ...missed].map((days) => ({ rule, from, daysBefore: days, lockOn }))
}

export interface PlannedAct {
  /** The day on which it is carried out; later than `act.on` only for what is overdue on the first day. */
  readonly day: Day
  readonly act: LifecycleAct
}

/** Everything that happens from `today` to `until`, both included, if nobody does anything. */
export function timeline(facts: LifecycleFacts, rules: LifecycleRules, span: { readonly today: Day; readonly until: Day }): readonly PlannedAct[] {
  const planned: PlannedAct[] = []
  let now = facts
  for (let day: Day | null = span.today; day !== null && day <= span.until; day = nextDay(now, rules, day)) {
    const { acts, facts: after } = decideAndApply(now, rules, day)
    for (const act of acts) planned.push({ day, act })
    now = after
  }
  return planned
}

function nextDay(facts: LifecycleFacts, rules: LifecycleRules, day: Day): Day | null {
  let next: Day | null = null
  for (const { on } of pendingActs(facts, rules)) if (on > day && (next === null || on < next)) next = on
  return next
}

/** "What happens on that day, and by which clause", as seen today (issue: `congvu lifecycle preview --on DATE`). */
export function preview(facts: LifecycleFacts, rules: LifecycleRules, days: { readonly today: Day; readonly on: Day }): readonly LifecycleAct[] {
  return timeline(facts, rules, { today: days.today, until: days.on })
    .filter(({ day }) => day === days.on)
    .map(({ act }) => act)
}
