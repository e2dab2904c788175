/**
 * What the clock alone decides about an account (requirements §1.2, §1.3 Articles 5 and 6): values, never deeds. A job
 * carries them out and audits each with its clause and decisions; the console shows the same ones as a preview.
 */
import type { LockClause } from '../account.ts'
import type { Basis } from './basis.ts'
import type { Day } from './civil-day.ts'
import type { AbsenceNotice, LockRule, ScheduledRevocation } from './facts.ts'

/** Who is told. Never only the locked mailbox itself (§1.7). */
export type Audience = 'second-channel' | 'mailbox' | 'agency-administrator' | 'operator' | 'super-administrator'

interface OnDay extends Basis {
  /** It is due at 00:00 of this day. */
  readonly on: Day
  /** The calendar of a year that it depends on is not final ("dự kiến"). */
  readonly provisional: boolean
}

export interface WarnAct extends OnDay {
  readonly kind: 'warn'
  readonly rule: LockRule
  readonly from: Day
  readonly lockOn: Day
  readonly daysBefore: number
  /** Earlier warnings of the same lock that nobody sent in their time; they are not sent any more. */
  readonly missed: readonly number[]
  readonly tell: readonly Audience[]
}

export interface LockAct extends OnDay {
  readonly kind: 'lock'
  readonly rule: LockRule
  readonly lockClause: LockClause
  readonly from: Day
  readonly lastDay: Day
  readonly tell: readonly Audience[]
}

export interface ProposeRevocationAct extends OnDay {
  readonly kind: 'propose-revocation'
  /** Last sign-in, or what stands for it. */
  readonly from: Day
  /** Notified reasons since then: 5.4 spares nobody for them, the person who decides should know them (D-9). */
  readonly absences: readonly AbsenceNotice[]
  /** A person at the Sở put it off until this day. */
  readonly again: boolean
  readonly tell: readonly Audience[]
}

export interface WithdrawProposalAct extends OnDay {
  readonly kind: 'withdraw-proposal'
  readonly from: Day
  readonly tell: readonly Audience[]
}

export interface RevokeAct extends OnDay {
  readonly kind: 'revoke'
  readonly revocation: ScheduledRevocation
  readonly tell: readonly Audience[]
}

export interface PurgeAct extends OnDay {
  readonly kind: 'purge'
  readonly revokedOn: Day
  /** First day on which another person may get the address; null: never. */
  readonly addressFreeOn: Day | null
}

export type LifecycleAct = WarnAct | LockAct | ProposeRevocationAct | WithdrawProposalAct | RevokeAct | PurgeAct
