/** Passwords of accounts: set by an administrator (Điều 10.8, 11.3) or changed by their owners (Điều 9.1). */
import { MailError } from '../errors.ts'
import type { Account, AccountState } from './account.ts'
import type { AccountContext, AccountsSettings } from './account-ports.ts'
import { changeAccount, requireAccount } from './change-account.ts'
import { requireAnyPassword, requirePassword, temporaryPassword } from './password.ts'
import { stateRefusal } from './state.ts'
import type { AccountChange } from '../ports/store.ts'

/** Refuses `not-permitted` when an active account is wanted and the installation allows none. */
export function requireActiveAllowed(settings: AccountsSettings, active: boolean): void {
  if (active && !settings.allowActiveAccounts) {
    throw new MailError('not-permitted', 'security.allow_active_accounts is off', { reason: 'allow-active-accounts' })
  }
}

interface Owner {
  readonly local: string
  readonly service: boolean
}

/** The given password if it is good enough (`password-invalid`), else a random temporary one. */
export function choosePassword(
  { ports, settings }: AccountContext,
  given: string | null,
  owner: Owner,
): { readonly chosen: string; readonly generated: string | null } {
  if (given === null) {
    const generated = temporaryPassword(ports.random)
    return { chosen: generated, generated }
  }
  requireGoodPassword(settings, given, owner)
  return { chosen: given, generated: null }
}

/** Service and test mailboxes may have any password where the installation allows them to be active. */
function requireGoodPassword(settings: AccountsSettings, password: string, owner: Owner): void {
  if (owner.service && settings.allowActiveAccounts) requireAnyPassword(password)
  else requirePassword(password, owner.local)
}

/** By an administrator; without a password a temporary one is made and returned. */
export async function setPassword(
  context: AccountContext,
  wanted: { readonly address: string; readonly password: string | null; readonly active: boolean },
  actor: string,
): Promise<{ readonly temporaryPassword: string | null }> {
  requireActiveAllowed(context.settings, wanted.active)
  const account = await requireAccount(context.ports, wanted.address)
  const { chosen, generated } = choosePassword(context, wanted.password, ownerOf(account))
  const passwordHash = await context.ports.passwords.hash(chosen)
  const decide = ({ state }: Account): AccountChange => {
    if (state === 'revoked' || state === 'purged') throw new MailError('account-revoked')
    return { passwordHash, state: stateAfterReset(state, wanted.active) }
  }
  await changeAccount(context.ports, account.address, decide, { action: 'account.reset-password', clause: 'Điều 10.8', actor })
  return { temporaryPassword: generated }
}

/** By the owner, who proves the old one; ends `issued` and `must-change`. */
export async function changeOwnPassword(
  context: AccountContext,
  wanted: { readonly user: string; readonly oldPassword: string; readonly newPassword: string; readonly remoteIp: string },
): Promise<void> {
  const { ports, settings } = context
  const { account } = await ports.credentials.verify({ user: wanted.user, password: wanted.oldPassword, remoteIp: wanted.remoteIp })
  const refusal = stateRefusal(account.state)
  if (refusal === 'account-locked' || refusal === 'account-revoked') throw new MailError(refusal)
  if (wanted.newPassword === wanted.oldPassword) throw new MailError('password-invalid', 'the same as before', { faults: 'unchanged' })
  requireGoodPassword(settings, wanted.newPassword, ownerOf(account))
  const passwordHash = await ports.passwords.hash(wanted.newPassword)
  const decide = (now: Account): AccountChange => {
    // Locked, or given another password, since the old one was looked at.
    if (now.credentialVersion !== account.credentialVersion) throw new MailError('authentication-failed', 'changed meanwhile')
    return { passwordHash, state: 'active' }
  }
  await changeAccount(ports, account.address, decide, { action: 'account.change-own-password', clause: 'Điều 9.1', actor: account.id })
}

function ownerOf(account: Account): Owner {
  return { local: account.address.slice(0, account.address.lastIndexOf('@')), service: account.kind === 'service' }
}

/** Điều 10.8: the owner must change what an administrator set. A lock stays (D-10: only 6.3 ends it). */
function stateAfterReset(state: AccountState, active: boolean): AccountState {
  if (state === 'locked' || state === 'restore-pending') return state
  if (active) return 'active'
  return state === 'issued' ? 'issued' : 'must-change'
}
