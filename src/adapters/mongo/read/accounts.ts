/** Reads of account documents (Điều 4.2). A whole one that was read is what the next write of the account is planned on. */
import type { Document } from 'mongodb'
import type { Account, Role } from '../../../core/account/account.ts'
import type { AccountStates } from '../account-states.ts'
import type { AccountDocument } from '../documents.ts'
import type { Find, ReadSide } from '../read-side.ts'
import { accountOf } from '../translations.ts'

/** Lists leave out what they do not tell. */
const told = { mailboxes: 0, subscriptions: 0, addresses: 0 }

export async function readAccount(reads: ReadSide, states: AccountStates, filter: Document): Promise<AccountDocument | null> {
  const document = await reads.one<AccountDocument>('states', { filter })
  if (document !== null) states.offer(document)
  return document
}

/** Those that are there, by the addresses that were asked for. */
export async function accountsByAddress(reads: ReadSide, states: AccountStates, addresses: readonly string[]): Promise<Map<string, AccountDocument>> {
  const asked = new Set(addresses)
  const found = new Map<string, AccountDocument>()
  for (const document of await reads.find<AccountDocument>('states', { filter: { addresses: { $in: [...asked] } } })) {
    states.offer(document)
    for (const address of document.addresses) if (asked.has(address)) found.set(address, document)
  }
  return found
}

export function localPartFind(localPart: string, limit: number): Find {
  return { filter: { localPart }, projection: told, sort: { address: 1 }, limit }
}

export interface ListAccounts {
  readonly agencyNo: number | null
  readonly role: Role | null
  readonly after: string | null
  readonly limit: number
}

/** By address, those after `after`. */
export function listFind({ agencyNo, role, after, limit }: ListAccounts): Find {
  const filter = { ...(agencyNo !== null && { agency: agencyNo }), ...(role !== null && { role }), address: { $gt: after ?? '' } }
  return { filter, projection: told, sort: { address: 1 }, limit }
}

export async function findAccounts(reads: ReadSide, find: Find): Promise<Account[]> {
  return (await reads.find<AccountDocument>('states', find)).map(accountOf)
}
