/**
 * Signing in (mail.ts `SignIn`; design §5.16; regulation 1.2, R-5.4, R-6.1).
 *
 * Each attempt leaves one record, gathered and written together. No record holds a password: neither the one that was
 * given, nor one that was typed into the field of the user by mistake (an unknown user is recorded only when it is an
 * address of ours).
 */
import { MailError, isMailError, type MailErrorCode } from '../errors.ts'
import type { SignedIn, SignIn, SignInAttempt } from '../mail.ts'
import type { Clock, Counters } from '../ports/world.ts'
import type { AccountStore, AgencyStore } from '../ports/store.ts'
import type { RecordQueue } from '../record/record-queue.ts'
import type { Account } from './account.ts'
import { parseAddress } from './address.ts'
import type { Credentials } from './credentials.ts'
import { stateRefusal } from './state.ts'
import { sourceOf } from './throttle.ts'

export interface SignInPorts {
  readonly accounts: Pick<AccountStore, 'get'>
  readonly agencies: Pick<AgencyStore, 'byDomain'>
  readonly clock: Clock
  readonly counters: Counters
  readonly records: Pick<RecordQueue, 'add'>
  readonly credentials: Credentials
}

/** Of a source that is throttled one record in this time says enough. */
const throttledRecordWindowMs = 60_000

export function createSignIn(ports: SignInPorts): SignIn {
  const { accounts, credentials } = ports

  const record = (action: string, subject: string, attempt: SignInAttempt, detail: Record<string, unknown>, actor: string): void =>
    ports.records.add({
      kind: 'sign-in',
      atMs: ports.clock.nowMs(),
      actor,
      action,
      subject,
      clause: null,
      detail: { protocol: attempt.protocol, remoteIp: attempt.remoteIp, ...detail },
    })

  const recordRefusal = async (attempt: SignInAttempt, reason: MailErrorCode, account: Account | null): Promise<void> => {
    if (reason === 'authentication-throttled') {
      const seen = await ports.counters.add(`sign-in throttled ${sourceOf(attempt.remoteIp)}`, 1, throttledRecordWindowMs)
      if (seen > 1) return
    }
    const named = account ?? (await credentials.find(attempt.user))
    const subject = named?.address ?? (await ownAddress(attempt.user)) ?? 'unknown'
    record('sign-in.refused', subject, attempt, { reason }, account?.id ?? 'system')
  }

  /** The typed user when it is an address in a domain of ours, else null. */
  const ownAddress = async (user: string): Promise<string | null> => {
    const parts = parseAddress(user.trim())
    if (parts === null || (await ports.agencies.byDomain(parts.domain)) === null) return null
    return `${parts.local}@${parts.domain}`
  }

  const refuse = async (attempt: SignInAttempt, code: MailErrorCode, account: Account | null): Promise<never> => {
    await recordRefusal(attempt, code, account)
    throw new MailError(code)
  }

  return {
    async authenticate(attempt) {
      if (!attempt.secure) return refuse(attempt, 'encryption-required', null)
      const verified = await credentials.verify(attempt).catch(async (error: unknown) => {
        if (isMailError(error)) await recordRefusal(attempt, error.code, null)
        throw error
      })
      const { account } = verified
      const refusal = stateRefusal(account.state)
      if (refusal !== null) return refuse(attempt, refusal, account)
      record('sign-in.succeeded', account.address, attempt, {}, account.id)
      return signedIn(account)
    },

    async stillValid(session) {
      const account = await accounts.get(session.account)
      return account !== null && account.credentialVersion === session.credentialVersion && stateRefusal(account.state) === null
    },
  }
}

function signedIn(account: Account): SignedIn {
  const { id, address, name, role, credentialVersion } = account
  return { account: id, address, name, role, credentialVersion }
}
