/**
 * Whether an act may change the state of an account, and into what (requirements §1.2; roles §1.1). Pure: the use case
 * carries it out, and records actor, clause and what the clause asked for.
 */
import type { AgencyId } from '../../agency/agency.ts'
import type { AccountId } from '../../mailbox/mailbox.ts'
import { supportsLock, type CaseFile } from '../../request/case.ts'
import { checkDocument, type DocumentPolicy, type OfficialDocument } from '../../request/document.ts'
import type { AccountState, LockClause } from '../account.ts'
import { refused, type Basis, type Refused } from './basis.ts'
import { isDay, type Day } from './civil-day.ts'
import type { LifecycleFacts } from './facts.ts'
import type { LifecycleRules } from './lock-terms.ts'
import { pendingPurge, revocationRunsOn } from './revocation-terms.ts'
import { may, type ActingRole } from './roles.ts'
import { transitionTable, type Need, type TransitionName, type TransitionRule } from './transition-table.ts'

export interface ActingPerson {
  readonly role: ActingRole
  readonly agency: AgencyId
  readonly account: AccountId
}

/** Why an account is locked by 6.2b. */
export type CompromiseGround = 'hijacked' | 'leaked' | 'forgotten' | 'lost' | 'spam-or-malware'

/** What the act brings with it; what it does not need is ignored. */
export interface Evidence {
  readonly document?: OfficialDocument | null
  readonly ground?: CompromiseGround | null
  /** Number of the information security authority's warning (6.2b). */
  readonly warning?: string | null
  readonly case?: CaseFile | null
  /** Number of the Sở's order to the operator. */
  readonly order?: string | null
  readonly reason?: string | null
  readonly decision?: string | null
  readonly effectiveOn?: Day | null
  /** Who at the Sở approved what the clock carries out. */
  readonly approvedBy?: AccountId | null
}

/** Enough of an account to decide; of one that is to be made only its agency. */
export type TransitionFacts = Pick<LifecycleFacts, 'agency'> & { readonly existing: LifecycleFacts | null }

export interface TransitionRequest {
  readonly act: TransitionName
  readonly actor: ActingPerson | 'clock'
  readonly evidence: Evidence
}

export interface TransitionRules extends LifecycleRules {
  readonly documents: DocumentPolicy
}

export interface Transition extends Basis {
  readonly kind: 'allowed'
  readonly from: AccountState | null
  readonly to: AccountState
  readonly lockClause: LockClause | null
  /** The Sở must be told (an operator's lock, an agency's suspension). */
  readonly reportToOwner: boolean
  /** sessions, tokens and app passwords end within a minute. */
  readonly endSessions: boolean
}

/** All is in order, only the day has not come: it may be approved now and runs by itself at 00:00 of `on`. */
export interface ScheduledTransition extends Basis {
  readonly kind: 'scheduled'
  readonly to: AccountState
  readonly on: Day
}

export type TransitionDecision = Transition | ScheduledTransition | Refused

/** The act by which an administrator gives a new temporary password in this state (D-10). */
export const passwordResetOf = (state: AccountState): TransitionName => (state === 'issued' || state === 'must-change' ? 'reissue-password' : 'reset-password')

/** Decides by role first, then by state, then by what the clause asks for. */
export function decideTransition(request: TransitionRequest, facts: TransitionFacts, rules: TransitionRules, today: Day): TransitionDecision {
  const rule = transitionTable[request.act]
  const permission = permissionOf(request, facts, rule)
  if (permission.kind === 'refused') return permission
  const from = facts.existing?.state ?? null
  if (!rule.from.includes(from)) return wrongState(request, rule, from)
  for (const need of rule.needs) {
    const missing = missingFor(need, request, { rule, facts: facts.existing, rules, today })
    if (missing !== null) return missing
  }
  const to = rule.to === 'same' ? (from ?? 'issued') : rule.to
  const runsOn = rule.needs.includes('effective-date') ? revocationRunsOn(request.evidence.effectiveOn ?? today) : today
  if (runsOn > today) return { kind: 'scheduled', ...rule.basis, to, on: runsOn }
  return {
    kind: 'allowed',
    ...rule.basis,
    from,
    to,
    lockClause: rule.lockClause === 'as-before' ? (facts.existing?.lockClause ?? 'manual') : rule.lockClause,
    reportToOwner: permission.reportToOwner,
    endSessions: to !== 'active' && from !== null && from !== 'locked' && from !== 'revoked',
  }
}

