/** Accounts, their states and addresses (Điều 4.2, 5, 6; regulation 1.2). Types only. */
import type { AgencyId } from '../agency/agency.ts'
import type { AccountId } from '../mailbox/mailbox.ts'

/** Regulation 1.2. `issued` and `must-change` may only change their password. */
export type AccountState = 'issued' | 'active' | 'locked' | 'restore-pending' | 'must-change' | 'revoked' | 'purged'

/** IN, AA, OP, SA of regulation 1.1, and who reads for an inspection (Điều 12.2c). */
export type Role = 'individual' | 'agency-administrator' | 'operator' | 'super-administrator' | 'inspector'

/** Điều 6.2 a-d, or a manual lock. */
export type LockClause = '6.2a' | '6.2b' | '6.2c' | '6.2d' | 'manual'

export interface Account {
  readonly id: AccountId
  readonly agency: AgencyId
  /** Primary address, lower case. */
  readonly address: string
  readonly name: string
  readonly kind: 'person' | 'agency' | 'unit' | 'service'
  readonly role: Role
  readonly state: AccountState
  readonly lockClause: LockClause | null
  readonly quotaBytes: number
  readonly usedBytes: number
  /** PHC string of argon2id, or null when nobody can sign in with a password. */
  readonly passwordHash: string | null
  /** Grows with every change of a credential or state; remembered sign-ins of an older version are void (design §5.16). */
  readonly credentialVersion: number
  readonly createdAtMs: number
  /** The account's modseq. */
  readonly modseq: number
}

/** An address and who is behind it. `primary` is the account's own; others are aliases. */
export interface Address {
  /** Lower case `local@domain`. */
  readonly address: string
  readonly account: AccountId
  readonly primary: boolean
}
