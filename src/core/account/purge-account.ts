/**
 * The content of a revoked account goes when its term is over (Điều 5.1, D-14; design §5.3: deleting is complete): mailboxes with
 * all their messages, aliases, what is known of the person. The account's row stays under its address, so that nobody else
 * gets it and mail to it is refused; the tombstone says so. Steps may be done twice: a stop at any point is made up for.
 */
import { put } from '../administration/entries.ts'
import type { EntryWrite } from '../ports/registry.ts'
import type { Store } from '../ports/store.ts'
import type { Account } from './account.ts'
import type { Day } from './lifecycle/civil-day.ts'
import type { LifecycleChange, Held } from './lifecycle-change.ts'
import type { LifecycleRecord } from './lifecycle-record.ts'
import { addressStateKind } from './plan-addresses.ts'

/** Kinds of what hangs on an account, beside its own; id = account id. */
const kindsOfAccount = ['person', 'second-factor', 'quota-told', 'password-history'] as const

/** All mailboxes of the account, each with its messages, one after the other. Returns how many went. */
export async function eraseMailboxes({ mailboxes }: Pick<Store, 'mailboxes'>, account: Account['id'], signal: AbortSignal): Promise<number> {
  let erased = 0
  for (const { id, name } of await mailboxes.list(account)) {
    signal.throwIfAborted()
    await mailboxes.remove(account, id)
    await mailboxes.setSubscribed(account, name, false)
    erased++
  }
  for (const name of await mailboxes.subscriptions(account)) await mailboxes.setSubscribed(account, name, false)
  return erased
}

export interface Erasing {
  readonly atMs: number
  /** First day on which the address may go to another person; null: never. */
  readonly addressFreeOn: Day | null
}

/** What the last commit of a purge changes, beside its record. */
export async function erased({ accounts }: Pick<Store, 'accounts'>, { account, record }: Held, { atMs, addressFreeOn }: Erasing): Promise<Omit<LifecycleChange, 'records'>> {
  const addresses = await accounts.addresses(account.id)
  // Without names: what was known of the person goes.
  const tombstone = (address: string): EntryWrite => put(addressStateKind, address, { state: 'tombstone', names: [], sinceMs: atMs, freeOn: addressFreeOn }, null)
  return {
    account: { state: 'purged', lockClause: null, passwordHash: null, name: account.address },
    record: withoutPerson(record),
    entries: [...addresses.map(({ address }) => tombstone(address)), ...kindsOfAccount.map((kind): EntryWrite => ({ kind, id: account.id, value: null, ifVersion: null }))],
    removeAliases: addresses.filter(({ primary }) => !primary).map(({ address }) => ({ account: account.id, address })),
  }
}

/** The days of its life stay as evidence (Điều 12), reasons and texts about the person go. */
function withoutPerson(record: LifecycleRecord): LifecycleRecord {
  return { ...record, absences: [], warnings: [], untold: [], lock: record.lock === null ? null : { ...record.lock, reason: null }, temporaryPassword: null }
}
