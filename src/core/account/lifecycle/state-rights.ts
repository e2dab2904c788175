/**
 * What an account may do and what still happens to its mail in each state (Điều 6.1; requirements §1.2; D-13, D-14), as
 * data: protocols, delivery and the Sieve engine ask it, the console shows it.
 */
import type { AccountState } from '../account.ts'

export interface StateRights {
  /** `password-change-only`: the web's change-password screen; IMAP, POP3 and SMTP AUTH refuse with a text that says why. */
  readonly signIn: 'yes' | 'password-change-only' | 'no'
  readonly receives: boolean
  /** Forwarding rules, automatic replies, outbound filters: a hijacker's way to stay (D-13). */
  readonly ownRules: boolean
  readonly delegates: boolean
  /** The answer to mail for a full mailbox: while locked its owner cannot make room, so the sender is to try again (D-13). */
  readonly whenFull: 'refuse' | 'defer'
  /** Kept read-only for hand-over after a revocation (D-14). */
  readonly content: 'kept' | 'read-only' | 'gone'
}

const used: StateRights = { signIn: 'yes', receives: true, ownRules: true, delegates: true, whenFull: 'refuse', content: 'kept' }
const unchanged: StateRights = { ...used, signIn: 'password-change-only' }
const locked: StateRights = { signIn: 'no', receives: true, ownRules: false, delegates: false, whenFull: 'defer', content: 'kept' }

export const stateRights: Readonly<Record<AccountState, StateRights>> = {
  issued: unchanged,
  active: used,
  'must-change': unchanged,
  locked,
  'restore-pending': locked,
  revoked: { signIn: 'no', receives: false, ownRules: false, delegates: false, whenFull: 'refuse', content: 'read-only' },
  purged: { signIn: 'no', receives: false, ownRules: false, delegates: false, whenFull: 'refuse', content: 'gone' },
}
