/**
 * What people are still to be told (requirements §1.7): kept in the same commit as the act that it is about, and taken away
 * once it is told, so that a process that dies in between loses no notice. Types only.
 */
import type { AgencyId } from '../../agency/agency.ts'
import type { Audience } from './acts.ts'

export type NoticePurpose =
  | 'warn-idle'
  | 'warn-default-password'
  | 'warn-administrator-idle'
  | 'locked'
  | 'reported'
  | 'loss-reported'
  | 'password-reset'
  | 'absence-noted'
  | 'restoration-asked'
  | 'restoration-due'
  | 'restoration-overdue'
  | 'restored'
  | 'restoration-refused'
  | 'revocation-proposed'
  | 'proposal-withdrawn'
  | 'proposal-put-off'
  | 'revocation-scheduled'
  | 'transfer-announced'
  | 'revocation-cancelled'
  | 'revoked'
  | 'revocation-undone'
  | 'request-received'
  | 'request-denied'

export interface Untold {
  readonly purpose: NoticePurpose
  readonly atMs: number
  /** Never only the locked mailbox itself. */
  readonly tell: readonly Audience[]
  /** Whose officers are told; left out: those of the account's own agency. */
  readonly agency?: AgencyId
  /** Clause, days, numbers that the text names; never a secret. */
  readonly facts: Readonly<Record<string, string | number | null>>
}
