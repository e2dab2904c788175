/**
 * The second factor of those who administer (Điều 9; requirements §1.1): one-time codes of an authenticator program
 * (RFC 6238) and ten recovery codes that work once each. The secret is kept sealed, recovery codes as hashes of 80 random
 * bits. A code works once: the time step of the last one is kept. Wrong codes are slowed per account, and recorded.
 */
import { MailError, isMailError } from '../errors.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import type { NewRecord } from '../record/record.ts'
import { roleTable } from '../account/lifecycle/roles.ts'
import { actorOf, type AccessContext, type Caller } from './access.ts'
import { auditRecord } from './context.ts'
import type { Actor } from './actor.ts'
import { consoleSessionKind, consoleSessionsOf } from './console-session.ts'
import { entry, entryKind, put, remove, type Kept } from './entries.ts'

export interface SecondFactor {
  /** Sealed; null until the first enrolment is confirmed. */
  readonly secret: string | null
  readonly confirmedAtMs: number | null
  /** Sealed secret of an enrolment that waits for its first code. */
  readonly pending: string | null
  /** Time step of the last code that was taken. */
  readonly lastStep: number
  /** Hashes of recovery codes that are left. */
  readonly recovery: readonly string[]
}

/** Id: the account's. */
export const secondFactorKind = entryKind<SecondFactor>({ name: 'second-factor', keys: () => [] })

export interface Enrolment {
  /** Base 32, for typing in. */
  readonly secret: string
  /** `otpauth://` URI, for a QR code. */
  readonly uri: string
}

export interface FactorState {
  readonly confirmedAtMs: number | null
  readonly recoveryCodesLeft: number
}

export interface SecondFactors {
  state(caller: Caller): Promise<FactorState>
  /** Whoever has one already must give a code of it to get another. */
  enrol(caller: Caller, code: string | null): Promise<Enrolment>
  /** The first code of the new secret; returns the recovery codes, which are shown once. The session has passed with it. */
  confirm(caller: Caller, code: string): Promise<readonly string[]>
  renewRecoveryCodes(caller: Caller, code: string): Promise<readonly string[]>
  /** A lost telephone: the next sign-in enrols anew. Ends all sessions of the account. */
  reset(actor: Actor, account: AccountId): Promise<void>
}

const recoveryCodes = 10
const recoveryCharacters = 16
/** Crockford's base 32: nothing that looks alike. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

export const maxWrongCodes = 5
const wrongCodeWindowMs = 15 * 60_000
const wrongCodesKey = (account: AccountId): string => `second-factor failures ${account}`

/** 4 groups of 4, e.g. `7k3m-p0qd-x9a2-hh4t`: 80 bits. */
export function recoveryCode(bytes: Uint8Array): string {
  const letters = [...bytes.subarray(0, recoveryCharacters)].map((byte) => alphabet[byte & 31]!).join('')
  return letters.replace(/.{4}(?=.)/g, '$&-')
}

/** As typed: spaces, hyphens and case do not matter. */
const plainRecovery = (code: string): string => code.toLowerCase().replace(/[\s-]/g, '')

export const isConfirmed = (factor: SecondFactor | null): boolean => factor !== null && factor.secret !== null

export const requiresSecondFactor = (context: AccessContext, role: Caller['account']['role'], factor: SecondFactor | null): boolean =>
  context.access.secondFactorRoles.includes(role) || isConfirmed(factor)

export const secondFactorOf = (context: AccessContext, account: AccountId): Promise<Kept<SecondFactor> | null> =>
  entry(context.store.registry, secondFactorKind, account)

/**
 * Takes a code (six digits) or a recovery code of the account. Refuses `authentication-failed` (reason
 * `second-factor-wrong`) and `authentication-throttled`; each is recorded as a sign-in.
 */
export async function useCode(context: AccessContext, caller: Caller, code: string): Promise<void> {
  const { counters, clock, store } = context
  const { id } = caller.account
  // Counted before it is looked at, so that many at the same moment are no way around.
  if ((await counters.add(wrongCodesKey(id), 1, wrongCodeWindowMs)) > maxWrongCodes) {
    throw new MailError('authentication-throttled', 'too many wrong codes', { retryAfterMs: wrongCodeWindowMs })
  }
  const kept = await secondFactorOf(context, id)
  const next = kept === null ? null : afterCode(context, kept.value, code)
  if (kept === null || next === null) {
    await store.records.append([signInRecord(caller, 'sign-in.second-factor-refused', clock.nowMs())])
    throw wrongCode()
  }
  await commitFactor(context, kept, next, [signInRecord(caller, 'sign-in.second-factor-passed', clock.nowMs())])
  await counters.clear(wrongCodesKey(id))
}

const wrongCode = (): MailError => new MailError('authentication-failed', 'wrong code', { reason: 'second-factor-wrong' })

/** The factor after the code was used; null when it is wrong or was used before. */
function afterCode(context: AccessContext, factor: SecondFactor, code: string): SecondFactor | null {
  if (factor.secret === null) return null
  if (/^\d{6}$/.test(code)) {
    const step = context.codes.stepOf({ secret: opened(context, factor.secret), code, nowMs: context.clock.nowMs() })
    return step === null || step <= factor.lastStep ? null : { ...factor, lastStep: step }
  }
  const hash = context.secrets.sha256(plainRecovery(code))
  const left = factor.recovery.filter((one) => !context.secrets.same(one, hash))
  return left.length === factor.recovery.length ? null : { ...factor, recovery: left }
}

