/**
 * Changing an account by its owner or by the operator of the machine (mail.ts `Accounts`): account, lifecycle document and audit
 * record in one commit, with before and after. What administrators do stands in lifecycle-administration.ts.
 *
 * A change is conditional on the version that it was decided upon: of two acts at the same moment the second decides anew.
 */
import { entry, put } from '../administration/entries.ts'
import { MailError, isMailError } from '../errors.ts'
import type { EntryWrite } from '../ports/registry.ts'
import type { AccountChange } from '../ports/store.ts'
import type { Account } from './account.ts'
import type { AccountContext, AccountsPorts } from './account-ports.ts'
import { requireActiveAllowed } from './account-passwords.ts'
import { parseAddress } from './address.ts'
import { adoptedLifecycle, lifecycleKind, type LifecycleRecord } from './lifecycle-record.ts'

/** So often a change is decided anew when others change the same account at the same moment. */
const maxConflicts = 5

/** Refuses `account-unknown`. */
export async function requireAccount(ports: Pick<AccountsPorts, 'accounts'>, address: string): Promise<Account> {
  const parts = parseAddress(address)
  const account = parts && (await ports.accounts.byAddress(`${parts.local}@${parts.domain}`))
  if (!account) throw new MailError('account-unknown', 'no such account', { address: address.slice(0, 320) })
  return account
}

export interface AccountAct {
  readonly action: string
  readonly clause: string
  readonly change: AccountChange
  readonly record: LifecycleRecord
  /** Documents that change with it. */
  readonly entries?: readonly EntryWrite[]
}

/** `decide` says what changes of the account as it is now, or null for nothing; it may refuse. */
export async function changeAccount(
  ports: AccountsPorts,
  address: string,
  decide: (account: Account, record: LifecycleRecord) => AccountAct | null,
  actor: string,
): Promise<Account> {
  for (let attempt = 1; ; attempt++) {
    const before = await requireAccount(ports, address)
    const kept = await entry(ports.registry, lifecycleKind, before.id)
    const act = decide(before, kept?.value ?? adoptedLifecycle(before, ports.clock.nowMs()))
    if (act === null) return before
    const { action, clause, change, record, entries = [] } = act
    const { passwordHash, ...named } = change
    const after = { ...accountFacts({ ...before, ...named }), passwordChanged: passwordHash !== undefined }
    try {
      const { accounts } = await ports.registry.commit({
        accountChanges: [{ account: before.id, change, ifVersion: before.credentialVersion }],
        entries: [put(lifecycleKind, before.id, record, kept?.version ?? 0), ...entries],
        records: [{ kind: 'audit', atMs: ports.clock.nowMs(), actor, action, subject: before.address, clause, detail: { before: accountFacts(before), after } }],
      })
      const changed = accounts[0] ?? before
      ports.bus.ring({ account: changed.id, modseq: changed.modseq })
      return changed
    } catch (error) {
      if (!isMailError(error, 'conflict') || attempt >= maxConflicts) throw error
    }
  }
}

/** For trials and service mailboxes only (`security.allow_active_accounts`): in use at once, whatever it was. */
export function activateAccount({ ports, settings }: AccountContext, address: string, actor: string): Promise<Account> {
  requireActiveAllowed(settings, true)
  return changeAccount(
    ports,
    address,
    ({ state }, record) => {
      if (state === 'revoked' || state === 'purged') throw new MailError('account-revoked')
      if (state === 'active') return null
      const nowMs = ports.clock.nowMs()
      return { action: 'account.activate', clause: 'Điều 9.1', change: { state: 'active', lockClause: null }, record: { ...record, temporaryPassword: null, lock: null, countedFromMs: nowMs } }
    },
    actor,
  )
}

/** What a record says of an account. Never its password's hash. */
export function accountFacts(account: Account): Readonly<Record<string, unknown>> {
  const { id, name, kind, role, state, lockClause, quotaBytes, credentialVersion } = account
  return { id, name, kind, role, state, lockClause, quotaBytes, credentialVersion }
}
