/**
 * Signing in (mail.ts `SignIn`; design §5.16; regulation 1.2, R-5.4, R-6.1).
 *
 * Each attempt leaves one record, gathered and written together. No record holds a password: neither the one that was
 * given, nor one that was typed into the field of the user by mistake (an unknown user is recorded only when it is an
 * address of ours).
 *
 * `PERSON*MAILBOX` (Điều 10.3): the person's password, the agency's mailbox. Records name both. Agency mailboxes have no
 * sign-in of their own.
 */
import { MailError, isMailError, type MailErrorCode } from '../errors.ts'
import type { Delegations, OpenableMailbox, SignedIn, SignIn, SignInAttempt } from '../mail.ts'
import type { Clock, Counters } from '../ports/world.ts'
import type { AccountStore, AgencyStore } from '../ports/store.ts'
import type { RecordQueue } from '../record/record-queue.ts'
import type { Account } from './account.ts'
import type { ActivityKeeper } from './activity-keeper.ts'
import { parseAddress } from './address.ts'
import type { Credentials } from './credentials.ts'
import { isAgencyMailbox } from './delegation.ts'
import { stateFacts, stateRefusal } from './state.ts'
import { sourceOf } from './throttle.ts'

export interface SignInPorts {
  readonly accounts: Pick<AccountStore, 'get' | 'byAddress'>
  readonly agencies: Pick<AgencyStore, 'byDomain'>
  readonly clock: Clock
  readonly counters: Counters
  readonly records: Pick<RecordQueue, 'add'>
  readonly credentials: Credentials
  readonly activity: Pick<ActivityKeeper, 'signedIn'>
  /** Where a temporary password is changed, for the text that says so. */
  readonly webUrl?: string
  readonly delegations: Pick<Delegations, 'find' | 'opened'>
}

/** The sign-ins that show mail; the others send it or sort it. */
const reading: ReadonlySet<SignInAttempt['protocol']> = new Set(['imap', 'pop3', 'jmap'])

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

  const recordRefusal = async (attempt: SignInAttempt, reason: MailErrorCode, account: Account | null, mailbox: string | null = null): Promise<void> => {
    if (reason === 'authentication-throttled') {
      const seen = await ports.counters.add(`sign-in throttled ${sourceOf(attempt.remoteIp)}`, 1, throttledRecordWindowMs)
      if (seen > 1) return
    }
    const named = account ?? (await credentials.find(attempt.user))
    const subject = named?.address ?? (await ownAddress(attempt.user)) ?? 'unknown'
    record('sign-in.refused', subject, attempt, { reason, ...(mailbox === null ? {} : { mailbox }) }, account?.id ?? 'system')
  }

  /** The typed user when it is an address in a domain of ours, else null. */
  const ownAddress = async (user: string): Promise<string | null> => {
    const parts = parseAddress(user.trim())
    if (parts === null || (await ports.agencies.byDomain(parts.domain)) === null) return null
    return `${parts.local}@${parts.domain}`
  }

  const refuse = async (attempt: SignInAttempt, code: MailErrorCode, account: Account | null, mailbox: string | null = null): Promise<never> => {
    await recordRefusal(attempt, code, account, mailbox)
    throw new MailError(code, undefined, account === null ? {} : stateFacts(account, ports.webUrl ?? null))
  }

  /** The two halves of `PERSON*MAILBOX`; null when it is an account's own name, which may have an asterisk too. */
  const halves = async (user: string): Promise<{ readonly person: string; readonly mailbox: string } | null> => {
    const at = user.lastIndexOf('*')
    if (at < 1 || (await credentials.find(user)) !== null) return null
    return { person: user.slice(0, at), mailbox: user.slice(at + 1) }
  }

  const open = async (attempt: SignInAttempt, person: Account, named: string): Promise<SignedIn> => {
    const parts = parseAddress(named.includes('@') ? named.trim() : `${named.trim()}@${person.address.slice(person.address.lastIndexOf('@') + 1)}`)
    const mailbox = parts === null ? null : await accounts.byAddress(`${parts.local}@${parts.domain}`)
    const allowed = mailbox === null || attempt.protocol === 'http' ? null : await ports.delegations.find(person.id, mailbox.id)
    if (mailbox === null || allowed === null) return refuse(attempt, 'not-permitted', person, mailbox?.address ?? null)
    record('sign-in.succeeded', person.address, attempt, { mailbox: mailbox.address }, person.id)
    if (reading.has(attempt.protocol)) await ports.delegations.opened(person.id, allowed, attempt)
    for (const { id } of [person, mailbox]) ports.activity.signedIn(id)
    return signedIn(mailbox, { person, allowed })
  }

  const holds = (account: Account | null, credentialVersion: number): boolean =>
    account !== null && account.credentialVersion === credentialVersion && stateRefusal(account.state) === null

  return {
    async authenticate(attempt) {
      if (!attempt.secure) return refuse(attempt, 'encryption-required', null)
      const delegated = await halves(attempt.user)
      const claim = delegated === null ? attempt : { ...attempt, user: delegated.person }
      const verified = await credentials.verify(claim).catch(async (error: unknown) => {
        if (isMailError(error)) await recordRefusal(claim, error.code, null)
        throw error
      })
      const { account } = verified
      const refusal = isAgencyMailbox(account) ? 'authentication-failed' : stateRefusal(account.state)
      if (refusal !== null) return refuse(claim, refusal, account)
      if (delegated !== null) return open(claim, account, delegated.mailbox)
      record('sign-in.succeeded', account.address, attempt, {}, account.id)
      ports.activity.signedIn(account.id)
      return signedIn(account)
    },

    async stillValid({ account, credentialVersion, by }) {
      if (by === undefined) return holds(await accounts.get(account), credentialVersion)
      // Of the mailbox its state counts, which the delegation asks for; its version grows with much that changes nothing here.
      if (!holds(await accounts.get(by.account), by.credentialVersion)) return false
      return (await ports.delegations.find(by.account, account))?.rights === by.rights
    },
  }
}

function signedIn(account: Account, by: { readonly person: Account; readonly allowed: OpenableMailbox } | null = null): SignedIn {
  const { id, address, name, role, credentialVersion } = account
  const own = { account: id, address, name, role, credentialVersion }
  if (by === null) return own
  const { person, allowed } = by
  return { ...own, by: { account: person.id, address: person.address, credentialVersion: person.credentialVersion, rights: allowed.rights } }
}
