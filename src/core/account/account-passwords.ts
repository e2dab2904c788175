/** Passwords of accounts: set by an administrator (Điều 10.8, 11.3) or changed by their owners (Điều 9.1). */
import { MailError } from '../errors.ts'
import type { Account } from './account.ts'
import type { AccountContext, AccountsSettings } from './account-ports.ts'
import { changeAccount, requireAccount, type AccountAct } from './change-account.ts'
import { requirePasswordOwner } from './delegation.ts'
import { mailErrorOf, refused } from './lifecycle/basis.ts'
import { passwordResetOf } from './lifecycle/transition.ts'
import { transitionTable } from './lifecycle/transition-table.ts'
import type { LifecycleRecord } from './lifecycle-record.ts'
import { historyOf } from './password-history.ts'
import { requireAnyPassword, requirePassword, temporaryPassword } from './password.ts'
import { stateRefusal } from './state.ts'

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

/** By the operator of the machine; without a password a temporary one is made and returned. A lock stays: only 6.3 ends it (D-10). */
export async function setPassword(
  context: AccountContext,
  wanted: { readonly address: string; readonly password: string | null; readonly active: boolean },
  actor: string,
): Promise<{ readonly temporaryPassword: string | null }> {
  const { ports, settings } = context
  requireActiveAllowed(settings, wanted.active)
  const account = await requireAccount(ports, wanted.address)
  requirePasswordOwner(account)
  const { chosen, generated } = choosePassword(context, wanted.password, ownerOf(account))
  const passwordHash = await ports.passwords.hash(chosen)
  const decide = ({ state }: Account, record: LifecycleRecord): AccountAct => {
    const name = passwordResetOf(state)
    const { from, to, basis } = transitionTable[name]
    if (stateRefusal(state) === 'account-revoked') throw new MailError('account-revoked')
    if (!from.includes(state)) throw mailErrorOf(refused('locked', basis, { act: name, from: state }))
    const nowMs = ports.clock.nowMs()
    if (wanted.active) return { action: 'account.reset-password', clause: basis.clause, change: { passwordHash, state: 'active' }, record: { ...record, temporaryPassword: null } }
    return { action: 'account.reset-password', clause: basis.clause, change: { passwordHash, ...(to === 'same' ? {} : { state: to }) }, record: { ...record, temporaryPassword: { setAtMs: nowMs, by: 'reset' } } }
  }
  await changeAccount(ports, account.address, decide, actor)
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
  const history = await historyOf(ports, account, settings.passwordHistory)
  if (await history.has(wanted.newPassword)) throw new MailError('password-invalid', 'one of the last passwords', { faults: 'history' })
  const passwordHash = await ports.passwords.hash(wanted.newPassword)
  const decide = (now: Account, record: LifecycleRecord): AccountAct => {
    // Locked, or given another password, since the old one was looked at.
    if (now.credentialVersion !== account.credentialVersion) throw new MailError('authentication-failed', 'changed meanwhile')
    const { clause } = transitionTable[now.state === 'must-change' ? 'changed-password' : 'first-password'].basis
    const after = { ...record, temporaryPassword: null, passwordChangedAtMs: ports.clock.nowMs() }
    return { action: 'account.change-own-password', clause, change: { passwordHash, state: 'active' }, record: after, entries: [history.write] }
  }
  await changeAccount(ports, account.address, decide, account.id)
}

function ownerOf(account: Account): Owner {
  return { local: account.address.slice(0, account.address.lastIndexOf('@')), service: account.kind === 'service' }
}
