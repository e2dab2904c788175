/**
 * Sessions of the console (requirements §1.1, §1.2; ): password, then the second factor where one is asked for, then the
 * change of a temporary password, then everything that the role allows.
 *
 *  - The cookie's secret has 256 random bits; only its hash is kept, and is the session's id.
 *  - A session is bound to the version of the account's credentials: a lock, a change of password, state or role ends it
 *    with the next request. It also ends when idle, and for good after a day's work.
 *  - Signing in goes through core/account/authenticate.ts: its throttle, its records.
 */
import { MailError, isMailError } from '../errors.ts'
import type { Account } from '../account/account.ts'
import { stateRefusal } from '../account/state.ts'
import { actorOf, callerAccount, instantKey, type AccessContext, type Caller, type Stage } from './access.ts'
import { consoleSessionKind, consoleSessionsOf, type ConsoleSession } from './console-session.ts'
import { entry, findEntries, put, remove, type Kept } from './entries.ts'
import { isConfirmed, requiresSecondFactor, secondFactorOf, useCode } from './second-factor.ts'

export interface ConsoleSignIn {
  readonly user: string
  readonly password: string
  readonly remoteIp: string
  readonly secure: boolean
  readonly userAgent: string
}

export interface OpenedSession {
  /** For the cookie; kept nowhere. */
  readonly secret: string
  readonly session: SessionView
}

export interface SessionView {
  readonly caller: Caller
  readonly createdAtMs: number
  readonly endsAtMs: number
  /** To be sent with every change, beside the cookie. */
  readonly csrfToken: string
}

export interface ListedSession extends Omit<ConsoleSession, 'account' | 'credentialVersion'> {
  readonly id: string
}

export interface ConsoleSessions {
  /** Refuses as SignIn does, but lets those in who must change their password (stage). */
  signIn(given: ConsoleSignIn): Promise<OpenedSession>
  /** Null when there is no such session any more. */
  find(secret: string, remoteIp: string): Promise<SessionView | null>
  csrfMatches(secret: string, token: string): boolean
  /** Refuses as `useCode` does. */
  passSecondFactor(secret: string, caller: Caller, code: string): Promise<SessionView>
  /** The session's own enrolment was confirmed just now. */
  secondFactorEnrolled(caller: Caller): Promise<void>
  /** Ends all sessions of the account and opens a new one. Refuses as Accounts.changeOwnPassword does. */
  changePassword(caller: Caller, oldPassword: string, newPassword: string): Promise<OpenedSession>
  list(caller: Caller): Promise<readonly ListedSession[]>
  /** One of the caller's own. Refuses `entry-unknown`. */
  end(caller: Caller, id: string): Promise<void>
}

const secretBytes = 32
const maxUserAgentLength = 200
/** A further one ends the oldest. */
const maxSessions = 20
/** How much of what has ended is taken away when somebody signs in. */
const sweptAtOnce = 50
const seenEveryMs = 60_000

export function createConsoleSessions(context: AccessContext): ConsoleSessions {
  return new Sessions(context)
}

class Sessions implements ConsoleSessions {
  readonly #context: AccessContext

  constructor(context: AccessContext) {
    this.#context = context
  }

  async signIn(given: ConsoleSignIn): Promise<OpenedSession> {
    const account = await this.#authenticate(given)
    await this.#sweep(account)
    return this.#open(account, { ...given, secondFactor: false })
  }

