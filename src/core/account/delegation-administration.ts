/**
 * Who may open an agency's or a unit's mailbox (Điều 10.1, 10.3; ): granted to a person of the same agency by a recorded
 * decision, ended at once. Granting again changes rights. What it lets a person do is delegation.ts; that a leaver's has no
 * effect needs no act.
 */
import type { Actor } from '../administration/actor.ts'
import { auditRecord, today, type AdministrationContext } from '../administration/context.ts'
import { entry, findEntries, put, remove, type Kept } from '../administration/entries.ts'
import { MailError } from '../errors.ts'
import { keysFrom } from '../ports/registry.ts'
import { documentNumber, isDocumentNumber } from '../request/document.ts'
import type { Account } from './account.ts'
import { accountNamed, untilCommitted } from './lifecycle-change.ts'
import { basis, mailErrorOf, refused } from './lifecycle/basis.ts'
import { isDay } from './lifecycle/civil-day.ts'
import { clauseOfDelegation, delegationId, delegationKind, hasEffect, isAgencyMailbox, maxDelegations, type Delegation, type DelegationDecision } from './delegation.ts'

export interface DelegationOrder {
  /** Id or address. */
  readonly person: string
  readonly rights: Delegation['rights']
  readonly sendAs: boolean
  /** `decision` needs a number; its date is no day to come. */
  readonly decision: DelegationDecision
}

export interface DelegationView extends Omit<Delegation, 'mailbox' | 'person' | 'agency'> {
  readonly mailbox: Party
  readonly person: Party
  /** False: one of them is locked, revoked or of another agency now. */
  readonly inEffect: boolean
}

export type Party = Pick<Account, 'id' | 'address' | 'name'>

export interface DelegationAdministration {
  /**
   * Mailboxes and persons by id or address. Refuses `account-unknown`; `not-permitted` (detail.reason `not-agency-mailbox`,
   * `not-person`, `person-of-other-agency`, `account-out-of-use`), `argument-invalid` (`document-missing`, `document-invalid`), `limit-reached`.
   */
  grant(actor: Actor, mailbox: string, order: DelegationOrder): Promise<DelegationView>
  /** Sessions that rest on it end within the minute. Refuses `entry-unknown`. */
  end(actor: Actor, mailbox: string, person: string): Promise<void>
  ofMailbox(actor: Actor, mailbox: string): Promise<readonly DelegationView[]>
  ofPerson(actor: Actor, person: string): Promise<readonly DelegationView[]>
}

const conflict = (message: string, reason: string): MailError => new MailError('not-permitted', message, { reason, class: 'conflict', clause: clauseOfDelegation })

