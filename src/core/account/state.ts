/**
 * The account state machine (regulation 1.2; Điều 5, 6). Pure.
 *
 * `active` is reached by the owner's own change of password and in no other way, except where the installation allows
 * active accounts (service and test mailboxes).
 */
import { MailError } from '../errors.ts'
import type { AccountState } from './account.ts'

const transitions: Readonly<Record<AccountState, readonly AccountState[]>> = {
  // 6.2b, 6.2c and 6.2d lock a new account too; 5.3 revokes it.
  issued: ['active', 'locked', 'revoked'],
  // `must-change`: its administrator has reset the password (Điều 10.8).
  active: ['must-change', 'locked', 'revoked'],
  // 6.3a asks for its restoration; 6.3b and c restore it.
  locked: ['restore-pending', 'must-change', 'revoked'],
  'restore-pending': ['must-change', 'locked', 'revoked'],
  'must-change': ['active', 'locked', 'revoked'],
  // A revocation can be undone while the content is kept; then 6.3 applies.
  revoked: ['locked', 'purged'],
  purged: [],
}

export interface TransitionRules {
  /** `security.allow_active_accounts` */
  readonly allowActive: boolean
}

/** Refuses `not-permitted` when an administrator may not put an account of state `from` into state `to`. */
export function requireTransition(from: AccountState, to: AccountState, rules: TransitionRules): void {
  if (from === to) return
  const open = transitions[from]
  const reachable = to === 'active' ? rules.allowActive && from !== 'revoked' && from !== 'purged' : open.includes(to)
  if (!reachable) throw new MailError('not-permitted', `${from} does not become ${to}`, { reason: 'transition', from, to })
}

/** Why an account of this state may not be used although its password is right; null when it may. */
export function stateRefusal(state: AccountState): 'account-locked' | 'account-revoked' | 'password-change-required' | null {
  switch (state) {
    case 'active':
      return null
    case 'locked':
    case 'restore-pending':
      return 'account-locked'
    case 'revoked':
    case 'purged':
      return 'account-revoked'
    case 'issued':
    case 'must-change':
      return 'password-change-required'
  }
}
