/**
 * When the clock asks for a revocation, carries out one that the Sở has approved, and purges (Điều 5.3, 5.4, 8.3đ, 10.4;
 * D-9, D-14, D-15, D-16). Nothing here revokes by itself: six months without a sign-in only make a proposal.
 */
import type { AccountState } from '../account.ts'
import type { ProposeRevocationAct, PurgeAct, RevokeAct, WithdrawProposalAct } from './acts.ts'
import { lastSignIn } from './activity.ts'
import { basis, type Basis } from './basis.ts'
import { dayAfter, dayOfInstant, type Day } from './civil-day.ts'
import type { LifecycleFacts } from './facts.ts'
import type { LifecycleRules } from './lock-terms.ts'
import { monthsLater } from './terms.ts'

export const proposalBasis: Basis = basis('Điều 8.3đ', 'D-9', 'D-15', 'D-16')
const purgeBasis: Basis = basis('Điều 5.1', 'D-14', 'D-16')

/** Locked time counts. What is revoked is not proposed again. */
const proposable: ReadonlySet<AccountState> = new Set<AccountState>(['issued', 'active', 'locked', 'restore-pending', 'must-change'])

/** The next proposal, or the withdrawal of one that a sign-in has made void; null for service mailboxes and revoked ones. */
export function pendingProposal(facts: LifecycleFacts, { policy, terms }: LifecycleRules): ProposeRevocationAct | WithdrawProposalAct | null {
  if (facts.kind === 'service' || !proposable.has(facts.state) || facts.scheduledRevocation !== null) return null
  const from = lastSignIn(facts, policy)
  const term = terms.months(from, policy.revocation.proposeAfterMonths)
  const { proposal } = facts
  if (proposal?.state === 'open') {
    // A later calendar may move the term: that alone takes no proposal back.
    if (proposal.from >= from) return null
    return { kind: 'withdraw-proposal', ...proposalBasis, on: from, from, provisional: false, tell: ['operator', 'agency-administrator'] }
  }
  const again = proposal !== null && proposal.from >= from
  return {
    kind: 'propose-revocation',
    ...proposalBasis,
    on: again && proposal.until !== null && proposal.until > term.actOn ? proposal.until : term.actOn,
    from,
    again,
    absences: facts.absences.filter(({ to }) => to >= from),
    provisional: term.provisional,
    tell: ['operator', 'agency-administrator'],
  }
}

/** A revocation is carried out after its effective day has ended: effective 30/06 runs on 01/07 at 00:00. */
export const revocationRunsOn = (effectiveOn: Day): Day => dayAfter(effectiveOn)

export function pendingRevocation(facts: LifecycleFacts): RevokeAct | null {
  const { scheduledRevocation: revocation } = facts
  if (revocation === null || !proposable.has(facts.state)) return null
  return {
    kind: 'revoke',
    ...basis(revocation.clause, 'D-14'),
    on: revocationRunsOn(revocation.effectiveOn),
    revocation,
    provisional: false,
    tell: ['agency-administrator', 'super-administrator'],
  }
}

/** When the content of a revoked account goes; null while it is not revoked or is under a legal hold. */
export function pendingPurge(facts: LifecycleFacts, { policy, terms }: LifecycleRules): PurgeAct | null {
  if (facts.state !== 'revoked' || facts.revokedAtMs === null || facts.legalHold) return null
  const revokedOn = dayOfInstant(facts.revokedAtMs)
  const { keepContentMonths, reissueAddressAfterMonths } = policy.revocation
  const { actOn, provisional } = terms.months(revokedOn, keepContentMonths)
  const addressFreeOn = reissueAddressAfterMonths === 0 ? null : dayAfter(monthsLater(revokedOn, reissueAddressAfterMonths))
  return { kind: 'purge', ...purgeBasis, on: actOn, revokedOn, addressFreeOn, provisional }
}
