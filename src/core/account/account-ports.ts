/** What the acts on accounts need of the world, and their settings. */
import type { AgenciesPorts, AgenciesSettings } from '../agency/agencies.ts'
import type { RegistryStore } from '../ports/registry.ts'
import type { AccountStore } from '../ports/store.ts'
import type { Bus, Passwords, Random } from '../ports/world.ts'
import type { HistoryLengths } from './password-history.ts'
import type { Credentials } from './credentials.ts'

export interface AccountsPorts extends AgenciesPorts {
  readonly accounts: AccountStore
  readonly registry: RegistryStore
  readonly random: Random
  readonly passwords: Passwords
  readonly credentials: Credentials
  /** Rung after a change of credentials or state, so that sessions ask `stillValid` at once (R-6.1: within a minute). */
  readonly bus: Pick<Bus, 'ring'>
}

export interface AccountsSettings extends AgenciesSettings {
  /** `security.allow_active_accounts`: accounts without a forced first change, and service mailboxes with any password. */
  readonly allowActiveAccounts: boolean
  readonly defaultQuotaBytes: number
  /** How many passwords must not come again. */
  readonly passwordHistory: HistoryLengths
}

/** Both, as the acts pass them on. */
export interface AccountContext {
  readonly ports: AccountsPorts
  readonly settings: AccountsSettings
}
