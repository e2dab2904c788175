/** All accounts that are not purged, with what is kept of their lives, page by page: for the night and for the preview. */
import type { AdministrationContext } from '../administration/context.ts'
import { entriesOf } from '../administration/entries.ts'
import type { LegalHold } from '../record/retention.ts'
import type { Account } from './account.ts'
import { heldOf, legalHolds, type Held } from './lifecycle-change.ts'
import { lifecycleKind } from './lifecycle-record.ts'

const accountsAtOnce = 1_000

/** By address. */
export async function* livesByPage(context: Pick<AdministrationContext, 'store' | 'clock'>, { agency }: { readonly agency?: string }): AsyncGenerator<readonly Held[]> {
  const { store, clock } = context
  const holds = await legalHolds(store)
  for (let after: string | undefined; ; ) {
    const accounts = await store.accounts.list({ limit: accountsAtOnce, ...(agency === undefined ? {} : { agency }), ...(after === undefined ? {} : { after }) })
    yield await heldPage(context, accounts, holds, clock.nowMs())
    if (accounts.length < accountsAtOnce) return
    after = accounts.at(-1)!.address
  }
}

async function heldPage({ store }: Pick<AdministrationContext, 'store'>, accounts: readonly Account[], holds: readonly LegalHold[], nowMs: number): Promise<readonly Held[]> {
  const living = accounts.filter(({ state }) => state !== 'purged')
  const kept = new Map((await entriesOf(store.registry, lifecycleKind, living.map(({ id }) => id))).map((one) => [one.id, one]))
  return living.map((account) => heldOf(account, kept.get(account.id) ?? null, nowMs, holds))
}