export function createDelegationAdministration(context: AdministrationContext): DelegationAdministration {
  const { store, authorise, clock, bus } = context
  const { registry } = store

  const named = async (actor: Actor, who: string, action: 'delegation.manage' | 'delegation.read'): Promise<Account> => {
    const account = await accountNamed(context, who)
    await authorise(actor, action, { agency: account?.agency ?? null, account: account?.id ?? null, subject: account?.address ?? who.slice(0, 100) })
    return account ?? unknown(who)
  }

  const view = async ({ value }: Kept<Delegation>): Promise<DelegationView> => {
    const { agency: _agency, mailbox, person, ...shown } = value
    const [to, who] = await Promise.all([store.accounts.get(mailbox), store.accounts.get(person)])
    return { ...shown, mailbox: partyOf(to, mailbox), person: partyOf(who, person), inEffect: hasEffect(value, who, to) }
  }

  const listed = async (prefix: string): Promise<readonly DelegationView[]> => {
    const found = await findEntries(registry, delegationKind, { ...keysFrom(prefix), limit: maxDelegations })
    const views = await Promise.all(found.map(view))
    return views.sort((a, b) => (`${a.mailbox.address} ${a.person.address}` < `${b.mailbox.address} ${b.person.address}` ? -1 : 1))
  }

  const ring = (...accounts: readonly Account[]): void => {
    for (const { id, modseq } of accounts) bus.ring({ account: id, modseq })
  }

  const requireRoom = async (...prefixes: readonly string[]): Promise<void> => {
    for (const prefix of prefixes) {
      if ((await registry.count({ kind: delegationKind.name, ...keysFrom(prefix) })) >= maxDelegations) throw new MailError('limit-reached', 'too many delegations', { limit: maxDelegations })
    }
  }

  return {
    async grant(actor, at, { person: who, rights, sendAs, decision: given }) {
      const mailbox = await named(actor, at, 'delegation.manage')
      const decision = checkedDecision(given, today(context))
      if (!isAgencyMailbox(mailbox)) throw conflict("only an agency's or a unit's mailbox is opened by others", 'not-agency-mailbox')
      const person = (await accountNamed(context, who)) ?? unknown(who)
      // Whose agency it is, is checked before what he is: nothing is told of other agencies' accounts.
      if (person.agency !== mailbox.agency) throw conflict('the person is of another agency', 'person-of-other-agency')
      if (person.kind !== 'person') throw conflict('only a person opens a mailbox', 'not-person')
      if (outOfUse(person) || outOfUse(mailbox)) throw conflict('the account is revoked', 'account-out-of-use')
      const id = delegationId(mailbox.id, person.id)
      await untilCommitted(async () => {
        const kept = await entry(registry, delegationKind, id)
        if (kept === null) await requireRoom(`mailbox ${mailbox.id} `, `person ${person.id} `)
        const delegation: Delegation = { mailbox: mailbox.id, person: person.id, agency: mailbox.agency, rights, sendAs, decision, by: actor.name, atMs: clock.nowMs() }
        const record = auditRecord(actor, clock.nowMs(), {
          action: 'delegation.grant',
          subject: mailbox.address,
          clause: clauseOfDelegation,
          before: kept === null ? null : rightsOf(person, kept.value),
          after: rightsOf(person, delegation),
          evidence: { ...decision },
        })
        await registry.commit({ entries: [put(delegationKind, id, delegation, kept?.version ?? 0)], records: [record] })
      })
      ring(person, mailbox)
      return view((await entry(registry, delegationKind, id)) ?? gone())
    },

    async end(actor, at, who) {
      const mailbox = await named(actor, at, 'delegation.manage')
      const person = (await accountNamed(context, who)) ?? gone()
      await untilCommitted(async () => {
        const kept = (await entry(registry, delegationKind, delegationId(mailbox.id, person.id))) ?? gone()
        const record = auditRecord(actor, clock.nowMs(), {
          action: 'delegation.end',
          subject: mailbox.address,
          clause: clauseOfDelegation,
          before: rightsOf(person, kept.value),
          after: null,
        })
        await registry.commit({ entries: [remove(delegationKind, kept)], records: [record] })
      })
      ring(person, mailbox)
    },

    async ofMailbox(actor, at) {
      return listed(`mailbox ${(await named(actor, at, 'delegation.read')).id} `)
    },

    async ofPerson(actor, who) {
      return listed(`person ${(await named(actor, who, 'delegation.read')).id} `)
    },
  }
}

const outOfUse = ({ state }: Account): boolean => state === 'revoked' || state === 'purged'

const rightsOf = (person: Account, { rights, sendAs }: Delegation): Readonly<Record<string, unknown>> => ({ person: person.address, rights, sendAs })

/** An account is never deleted from the store; one that could not be read is told by its id. */
const partyOf = (account: Account | null, id: string): Party => ({ id, address: account?.address ?? '', name: account?.name ?? '' })

function unknown(who: string): never {
  throw new MailError('account-unknown', 'no such account', { account: who.slice(0, 320) })
}

function gone(): never {
  throw new MailError('entry-unknown', 'no such delegation', { kind: delegationKind.name })
}

function checkedDecision({ kind, number, date }: DelegationDecision, now: string): DelegationDecision {
  const on = basis(clauseOfDelegation)
  const written = number === null ? '' : documentNumber(number)
  if (written === '' && kind === 'decision') throw mailErrorOf(refused('document-missing', on))
  const fault = written !== '' && !isDocumentNumber(written) ? 'number' : !isDay(date) ? 'date' : date > now ? 'date-in-future' : null
  if (fault !== null) throw mailErrorOf(refused('document-invalid', on, { fault }))
  return { kind, number: written === '' ? null : written, date }
}
