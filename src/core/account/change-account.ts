/**
 * Changing what an account is: locks (Điều 6.1-6.3) and other states (regulation 1.2), each audited with before and after.
 *
 * A change is conditional on the version that it was decided upon: of two acts at the same moment the second decides anew.
 */
import { MailError, isMailError } from '../errors.ts'
import type { AccountChange } from '../ports/store.ts'
import type { Account, AccountState, LockClause } from './account.ts'
import type { AccountContext, AccountsPorts } from './account-ports.ts'
import { parseAddress } from './address.ts'
import { requireTransition } from './state.ts'

/** So often a change is decided anew when others change the same account at the same moment. */
const maxConflicts = 5

/** Refuses `account-unknown`. */
export async function requireAccount(ports: Pick<AccountsPorts, 'accounts'>, address: string): Promise<Account> {
  const parts = parseAddress(address)
  const account = parts && (await ports.accounts.byAddress(`${parts.local}@${parts.domain}`))
  if (!account) throw new MailError('account-unknown', 'no such account', { address: address.slice(0, 320) })
  return account
}

export interface Act {
  readonly action: string
  readonly clause: string | null
  readonly actor: string
}

/** `decide` says what changes of the account as it is now, or null for nothing; it may refuse. */
export async function changeAccount(
  ports: AccountsPorts,
  address: string,
  decide: (account: Account) => AccountChange | null,
  act: Act,
): Promise<Account> {
  for (let attempt = 1; ; attempt++) {
    const before = await requireAccount(ports, address)
    const wanted = decide(before)
    if (wanted === null) return before
    const after = await ports.accounts.change(before.id, wanted, before.credentialVersion).catch((error: unknown) => {
      if (isMailError(error, 'conflict') && attempt < maxConflicts) return null
      throw error
    })
    if (after === null) continue
    ports.bus.ring({ account: after.id, modseq: after.modseq })
    const passwordChanged = wanted.passwordHash !== undefined
    await ports.audit({ ...act, subject: after.address, before: accountFacts(before), after: { ...accountFacts(after), passwordChanged } })
    return after
  }
}

export function lockAccount({ ports }: AccountContext, address: string, clause: LockClause, actor: string): Promise<Account> {
  const decide = (account: Account): AccountChange | null => {
    if (account.state === 'revoked' || account.state === 'purged') throw new MailError('account-revoked')
    return account.state === 'locked' && account.lockClause === clause ? null : { state: 'locked', lockClause: clause }
  }
  return changeAccount(ports, address, decide, { action: 'account.lock', clause: clause === 'manual' ? 'Điều 6.2' : `Điều ${clause}`, actor })
}

/** R-6.3c: whatever the account was before, its password must be changed at the first access after a lock. */
export function unlockAccount({ ports }: AccountContext, address: string, actor: string): Promise<Account> {
  const decide = ({ state }: Account): AccountChange => {
    if (state !== 'locked' && state !== 'restore-pending') {
      throw new MailError('not-permitted', 'the account is not locked', { reason: 'not-locked', from: state })
    }
    return { state: 'must-change', lockClause: null }
  }
  return changeAccount(ports, address, decide, { action: 'account.unlock', clause: 'Điều 6.3', actor })
}

export function setAccountState({ ports, settings }: AccountContext, address: string, state: AccountState, actor: string): Promise<Account> {
  const decide = (account: Account): AccountChange | null => {
    requireTransition(account.state, state, { allowActive: settings.allowActiveAccounts })
    return account.state === state ? null : { state, lockClause: lockClauseIn(state, account) }
  }
  return changeAccount(ports, address, decide, { action: 'account.set-state', clause: clauseOfState[state], actor })
}

function lockClauseIn(state: AccountState, account: Account): LockClause | null {
  if (state === 'locked') return account.lockClause ?? 'manual'
  return state === 'restore-pending' ? account.lockClause : null
}

const clauseOfState: Readonly<Record<AccountState, string>> = {
  issued: 'Điều 5.2',
  active: 'Điều 9.1',
  locked: 'Điều 6.2',
  'restore-pending': 'Điều 6.3',
  'must-change': 'Điều 6.3',
  revoked: 'Điều 5.3',
  purged: 'Điều 5.3',
}

/** What a record says of an account. Never its password's hash. */
export function accountFacts(account: Account): Readonly<Record<string, unknown>> {
  const { id, name, kind, role, state, lockClause, quotaBytes, credentialVersion } = account
  return { id, name, kind, role, state, lockClause, quotaBytes, credentialVersion }
}