  async find(secret: string, remoteIp: string): Promise<SessionView | null> {
    const { store, clock, access } = this.#context
    const kept = await entry(store.registry, consoleSessionKind, this.#idOf(secret))
    if (kept === null) return null
    const { value } = kept
    const nowMs = clock.nowMs()
    if (nowMs >= value.endsAtMs || nowMs - value.seenAtMs > access.sessionIdleMs) return this.#drop(kept)
    const account = await store.accounts.get(value.account)
    if (account === null || account.credentialVersion !== value.credentialVersion) return this.#drop(kept)
    const refusal = stateRefusal(account.state)
    if (refusal === 'account-locked' || refusal === 'account-revoked') return this.#drop(kept)
    if (nowMs - value.seenAtMs > seenEveryMs) await this.#write({ ...value, seenAtMs: nowMs }, kept)
    return this.#view(secret, kept, account, remoteIp)
  }

  csrfMatches(secret: string, token: string): boolean {
    return this.#context.secrets.same(this.#csrfToken(secret), token)
  }

  async passSecondFactor(secret: string, caller: Caller, code: string): Promise<SessionView> {
    await useCode(this.#context, caller, code)
    await this.secondFactorEnrolled(caller)
    const view = await this.find(secret, caller.remoteIp)
    if (view === null) throw new MailError('authentication-failed', 'the session has ended')
    return view
  }

  async secondFactorEnrolled(caller: Caller): Promise<void> {
    const kept = await entry(this.#context.store.registry, consoleSessionKind, caller.id)
    if (kept !== null) await this.#write({ ...kept.value, secondFactor: true }, kept)
  }

  async changePassword(caller: Caller, oldPassword: string, newPassword: string): Promise<OpenedSession> {
    const { store, ownPasswords, authorise } = this.#context
    const { id, address, agency } = caller.account
    await authorise(actorOf(caller, null), 'account.change-own-password', { account: id, agency, subject: address })
    const present = await entry(store.registry, consoleSessionKind, caller.id)
    await ownPasswords.changeOwnPassword(address, oldPassword, newPassword, caller.remoteIp)
    const sessions = await consoleSessionsOf(this.#context.store.registry, id)
    if (sessions.length > 0) await store.registry.commit({ entries: sessions.map((one) => ({ ...remove(consoleSessionKind, one), ifVersion: null })) })
    const account = await store.accounts.get(id)
    if (account === null) throw new MailError('account-unknown', 'gone meanwhile')
    return this.#open(account, { remoteIp: caller.remoteIp, userAgent: present?.value.userAgent ?? '', secondFactor: present?.value.secondFactor ?? false })
  }

  async list(caller: Caller): Promise<readonly ListedSession[]> {
    const { clock, access } = this.#context
    const nowMs = clock.nowMs()
    const alive = (await consoleSessionsOf(this.#context.store.registry, caller.account.id)).filter(
      ({ value }) => nowMs < value.endsAtMs && nowMs - value.seenAtMs <= access.sessionIdleMs,
    )
    return alive.map(({ id, value: { account: _account, credentialVersion: _version, ...shown } }) => ({ id, ...shown }))
  }

  async end(caller: Caller, id: string): Promise<void> {
    const { registry } = this.#context.store
    const kept = await entry(registry, consoleSessionKind, id)
    if (kept === null || kept.value.account !== caller.account.id) throw new MailError('entry-unknown', 'no such session', { kind: 'console-session' })
    await this.#drop(kept)
  }

  /** The account whose password was right, also when it must be changed first. */
  async #authenticate({ user, password, remoteIp, secure }: ConsoleSignIn): Promise<Account> {
    const { signIn, credentials, store } = this.#context
    try {
      const { account: id } = await signIn.authenticate({ user, password, protocol: 'http', remoteIp, secure })
      const account = await store.accounts.get(id)
      if (account !== null) return account
      throw new MailError('authentication-failed')
    } catch (error) {
      if (!isMailError(error, 'password-change-required')) throw error
      // It was right a moment ago; asked again, so that what is answered is about this password and nothing else.
      const { account } = await credentials.verify({ user, password, remoteIp })
      const refusal = stateRefusal(account.state)
      if (refusal === 'account-locked' || refusal === 'account-revoked') throw new MailError(refusal)
      return account
    }
  }

  async #open(account: Account, given: { readonly remoteIp: string; readonly userAgent: string; readonly secondFactor: boolean }): Promise<OpenedSession> {
    const { random, clock, access, store } = this.#context
    const secret = Buffer.from(random.bytes(secretBytes)).toString('base64url')
    const nowMs = clock.nowMs()
    const value: ConsoleSession = {
      account: account.id,
      credentialVersion: account.credentialVersion,
      secondFactor: given.secondFactor,
      createdAtMs: nowMs,
      seenAtMs: nowMs,
      endsAtMs: nowMs + access.sessionMaxMs,
      remoteIp: given.remoteIp,
      userAgent: given.userAgent.replace(/\p{Cc}/gu, ' ').slice(0, maxUserAgentLength),
    }
    const id = this.#idOf(secret)
    await store.registry.commit({ entries: [put(consoleSessionKind, id, value, 0)] })
    return { secret, session: await this.#view(secret, { id, version: 1, value }, account, given.remoteIp) }
  }

  async #view(secret: string, { id, value }: Kept<ConsoleSession>, account: Account, remoteIp: string): Promise<SessionView> {
    const stage = await this.#stageOf(account, value)
    const caller: Caller = { account: callerAccount(account), via: 'console', remoteIp, stage, scopes: null, id }
    return { caller, createdAtMs: value.createdAtMs, endsAtMs: value.endsAtMs, csrfToken: this.#csrfToken(secret) }
  }

  async #stageOf(account: Account, session: ConsoleSession): Promise<Stage> {
    if (!session.secondFactor) {
      const factor = (await secondFactorOf(this.#context, account.id))?.value ?? null
      if (requiresSecondFactor(this.#context, account.role, factor)) return isConfirmed(factor) ? 'second-factor' : 'enrolment'
    }
    return stateRefusal(account.state) === 'password-change-required' ? 'password-change' : 'full'
  }

  async #write(value: ConsoleSession, { id, version }: Kept<ConsoleSession>): Promise<void> {
    const { registry } = this.#context.store
    try {
      await registry.commit({ entries: [put(consoleSessionKind, id, value, version)] })
    } catch (error) {
      if (!isMailError(error, 'conflict')) throw error
      // Another request of the session was first: only what it cannot have written is written again.
      const now = await entry(registry, consoleSessionKind, id)
      if (now !== null && value.secondFactor && !now.value.secondFactor) await this.#write({ ...now.value, secondFactor: true }, now)
    }
  }

  async #drop(kept: Kept<ConsoleSession>): Promise<null> {
    await this.#context.store.registry.commit({ entries: [{ ...remove(consoleSessionKind, kept), ifVersion: null }] })
    return null
  }

  async #sweep({ id }: Account): Promise<void> {
    const { store, clock } = this.#context
    const beyond = (await consoleSessionsOf(store.registry, id)).slice(maxSessions - 1)
    const ended = await findEntries(store.registry, consoleSessionKind, { from: 'ends ', to: `ends ${instantKey(clock.nowMs())}`, limit: sweptAtOnce })
    const gone = [...new Map([...beyond, ...ended].map((one) => [one.id, one])).values()]
    if (gone.length > 0) await store.registry.commit({ entries: gone.map((one) => ({ ...remove(consoleSessionKind, one), ifVersion: null })) })
  }

  #idOf(secret: string): string {
    return this.#context.secrets.sha256(secret)
  }

  #csrfToken(secret: string): string {
    return this.#context.secrets.sha256(`csrf ${secret}`)
  }
}
