/** What signing in to the administration needs beside the context of all use cases, and who calls. */
import type { Account, Role } from '../account/account.ts'
import type { AgencyId } from '../agency/agency.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import type { Accounts, SignIn } from '../mail.ts'
import type { OneTimeCodes, Secrets } from '../ports/secrets.ts'
import type { Actor } from './actor.ts'
import type { AdministrationContext } from './context.ts'
import type { Scope } from './scopes.ts'

export interface AccessSettings {
  /** Who must have a second factor; whoever has one is asked for it whatever his role. */
  readonly secondFactorRoles: readonly Role[]
  /** A console session ends after so long without a request. */
  readonly sessionIdleMs: number
  /** And so long after signing in, whatever happens. */
  readonly sessionMaxMs: number
  /** Shown by authenticator programs, e.g. `Công Vụ gialai.gov.vn`. */
  readonly issuer: string
}

export interface AccessContext extends AdministrationContext {
  readonly secrets: Secrets
  readonly codes: OneTimeCodes
  readonly signIn: SignIn
  readonly ownPasswords: Pick<Accounts, 'changeOwnPassword'>
  readonly access: AccessSettings
}

/** How far a console session has come: each but `full` may only do what leads on. */
export type Stage = 'second-factor' | 'enrolment' | 'password-change' | 'full'

export interface CallerAccount {
  readonly id: AccountId
  readonly address: string
  readonly name: string
  readonly role: Role
  readonly agency: AgencyId
}

/** Whoever sent a request, as far as it was proved. */
export interface Caller {
  readonly account: CallerAccount
  readonly via: 'console' | 'token'
  readonly remoteIp: string
  /** Of a token always `full`. */
  readonly stage: Stage
  /** Null: not limited beyond the role (a console session). */
  readonly scopes: readonly Scope[] | null
  /** Id of the session or of the token. */
  readonly id: string
}

export const callerAccount = ({ id, address, name, role, agency }: Account): CallerAccount => ({ id, address, name, role, agency })

export function actorOf({ account, via, remoteIp }: Caller, order: string | null): Actor {
  return { name: account.id, role: account.role, account: account.id, agency: account.agency, via, order, remoteIp }
}

/** Epoch milliseconds as a part of a key that sorts by time. */
export const instantKey = (ms: number): string => String(Math.max(0, Math.trunc(ms))).padStart(15, '0')
