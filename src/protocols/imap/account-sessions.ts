/** How many sessions each account has open, so that one account cannot take every place. */
import { MailError } from '../../core/errors.ts'
import type { AccountId } from '../../core/mailbox/mailbox.ts'

export interface AccountSessions {
  /** Refuses `limit-reached`. */
  admit(account: AccountId): void
  joined(account: AccountId): void
  left(account: AccountId): void
}

export function createAccountSessions(maxPerAccount: number): AccountSessions {
  const open = new Map<AccountId, number>()
  return {
    admit(account) {
      if ((open.get(account) ?? 0) >= maxPerAccount) throw new MailError('limit-reached', undefined, { limit: maxPerAccount })
    },
    joined(account) {
      open.set(account, (open.get(account) ?? 0) + 1)
    },
    left(account) {
      const left = (open.get(account) ?? 1) - 1
      if (left > 0) open.set(account, left)
      else open.delete(account)
    },
  }
}
