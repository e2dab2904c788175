/**
 * Addresses for a batch of people of one mail domain, against what the domain holds at this moment (Điều 4.2; R-4.2a to
 * R-4.2d): people, units and aliases; reserved names; contested forms and tombstones. The plan carries the version of the
 * domain's lock: its commit holds only when nobody has issued there meanwhile, so two officers at the same moment never get
 * one address, nor a short form that they contest.
 */
import { baseForm, extendedForm, suffixes } from '../../vietnamese/names/address-forms.ts'
import { entry, entryKind, entriesOf } from '../administration/entries.ts'
import type { Store } from '../ports/store.ts'
import { isReservedLocal } from './address.ts'
import { allocateAddresses, type Allocation, type Candidate, type Taken } from './allocate-address.ts'
import { personKind } from './person.ts'

/** Why nobody gets an address (id = the whole address). */
export interface AddressState {
  readonly state: 'contested' | 'reserved' | 'tombstone'
  /** Full names of those who contest it, or who held it. */
  readonly names: readonly string[]
  readonly sinceMs: number
  /** Of a tombstone: the first day on which another person may get it; null: never (D-14). */
  readonly freeOn: string | null
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1)

export const addressStateKind = entryKind<AddressState>({
  name: 'address-state',
  keys: ({ state }, id) => [`domain ${domainOf(id)} ${state}`],
})

/** The lock of a domain (id = the domain): its version grows with every issue there. */
export interface AddressDomain {
  readonly issued: number
}

export const addressDomainKind = entryKind<AddressDomain>({ name: 'address-domain', keys: () => [] })

export interface AddressPlan {
  readonly domain: string
  readonly allocations: readonly Allocation[]
  readonly contested: ReadonlyMap<string, readonly string[]>
  /** Of the domain's lock; 0: there is none yet. */
  readonly lockVersion: number
  readonly issuedSoFar: number
}

/** `today`: `yyyy-mm-dd`; a tombstone whose day has come holds nobody up. */
export async function planAddresses(store: Pick<Store, 'registry' | 'accounts'>, domain: string, batch: readonly Candidate[], today: string): Promise<AddressPlan> {
  // The lock first: what is read after it is at least as new.
  const lock = await entry(store.registry, addressDomainKind, domain)
  const taken = await readTaken(store, domain, batch, today)
  const { allocations, contested } = allocateAddresses(batch, taken)
  return { domain, allocations, contested, lockVersion: lock?.version ?? 0, issuedSoFar: lock?.value.issued ?? 0 }
}

/** Every form that the algorithm could give to one of them. */
function formsOf(batch: readonly Candidate[]): readonly string[] {
  const forms = new Set<string>()
  for (const candidate of batch) {
    const endings = ['', ...suffixes(candidate)]
    for (const stem of [baseForm(candidate.name), extendedForm(candidate.name)]) if (stem !== null) for (const ending of endings) forms.add(stem + ending)
  }
  return [...forms]
}

async function readTaken({ registry, accounts }: Pick<Store, 'registry' | 'accounts'>, domain: string, batch: readonly Candidate[], today: string): Promise<Taken> {
  const forms = formsOf(batch)
  const addresses = forms.map((form) => `${form}@${domain}`)
  const holders = await accounts.holders(addresses)
  const states = await entriesOf(registry, addressStateKind, addresses)
  const people = await entriesOf(registry, personKind, [...new Set(holders.values())])
  const nameOf = new Map(people.filter(({ value }) => value.kind === 'person').map(({ id, value }) => [id, value.name.full]))
  const names = new Map<string, string[]>()
  for (const [address, account] of holders) {
    const name = nameOf.get(account)
    names.set(address, name === undefined ? [] : [name])
  }
  for (const { id, value } of states) {
    if (value.state === 'tombstone' && value.freeOn !== null && value.freeOn <= today) continue
    names.set(id, [...(names.get(id) ?? []), ...value.names])
  }
  return {
    has: (local) => names.has(`${local}@${domain}`) || isReservedLocal(local),
    names: (local) => names.get(`${local}@${domain}`) ?? [],
  }
}
