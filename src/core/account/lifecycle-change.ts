/**
 * One change of an account's life (design §5.9): the account, its lifecycle document and the audit records in one commit, decided
 * upon what both were at that moment. When somebody was faster it is decided anew, unless the caller named the version that
 * he saw. Afterwards: bells (sessions end, R-6.1), then the notices.
 */
import { entry, findEntries, put, type Kept } from '../administration/entries.ts'
import type { AdministrationContext } from '../administration/context.ts'
import { MailError, isMailError } from '../errors.ts'
import { keysFrom, type EntryWrite, type RegistryCommit } from '../ports/registry.ts'
import type { AccountChange, Store } from '../ports/store.ts'
import type { NewRecord } from '../record/record.ts'
import type { LegalHold } from '../record/retention.ts'
import type { Account } from './account.ts'
import { parseAddress } from './address.ts'
import { accountFacts } from './change-account.ts'
import type { LifecycleFacts } from './lifecycle/facts.ts'
import { mailErrorOf, type Refused } from './lifecycle/basis.ts'
import type { Untold } from './lifecycle/untold.ts'
import { listingOf } from './listing.ts'
import { adoptedLifecycle, bounded, factsOf, lifecycleKind, untoldKey, type LifecycleRecord } from './lifecycle-record.ts'
import { tell, tellsLater, type TellContext, type Telling } from './tell.ts'

export type ChangeContext = Pick<AdministrationContext, 'store' | 'bus' | 'clock' | 'notify' | 'settings'>

/** An account and its life as they were read. */
export interface Held {
  readonly account: Account
  readonly record: LifecycleRecord
  /** Of the document; 0: there is none yet. */
  readonly version: number
  readonly facts: LifecycleFacts
}

export interface LifecycleChange {
  readonly account?: AccountChange
  readonly record: LifecycleRecord
  readonly records: readonly NewRecord[]
  readonly untold?: readonly Untold[]
  /** Of other kinds, in the same commit. */
  readonly entries?: readonly EntryWrite[]
  readonly removeAliases?: RegistryCommit['removeAliases']
}

/** By its address or its id; null: there is none. */
export async function accountNamed({ store }: { readonly store: Pick<Store, 'accounts'> }, who: string): Promise<Account | null> {
  if (!who.includes('@')) return store.accounts.get(who)
  const parts = parseAddress(who)
  return parts && (await store.accounts.byAddress(`${parts.local}@${parts.domain}`))
}

/** Refuses `account-unknown`. */
export async function accountAt(context: { readonly store: Pick<Store, 'accounts'> }, who: string): Promise<Account> {
  return (await accountNamed(context, who)) ?? unknownAccount(who)
}

export function unknownAccount(who: string): never {
  throw new MailError('account-unknown', 'no such account', { account: who.slice(0, 320) })
}

export async function holdAccount({ store, clock }: Pick<ChangeContext, 'store' | 'clock'>, account: Account): Promise<Held> {
  const kept = await entry(store.registry, lifecycleKind, account.id)
  return heldOf(account, kept, clock.nowMs(), await legalHolds(store))
}

export function heldOf(account: Account, kept: Kept<LifecycleRecord> | null, nowMs: number, holds: readonly LegalHold[]): Held {
  const record = kept?.value ?? adoptedLifecycle(account, nowMs)
  return { account, record, version: kept?.version ?? 0, facts: factsOf(account, record, holds) }
}

/** Kind `legal-hold`, whose owner is core/record. */
const legalHoldKind = 'legal-hold'
const maxHolds = 1_000

export async function legalHolds({ registry }: Pick<Store, 'registry'>): Promise<readonly LegalHold[]> {
  return (await registry.list({ kind: legalHoldKind, limit: maxHolds })).map(({ id, value }) => ({ ...(value as LegalHold), id })).filter(({ releasedAtMs }) => releasedAtMs === null)
}

/** The change with what follows from it elsewhere: whoever is revoked leaves the directory, and comes back when that is undone. */
export async function withListing({ store }: Pick<ChangeContext, 'store'>, { account }: Held, change: LifecycleChange): Promise<LifecycleChange> {
  const state = change.account?.state
  if (state !== 'revoked' && account.state !== 'revoked') return change
  if (state === undefined || state === 'purged') return change
  return { ...change, entries: [...(change.entries ?? []), ...(await listingOf(store, account.id, state !== 'revoked'))] }
}

/** The parts of a commit that carry the change of one account. */
export function commitOf({ account, version }: Held, change: LifecycleChange): Required<Pick<RegistryCommit, 'entries' | 'accountChanges' | 'records' | 'removeAliases'>> {
  const record = bounded({ ...change.record, untold: [...change.record.untold, ...(change.untold ?? [])] })
  return {
    entries: [put(lifecycleKind, account.id, record, version), ...(change.entries ?? [])],
    // Conditional also when only the document changes: what was decided rests on the state.
    accountChanges: [{ account: account.id, change: change.account ?? {}, ifVersion: account.credentialVersion }],
    records: change.records,
    removeAliases: change.removeAliases ?? [],
  }
}