function permissionOf({ actor, evidence }: TransitionRequest, { agency, existing }: TransitionFacts, rule: TransitionRule): Refused | { readonly kind: 'allowed'; readonly reportToOwner: boolean } {
  if (actor !== 'clock') {
    return may(actor.role, rule.action, { ownAgency: actor.agency === agency, ownAccount: actor.account === existing?.account, order: evidence.order ?? null })
  }
  if (!rule.byClock) return refused('role', rule.basis, { role: 'clock', action: rule.action })
  // Only the Sở revokes (5.1): the clock carries out what it has approved.
  if (rule.action === 'revocation.carry-out' && blank(evidence.approvedBy)) return refused('approval-missing', rule.basis)
  return { kind: 'allowed', reportToOwner: false }
}

function wrongState({ act }: TransitionRequest, rule: TransitionRule, from: AccountState | null): Refused {
  const locked = from === 'locked' || from === 'restore-pending'
  // D-10: what the focal officer does for an unlocked account goes by 6.3 for a locked one.
  return refused(locked && act === 'reset-password' ? 'locked' : 'state', rule.basis, { act, from, to: rule.to })
}

const blank = (text: string | null | undefined): boolean => (text ?? '').trim() === ''

interface Circumstances {
  readonly rule: TransitionRule
  readonly facts: LifecycleFacts | null
  readonly rules: TransitionRules
  readonly today: Day
}

/** The refusal when the need is not met; null when it is. */
function missingFor(need: Need, { actor, evidence }: TransitionRequest, { rule, facts, rules, today }: Circumstances): Refused | null {
  switch (need) {
    case 'document':
      // The clock carries out what was judged when it was approved.
      if (actor === 'clock' && evidence.document) return null
      return checkDocument(evidence.document ?? null, { receivedOn: today, policy: rules.documents, basis: rule.basis })
    case 'ground':
      if (blank(evidence.ground)) return refused('ground-missing', rule.basis)
      return evidence.ground === 'spam-or-malware' && blank(evidence.warning) ? refused('warning-missing', rule.basis) : null
    case 'case':
      if (!evidence.case) return refused('case-missing', rule.basis)
      return facts !== null && supportsLock(evidence.case, facts.account) ? null : refused('case-invalid', rule.basis, { case: evidence.case.id })
    case 'reason':
      return blank(evidence.reason) ? refused('reason-missing', rule.basis) : null
    case 'decision':
      return blank(evidence.decision) ? refused('decision-missing', rule.basis) : null
    case 'proposal':
      return facts?.proposal?.state === 'open' ? null : refused('proposal-missing', rule.basis)
    case 'effective-date':
      if (!evidence.effectiveOn) return refused('effective-date-missing', rule.basis)
      return isDay(evidence.effectiveOn) ? null : refused('date-invalid', rule.basis)
    case 'content':
    case 'hold-ended':
      return purgeRefusal(need, rule, facts, { rules, today })
  }
}

/** D-14: undone while the content is kept, purged when its term is over and no legal hold stands. */
function purgeRefusal(need: 'content' | 'hold-ended', rule: TransitionRule, facts: LifecycleFacts | null, now: Pick<Circumstances, 'rules' | 'today'>): Refused | null {
  if (facts === null) return refused('state', rule.basis)
  const purge = pendingPurge(facts, now.rules)
  if (need === 'content') return purge !== null && purge.on <= now.today ? refused('content-purged', rule.basis, { on: purge.on }) : null
  if (purge === null) return refused('legal-hold', rule.basis)
  return purge.on > now.today ? refused('too-early', rule.basis, { on: purge.on }) : null
}
