/**
 * Who is it, and is the password right (design §5.16)? The part that signing in and changing one's own password share.
 *
 *  - An unknown user costs the same argon2 verification as a known one and gets the same refusal.
 *  - A password that was verified is remembered as a keyed hash, bound to the account and the version of its credentials;
 *    every change of a password or state makes a new version, so nothing needs to be dropped.
 *  - The state of the account is the caller's question: it is told only to those who know the password.
 */
import { MailError } from '../errors.ts'
import type { Clock, Counters, KeyedDigest, Passwords } from '../ports/world.ts'
import type { AccountStore } from '../ports/store.ts'
import type { Account } from './account.ts'
import { findAccount } from './find-account.ts'
import { maxPasswordLength } from './password.ts'
import { createRecent } from './recent.ts'
import { createThrottle, type ThrottleLimits } from './throttle.ts'

export interface Claim {
  /** As typed: an address, or a bare local part. */
  readonly user: string
  readonly password: string
  readonly remoteIp: string
}

export interface Verified {
  readonly account: Account
  /** No hash had to be computed. */
  readonly remembered: boolean
}

export interface Credentials {
  /** Refuses `authentication-failed`, `authentication-throttled`, `unavailable`. Any state of the account passes. */
  verify(claim: Claim): Promise<Verified>
  /** Whom this text names, or null. */
  find(user: string): Promise<Account | null>
}

export interface CredentialsPorts {
  readonly accounts: Pick<AccountStore, 'get' | 'byAddress' | 'byLocalPart'>
  readonly clock: Clock
  readonly counters: Counters
  readonly passwords: Passwords
  readonly digest: KeyedDigest
  /** Aborted when the server stops. */
  readonly stopping?: AbortSignal
}

export interface CredentialsSettings {
  /** Domain of a bare local part, lower case; null = only names that are unique in the system. */
  readonly loginDomain: string | null
  /** How many verified passwords are remembered; about 200 bytes each. */
  readonly maxRemembered?: number
  readonly throttle?: ThrottleLimits
}

const defaultMaxRemembered = 50_000

export function createCredentials(ports: CredentialsPorts, settings: CredentialsSettings): Credentials {
  const { accounts, passwords, digest } = ports
  const throttle = createThrottle(ports, settings.throttle)
  const remembered = createRecent(settings.maxRemembered ?? defaultMaxRemembered)
  let decoy: Promise<string> | null = null

  /** A hash that no password has, for those whom nobody knows. */
  const decoyHash = (): Promise<string> =>
    (decoy ??= passwords.hash(digest.of('decoy')).catch((error: unknown) => {
      decoy = null
      throw error
    }))

  const find = (user: string): Promise<Account | null> => findAccount(accounts, user, settings.loginDomain)

  const check = async (account: Account | null, password: string): Promise<Verified | null> => {
    if (account === null || account.passwordHash === null || password.length > maxPasswordLength) {
      await passwords.verify(await decoyHash(), password.slice(0, maxPasswordLength))
      return null
    }
    const memory = digest.of(JSON.stringify([account.id, account.credentialVersion, password]))
    if (remembered.has(memory)) return { account, remembered: true }
    if (!(await passwords.verify(account.passwordHash, password))) return null
    remembered.add(memory)
    return { account, remembered: false }
  }

  return {
    find,
    async verify(claim) {
      const named = await find(claim.user)
      const who = { account: named?.id ?? `unknown ${digest.of(claim.user)}`, remoteIp: claim.remoteIp }
      const verified = await throttle.run(who, async (waited) => {
        // After a wait for its turn, and after hashing, which takes a while, what counts is the account as it is then.
        const before = named && waited ? await accounts.get(named.id) : named
        const result = await check(before, claim.password)
        if (result === null || result.remembered) return result
        const after = await accounts.get(result.account.id)
        return after !== null && after.passwordHash === result.account.passwordHash ? { account: after, remembered: false } : null
      })
      if (verified === null) throw new MailError('authentication-failed', 'unknown user or wrong password')
      return verified
    },
  }
}
