/**
 * Agency mailboxes opened by named people (Điều 10.1, 10.3; ): nobody knows a password of an agency's or a unit's
 * mailbox. Who works in one signs in as himself, by a decision that names him.
 *
 *  - A delegation has effect only while both are in use and the person is of the agency that named him: who is locked, revoked
 *    or transferred has none from that moment, whatever is written here.
 *  - A person's own mailbox is never delegated (Điều 3.1).
 */
import { entry, entryKind, findEntries } from '../administration/entries.ts'
import { MailError } from '../errors.ts'
import type { Delegations, OpenableMailbox } from '../mail.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import { keysFrom } from '../ports/registry.ts'
import type { Store } from '../ports/store.ts'
import type { Clock } from '../ports/world.ts'
import type { AgencyId } from '../agency/agency.ts'
import type { Account } from './account.ts'
import type { ActivityKeeper } from './activity-keeper.ts'
import type { Day } from './lifecycle/civil-day.ts'
import { stateRefusal } from './state.ts'

/** `decision`: a decision, which has a number; `assignment`: a list or note of who does what; `duty`: the post's own task (văn thư). */
export type DecisionKind = 'decision' | 'assignment' | 'duty'

export interface DelegationDecision {
  readonly kind: DecisionKind
  readonly number: string | null
  readonly date: Day
}

export interface Delegation {
  readonly mailbox: AccountId
  readonly person: AccountId
  /** Of both, when it was granted. */
  readonly agency: AgencyId
  readonly rights: 'read' | 'write'
  readonly sendAs: boolean
  readonly decision: DelegationDecision
  /** As records name who granted it. */
  readonly by: string
  readonly atMs: number
}

/** Id: `MAILBOX/PERSON`. */
export const delegationKind = entryKind<Delegation>({
  name: 'delegation',
  keys: ({ mailbox, person }) => [`mailbox ${mailbox} ${person}`, `person ${person} ${mailbox}`],
})

export const delegationId = (mailbox: AccountId, person: AccountId): string => `${mailbox}/${person}`

/** Of a mailbox, and of a person. */
export const maxDelegations = 200

export const clauseOfDelegation = 'Điều 10.1, 10.3'

/** Whether such a mailbox may be opened by others at all. */
export const isAgencyMailbox = ({ kind }: Pick<Account, 'kind'>): boolean => kind === 'agency' || kind === 'unit'

/** Refuses `not-permitted` (detail.reason `agency-mailbox`): whoever knew a password of it would be nobody (Điều 10.3). */
export function requirePasswordOwner(account: Pick<Account, 'kind'>): void {
  if (!isAgencyMailbox(account)) return
  throw new MailError('not-permitted', "an agency's mailbox has no password", { reason: 'agency-mailbox', class: 'conflict', clause: clauseOfDelegation })
}

/** Whether it lets the person in at this moment. The mailbox has no password that could wait to be changed. */
export function hasEffect({ agency }: Delegation, person: Account | null, mailbox: Account | null): boolean {
  if (person === null || mailbox === null || person.kind !== 'person' || !isAgencyMailbox(mailbox)) return false
  if (person.agency !== agency || mailbox.agency !== agency) return false
  const closed = stateRefusal(mailbox.state)
  return stateRefusal(person.state) === null && (closed === null || closed === 'password-change-required')
}

export interface DelegationPorts {
  readonly store: Pick<Store, 'registry' | 'records'> & { readonly accounts: Pick<Store['accounts'], 'get'> }
  readonly clock: Clock
  /** Whoever opens a mailbox keeps it in use (Điều 6.2a: it has no other sign-in); left out: nothing is noted. */
  readonly activity?: Pick<ActivityKeeper, 'signedIn'>
}

export function createDelegations({ store, clock, activity }: DelegationPorts): Delegations {
  const { registry, accounts, records } = store

  const openable = async (delegation: Delegation, person: Account | null): Promise<OpenableMailbox | null> => {
    const mailbox = await accounts.get(delegation.mailbox)
    if (mailbox === null || !hasEffect(delegation, person, mailbox)) return null
    const { id, address, name } = mailbox
    return { account: id, address, name, rights: delegation.rights, sendAs: delegation.sendAs }
  }

  return {
    async of(person) {
      const found = await findEntries(registry, delegationKind, { ...keysFrom(`person ${person} `), limit: maxDelegations })
      if (found.length === 0) return []
      const who = await accounts.get(person)
      const mailboxes = (await Promise.all(found.map(({ value }) => openable(value, who)))).filter((one) => one !== null)
      return mailboxes.sort((a, b) => (a.address < b.address ? -1 : 1))
    },

    async find(person, mailbox) {
      const kept = await entry(registry, delegationKind, delegationId(mailbox, person))
      return kept === null ? null : openable(kept.value, await accounts.get(person))
    },

    async opened(person, { account, address, rights }, { protocol, remoteIp }) {
      const detail = { protocol, remoteIp, rights }
      await records.append([{ kind: 'audit', atMs: clock.nowMs(), actor: person, action: 'mailbox.open', subject: address, clause: clauseOfDelegation, detail }])
      activity?.signedIn(account)
    },
  }
}
