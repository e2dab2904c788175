/**
 * What the lifecycle policies know of an account (Điều 5, 6; requirements §1.2, §1.3). Values only: a use case reads them
 * from the store, a test writes them down.
 */
import type { AgencyId } from '../../agency/agency.ts'
import type { AccountId } from '../../mailbox/mailbox.ts'
import type { OfficialDocument } from '../../request/document.ts'
import type { Account, AccountState, LockClause, Role } from '../account.ts'
import type { Day } from './civil-day.ts'

/** A notified reason (Điều 6.2a): stops the idle clock; its end counts as activity. Both days belong to it. */
export interface AbsenceNotice {
  readonly from: Day
  readonly to: Day
  readonly reason: string
  /** Number of the document, when there is one. */
  readonly document: string | null
}

/** Why the system locks by itself: 6.2a, 6.2d, or the security rule of D-19 for administrators. */
export type LockRule = 'idle' | 'default-password' | 'administrator-idle'

export interface SentWarning {
  readonly rule: LockRule
  /** The event from which the term ran: another event makes another term, with warnings of its own. */
  readonly from: Day
  readonly daysBefore: number
  /** The day that the person was told: a later calendar never makes it earlier. */
  readonly lockOn: Day
}

/** REVOKE_PROPOSED is a flag beside the state (Điều 5.4, 8.3đ). */
export interface Proposal {
  readonly state: 'open' | 'snoozed'
  /** The last sign-in (or what stands for it) that it rests on: a later one makes it void. */
  readonly from: Day
  readonly proposedOn: Day
  /** Of a snoozed one: proposed again at 00:00 of this day. */
  readonly until: Day | null
}

/** A revocation by 5.3 that the Sở has approved and that waits for its day. */
export interface ScheduledRevocation {
  readonly clause: 'Điều 5.3' | 'Điều 10.4'
  /** Not before the end of this day. */
  readonly effectiveOn: Day
  readonly document: OfficialDocument
  readonly approvedBy: AccountId
}

export interface LifecycleFacts {
  readonly account: AccountId
  readonly agency: AgencyId
  readonly role: Role
  readonly kind: Account['kind']
  readonly state: AccountState
  readonly lockClause: LockClause | null
  readonly issuedAtMs: number
  /** When the current temporary password was set, and by what; null once its owner has changed it. */
  readonly temporaryPassword: { readonly setAtMs: number; readonly by: 'issue' | 'reset' | 'restoration' } | null
  /** The owner's own change: it proves a sign-in. */
  readonly passwordChangedAtMs: number | null
  /** Last successful sign-in by any protocol, app passwords included. Failed ones do not count. */
  readonly lastSignInAtMs: number | null
  readonly lastSentAtMs: number | null
  /** Last delivery that counts by `literal-filtered` of D-8, and by `literal`: see `receivedCounts`. */
  readonly lastReceivedAtMs: { readonly filtered: number | null; readonly literal: number | null }
  readonly absences: readonly AbsenceNotice[]
  readonly warnings: readonly SentWarning[]
  readonly proposal: Proposal | null
  readonly scheduledRevocation: ScheduledRevocation | null
  readonly revokedAtMs: number | null
  /** A legal hold covers the account: nothing is purged. */
  readonly legalHold: boolean
}
