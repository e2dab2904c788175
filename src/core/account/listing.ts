/** Whether somebody stands in the directory follows the account's life: revoked ones do not. */
import { entry, put } from '../administration/entries.ts'
import type { EntryWrite } from '../ports/registry.ts'
import type { Store } from '../ports/store.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import { personKind } from './person.ts'

/** For the commit of the act; empty when nothing is to be changed. */
export async function listingOf({ registry }: Pick<Store, 'registry'>, account: AccountId, listed: boolean): Promise<readonly EntryWrite[]> {
  const kept = await entry(registry, personKind, account)
  return kept === null || kept.value.listed === listed ? [] : [put(personKind, account, { ...kept.value, listed }, kept.version)]
}
