/** Whether an account of a state may be used (requirements §1.2). How it comes into one: lifecycle/transition-table.ts. Pure. */
import type { Account, AccountState } from './account.ts'

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

/** What the refusal tells beside its code: the clause of the lock, or where the password is changed (text/sign-in.ts). */
export function stateFacts({ state, lockClause }: Pick<Account, 'state' | 'lockClause'>, webUrl: string | null): Readonly<Record<string, string>> {
  switch (stateRefusal(state)) {
    case 'account-locked':
      return { lockClause: lockClause ?? 'manual' }
    case 'password-change-required':
      return webUrl === null ? {} : { changeAt: webUrl }
    case 'account-revoked':
    case null:
      return {}
  }
}