/** So often it is decided anew. */
const maxConflicts = 8

/** Runs `attempt` until nobody else was faster. */
export async function untilCommitted<T>(attempt: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return await attempt()
    } catch (error) {
      // Who named the version that he saw is told that it is gone.
      if (!isMailError(error, 'conflict') || error.detail['reason'] === 'version' || round >= maxConflicts) throw error
    }
  }
}

export interface Changed {
  readonly account: Account
  readonly record: LifecycleRecord
}

/**
 * `plan` decides upon the account as it is; it may refuse. With `ifVersion` (the credentialVersion that the caller saw) another
 * version is refused with `conflict`.
 */
export async function changeLife(
  context: ChangeContext,
  id: Account['id'],
  plan: (held: Held) => Promise<LifecycleChange> | LifecycleChange,
  ifVersion?: number,
): Promise<Changed> {
  const changed = await untilCommitted(async () => {
    const account = await context.store.accounts.get(id)
    if (account === null) throw new MailError('account-unknown', 'no such account')
    if (ifVersion !== undefined && ifVersion !== account.credentialVersion) throw new MailError('conflict', 'the account has changed meanwhile', { reason: 'version', version: account.credentialVersion })
    const held = await holdAccount(context, account)
    const change = await withListing(context, held, await plan(held))
    const commit = commitOf(held, change)
    const { accounts } = await context.store.registry.commit(commit)
    return { account: accounts[0] ?? account, record: commit.entries[0]!.value as LifecycleRecord }
  })
  afterCommit(context, [changed.account])
  if (changed.record.untold.length > 0) await tellNow(context, [changed.account])
  return changed
}

export function afterCommit({ bus }: Pick<ChangeContext, 'bus'>, accounts: readonly Account[]): void {
  for (const { id, modseq } of accounts) bus.ring({ account: id, modseq })
}

export function refuse(refusal: Refused): never {
  throw mailErrorOf(refusal)
}

/** Before and after, as records keep it. */
export const lifeFacts = (account: Account, change: AccountChange = {}): Readonly<Record<string, unknown>> => {
  const { passwordHash: _, ...named } = change
  return accountFacts({ ...account, ...named })
}

/** Tells at once; what fails for the moment is told by the next sweep. */
async function tellNow(context: ChangeContext, accounts: readonly Account[]): Promise<void> {
  await tellAccounts(context, accounts.map(({ id }) => id)).catch((error: unknown) => {
    if (!tellsLater(error)) throw error
  })
}

/** Tells all that is untold of these accounts, and notes that it was told. */
export async function tellAccounts(context: TellContext, ids: readonly string[]): Promise<number> {
  const { store } = context
  const records = (await store.registry.many(lifecycleKind.name, ids)) as readonly Kept<LifecycleRecord>[]
  const accounts = new Map((await Promise.all(ids.map((id) => store.accounts.get(id)))).flatMap((one) => (one === null ? [] : [[one.id, one] as const])))
  const tellings = records.flatMap(({ id, value }): Telling[] => {
    const account = accounts.get(id) ?? null
    if (account === null) return []
    return value.untold.map((untold) => ({ about: { subject: account.address, name: account.name }, key: `lifecycle ${id} ${keyOf(untold)}`, agency: account.agency, account, untold }))
  })
  await tell(context, tellings)
  await forgetTold(store, records)
  return tellings.length
}

/** Others may have written the document meanwhile: only what was told goes. */
async function forgetTold({ registry }: Pick<Store, 'registry'>, told: readonly Kept<LifecycleRecord>[]): Promise<void> {
  const sent = new Map(told.map(({ id, value }) => [id, new Set(value.untold.map(keyOf))]))
  await untilCommitted(async () => {
    const now = (await registry.many(lifecycleKind.name, [...sent.keys()])) as readonly Kept<LifecycleRecord>[]
    const entries = now.flatMap(({ id, version, value }) => {
      const untold = value.untold.filter((one) => sent.get(id)?.has(keyOf(one)) !== true)
      return untold.length === value.untold.length ? [] : [put(lifecycleKind, id, { ...value, untold }, version)]
    })
    if (entries.length > 0) await registry.commit({ entries })
  })
}

const keyOf = ({ purpose, atMs }: Untold): string => `${purpose} ${atMs}`

const sweptAtOnce = 200

/** Tells what was left untold by a process that died, or while delivery could not take it. Returns how many notices. */
export async function tellUntold(context: TellContext, signal?: AbortSignal): Promise<number> {
  let told = 0
  for (let after: { key: string; id: string } | undefined; signal?.aborted !== true; ) {
    const page = await findEntries(context.store.registry, lifecycleKind, { ...keysFrom(untoldKey), limit: sweptAtOnce, ...(after === undefined ? {} : { after }) })
    told += await tellAccounts(context, page.map(({ id }) => id))
    if (page.length < sweptAtOnce) break
    after = { key: page.at(-1)!.key, id: page.at(-1)!.id }
  }
  return told
}