function opened(context: AccessContext, sealed: string): string {
  const text = context.secrets.open(sealed)
  // Another node's key, or a backup without its key: nobody's fault who signs in.
  if (text === null) throw new MailError('unavailable', 'a second factor cannot be opened with this key', { reason: 'sealing-key' })
  return text
}

async function commitFactor(context: AccessContext, kept: Kept<SecondFactor>, value: SecondFactor, records: readonly NewRecord[]): Promise<void> {
  try {
    await context.store.registry.commit({ entries: [put(secondFactorKind, kept.id, value, kept.version)], records })
  } catch (error) {
    // The same code at the same moment: one of them was first.
    throw isMailError(error, 'conflict') ? wrongCode() : error
  }
}

function signInRecord({ account, remoteIp }: Caller, action: string, atMs: number): NewRecord {
  return { kind: 'sign-in', atMs, actor: account.id, action, subject: account.address, clause: null, detail: { protocol: 'http', remoteIp } }
}

function newRecoveryCodes(context: AccessContext): { readonly shown: readonly string[]; readonly hashes: readonly string[] } {
  const shown = Array.from({ length: recoveryCodes }, () => recoveryCode(context.random.bytes(recoveryCharacters)))
  return { shown, hashes: shown.map((code) => context.secrets.sha256(plainRecovery(code))) }
}

const nothing: SecondFactor = { secret: null, confirmedAtMs: null, pending: null, lastStep: 0, recovery: [] }

export function createSecondFactors(context: AccessContext): SecondFactors {
  const { store, clock, codes, secrets, access } = context
  const { registry } = store
  const allowed = async (caller: Caller): Promise<Actor> => {
    const { id, agency, address } = caller.account
    const actor = actorOf(caller, null)
    await context.authorise(actor, 'own.access', { account: id, agency, subject: address })
    return actor
  }
  const audited = (actor: Actor, address: string, action: string): NewRecord =>
    auditRecord(actor, clock.nowMs(), { action, subject: address, clause: roleTable['own.access'].basis.clause, before: null, after: null })

  return {
    async state(caller) {
      await allowed(caller)
      const factor = (await secondFactorOf(context, caller.account.id))?.value ?? nothing
      return { confirmedAtMs: factor.confirmedAtMs, recoveryCodesLeft: factor.recovery.length }
    },

    async enrol(caller, code) {
      await allowed(caller)
      const { id, address } = caller.account
      if (isConfirmed((await secondFactorOf(context, id))?.value ?? null)) await useCode(context, caller, code ?? '')
      const kept = await secondFactorOf(context, id)
      const secret = codes.newSecret()
      const value = { ...(kept?.value ?? nothing), pending: secrets.seal(secret) }
      await registry.commit({ entries: [put(secondFactorKind, id, value, kept?.version ?? 0)] })
      return { secret, uri: codes.uri({ secret, account: address, issuer: access.issuer }) }
    },

    async confirm(caller, code) {
      const actor = await allowed(caller)
      const { id, address } = caller.account
      const kept = await secondFactorOf(context, id)
      const pending = kept?.value.pending ?? null
      if (kept === null || pending === null) throw new MailError('not-permitted', 'no enrolment waits', { reason: 'enrolment-missing', class: 'conflict' })
      if ((await context.counters.add(wrongCodesKey(id), 1, wrongCodeWindowMs)) > maxWrongCodes) {
        throw new MailError('authentication-throttled', 'too many wrong codes', { retryAfterMs: wrongCodeWindowMs })
      }
      const step = codes.stepOf({ secret: opened(context, pending), code, nowMs: clock.nowMs() })
      if (step === null) throw wrongCode()
      const { shown, hashes } = newRecoveryCodes(context)
      const value = { secret: pending, confirmedAtMs: clock.nowMs(), pending: null, lastStep: step, recovery: hashes }
      await commitFactor(context, kept, value, [audited(actor, address, 'second-factor.enrol')])
      await context.counters.clear(wrongCodesKey(id))
      return shown
    },

    async renewRecoveryCodes(caller, code) {
      const actor = await allowed(caller)
      await useCode(context, caller, code)
      const kept = (await secondFactorOf(context, caller.account.id))!
      const { shown, hashes } = newRecoveryCodes(context)
      await commitFactor(context, kept, { ...kept.value, recovery: hashes }, [audited(actor, caller.account.address, 'second-factor.renew-recovery-codes')])
      return shown
    },

    async reset(actor, id) {
      const account = await store.accounts.get(id)
      const target = { account: id, agency: account?.agency ?? null, subject: account?.address ?? id.slice(0, 100) }
      const { clause } = await context.authorise(actor, 'second-factor.reset', target)
      if (account === null) throw new MailError('account-unknown', 'no such account')
      // Whoever took over a session must not get rid of the second factor with it.
      if (id === actor.account) throw new MailError('not-permitted', "one's own", { reason: 'own-second-factor', class: 'conflict' })
      const kept = await secondFactorOf(context, id)
      const sessions = await consoleSessionsOf(registry, id)
      const before = { confirmedAtMs: kept?.value.confirmedAtMs ?? null }
      const record = auditRecord(actor, clock.nowMs(), { action: 'second-factor.reset', subject: account.address, clause, before, after: null })
      const entries = [...(kept === null ? [] : [remove(secondFactorKind, kept)]), ...sessions.map((one) => ({ ...remove(consoleSessionKind, one), ifVersion: null }))]
      await registry.commit({ entries, records: [record] })
    },
  }
}
