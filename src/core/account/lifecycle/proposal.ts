/**
 * What the Sở decides about a proposal to revoke (Điều 5.1, 8.3đ; D-9): accepted by the transition `revoke-unused`, or put
 * off to a day on which it comes up again. Each is recorded with its reason.
 */
import { refused, type Basis, type Refused } from './basis.ts'
import { isDay, type Day } from './civil-day.ts'
import type { LifecycleFacts, Proposal } from './facts.ts'
import type { LifecyclePolicy } from './policy.ts'
import { may } from './roles.ts'
import type { ActingPerson } from './transition.ts'
import { monthsLater } from './terms.ts'

export interface PutOff extends Basis {
  readonly kind: 'put-off'
  readonly proposal: Proposal
}

/** Declines an open proposal until a day after today. */
export function putOffProposal(
  facts: Pick<LifecycleFacts, 'account' | 'agency' | 'proposal'>,
  wanted: { readonly until: Day; readonly reason: string; readonly actor: ActingPerson },
  policy: LifecyclePolicy,
  today: Day,
): PutOff | Refused {
  const { actor, until } = wanted
  const permission = may(actor.role, 'revocation.decide-proposal', { ownAgency: actor.agency === facts.agency, ownAccount: actor.account === facts.account })
  if (permission.kind === 'refused') return permission
  const on: Basis = { clause: permission.clause, decisions: permission.decisions }
  const { proposal } = facts
  if (proposal?.state !== 'open') return refused('proposal-missing', on)
  if (wanted.reason.trim() === '') return refused('reason-missing', on)
  if (!isDay(until) || until <= today || until > monthsLater(today, policy.revocation.maxSnoozeMonths)) {
    return refused('date-invalid', on, { until: until.slice(0, 10), maxMonths: policy.revocation.maxSnoozeMonths })
  }
  return { kind: 'put-off', ...on, proposal: { ...proposal, state: 'snoozed', until } }
}
