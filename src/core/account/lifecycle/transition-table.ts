/**
 * The account state machine of requirements §1.2 as data (Điều 5, 6, 9.1, 10.4, 10.8): from, to, clause, who may, and what
 * the clause asks for. `decideTransition` in transition.ts is its only reader.
 *
 * RESTORE_PENDING is "still locked" (§1.2), so what may happen to a locked account by 5.3, 8.3đ and 10.4 may happen to it
 * too. A lock ends by the procedure of 6.3 and in no other way (D-10).
 */
import type { AccountState, LockClause } from '../account.ts'
import { basis, type Basis } from './basis.ts'
import type { Action } from './roles.ts'

export type TransitionName =
  | 'issue'
  | 'first-password'
  | 'reset-password'
  | 'reissue-password'
  | 'changed-password'
  | 'lock-idle'
  | 'lock-idle-administrator'
  | 'lock-default-password'
  | 'lock-compromised'
  | 'lock-prohibited-use'
  | 'suspend'
  | 'ask-restoration'
  | 'restore'
  | 'refuse-restoration'
  | 'revoke-leaver'
  | 'revoke-listed'
  | 'revoke-unused'
  | 'undo-revocation'
  | 'purge'

/** What the act must bring with it; each missing one is a refusal of its own. */
export type Need =
  /** Number, date and file (R-6.3a, 5.3, 10.4). */
  | 'document'
  /** Ground of 6.2b; for spam and malware the number of the authority's warning. */
  | 'ground'
  | 'case'
  | 'reason'
  /** A decision on record, with its reason. */
  | 'decision'
  /** The proposal of 8.3đ, open. */
  | 'proposal'
  | 'effective-date'
  /** The revoked content is still there. */
  | 'content'
  /** The term of D-14 is over and no legal hold stands. */
  | 'hold-ended'

export interface TransitionRule {
  /** Null: there is no account yet. */
  readonly from: readonly (AccountState | null)[]
  /** `same`: only the temporary password is another. */
  readonly to: AccountState | 'same'
  /** What the account keeps as the clause of its lock; `as-before` keeps what it has. */
  readonly lockClause: LockClause | 'as-before' | null
  readonly basis: Basis
  /** The row of the role table that people need. */
  readonly action: Action
  /** The clock does it; where people may do it too, their approval is on record. */
  readonly byClock: boolean
  readonly needs: readonly Need[]
}

const unlocked = ['issued', 'active', 'must-change'] as const
const living = [...unlocked, 'locked', 'restore-pending'] as const

export const transitionTable: Readonly<Record<TransitionName, TransitionRule>> = {
  issue: { from: [null], to: 'issued', lockClause: null, basis: basis('Điều 5.2'), action: 'account.create', byClock: false, needs: [] },
  'first-password': {
    from: ['issued'], to: 'active', lockClause: null, basis: basis('Điều 9.1'), action: 'account.change-own-password', byClock: false, needs: [],
  },
  'reset-password': {
    from: ['active'], to: 'must-change', lockClause: null, basis: basis('Điều 10.8, 11.3', 'D-10'), action: 'account.reset-password', byClock: false, needs: [],
  },
  'reissue-password': {
    from: ['issued', 'must-change'], to: 'same', lockClause: null, basis: basis('Điều 10.8, 11.3', 'D-10'), action: 'account.reset-password', byClock: false, needs: [],
  },
  'changed-password': {
    from: ['must-change'], to: 'active', lockClause: null, basis: basis('Điều 6.3c, 9.1'), action: 'account.change-own-password', byClock: false, needs: [],
  },
  'lock-idle': {
    from: ['active'], to: 'locked', lockClause: '6.2a', basis: basis('Điều 6.2a', 'D-8', 'D-15', 'D-16'), action: 'account.lock-by-clock', byClock: true, needs: [],
  },
  'lock-idle-administrator': {
    from: ['active'], to: 'locked', lockClause: 'manual', basis: basis('TCVN 14423:2026 5.6.2.3', 'D-19', 'D-16'), action: 'account.lock-by-clock', byClock: true, needs: [],
  },
  'lock-default-password': {
    from: ['issued', 'must-change'], to: 'locked', lockClause: '6.2d', basis: basis('Điều 6.2d', 'D-12', 'D-16'), action: 'account.lock-by-clock', byClock: true, needs: [],
  },
  'lock-compromised': {
    from: unlocked, to: 'locked', lockClause: '6.2b', basis: basis('Điều 6.2b'), action: 'account.lock', byClock: false, needs: ['ground'],
  },
  'lock-prohibited-use': {
    from: unlocked, to: 'locked', lockClause: '6.2c', basis: basis('Điều 6.2c'), action: 'account.lock', byClock: false, needs: ['case'],
  },
  suspend: {
    from: unlocked, to: 'locked', lockClause: 'manual', basis: basis('Điều 6.2'), action: 'account.suspend', byClock: false, needs: ['reason'],
  },
  'ask-restoration': {
    from: ['locked'], to: 'restore-pending', lockClause: 'as-before', basis: basis('Điều 6.3a'), action: 'restoration.ask', byClock: false, needs: ['document'],
  },
  restore: {
    from: ['restore-pending'], to: 'must-change', lockClause: null, basis: basis('Điều 6.3b', 'D-11', 'D-12'), action: 'restoration.carry-out', byClock: false, needs: [],
  },
  'refuse-restoration': {
    from: ['restore-pending'], to: 'locked', lockClause: 'as-before', basis: basis('Điều 6.3b'), action: 'restoration.refuse', byClock: false, needs: ['decision'],
  },
  'revoke-leaver': {
    from: living, to: 'revoked', lockClause: null, basis: basis('Điều 5.3', 'D-14'), action: 'revocation.carry-out', byClock: true, needs: ['document', 'effective-date'],
  },
  'revoke-listed': {
    from: living, to: 'revoked', lockClause: null, basis: basis('Điều 10.4', 'D-14'), action: 'revocation.carry-out', byClock: true, needs: ['document'],
  },
  'revoke-unused': {
    from: living, to: 'revoked', lockClause: null, basis: basis('Điều 5.4, 8.3đ', 'D-9', 'D-14'), action: 'revocation.carry-out', byClock: false, needs: ['proposal'],
  },
  'undo-revocation': {
    from: ['revoked'], to: 'locked', lockClause: 'manual', basis: basis('Điều 5.1', 'D-14'), action: 'revocation.undo', byClock: false, needs: ['decision', 'content'],
  },
  purge: {
    from: ['revoked'], to: 'purged', lockClause: null, basis: basis('Điều 5.1', 'D-14', 'D-16'), action: 'content.purge-by-clock', byClock: true, needs: ['hold-ended'],
  },
}
