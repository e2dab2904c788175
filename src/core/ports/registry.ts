/**
 * The registry of the administration: what the regulation asks to be kept beside mailboxes and mail (people, requests, cases,
 * absences, notices, incidents, tokens …), as small JSON documents with keys to find them by, on every store. One commit
 * carries an act whole: the documents, the accounts that it makes or changes, and the records that tell of it (Điều 7.2), so
 * that no act is without its record and no record without its act.
 *
 * Promises
 *  R1  `commit` is atomic: everything in it or nothing, durable when it resolves (P1). Commits are as one after the other.
 *  R2  A document's version is 1 when it is made and grows by 1 with each change; `ifVersion` that is not the present one
 *      refuses the whole commit with `conflict`.
 *  R3  A resolved commit is seen by every read that begins after it, on the same node; on others soon.
 *  R4  `find` sees of each document the keys of its last commit, in binary order of (key, id); paging by `after` misses none
 *      that was there all the while.
 *  R5  What a document names in `bodies` is never swept.
 */
import type { Account } from '../account/account.ts'
import type { Agency, AgencyId } from '../agency/agency.ts'
import type { AccountId, BlobId } from '../mailbox/mailbox.ts'
import type { NewRecord } from '../record/record.ts'
import type { AccountChange, NewAccount } from './store.ts'

/** A JSON value: what does not survive JSON.stringify is not kept. At most {@link maxEntryBytes} as JSON in UTF-8. */
export type EntryValue = unknown

export const maxEntryBytes = 1024 * 1024
export const maxEntryKeys = 64
/** Of a kind, an id and a key, in characters; none holds a control character. */
export const maxNameLength = 400

export interface Entry {
  readonly kind: string
  readonly id: string
  readonly version: number
  readonly value: EntryValue
}

export interface FoundEntry extends Entry {
  /** The key by which it was found. */
  readonly key: string
}

/** The account or agency that the same commit makes, by its place in `newAccounts` or `newAgencies`. */
export type NewId = { readonly newAccount: number } | { readonly newAgency: number }

export type RegistryAccount = Omit<NewAccount, 'agency'> & { readonly agency: AgencyId | { readonly newAgency: number } }

export interface EntryWrite {
  readonly kind: string
  readonly id: string | NewId
  /** Null removes the document and its keys. */
  readonly value: EntryValue | null
  /** All keys that it has from now on. */
  readonly keys?: readonly string[]
  /** Bodies (ports/blobs.ts) that it holds on to: files of documents, evidence. */
  readonly bodies?: readonly BlobId[]
  /** The version it must have; 0: it must not exist; null: whatever it is. */
  readonly ifVersion: number | null
}

export interface RegistryCommit {
  readonly entries?: readonly EntryWrite[]
  readonly newAgencies?: readonly Omit<Agency, 'id'>[]
  /** Of agencies that exist, or that the same commit makes. */
  readonly newAccounts?: readonly RegistryAccount[]
  readonly accountChanges?: readonly { readonly account: AccountId; readonly change: AccountChange; readonly ifVersion?: number }[]
  /** A new primary address; the old one stays as an alias (`keepOld`), or is given up. */
  readonly renames?: readonly { readonly account: AccountId; readonly address: string; readonly keepOld: boolean }[]
  readonly addAliases?: readonly { readonly account: AccountId; readonly address: string }[]
  readonly removeAliases?: readonly { readonly account: AccountId; readonly address: string }[]
  /** Appended in order; audit records are chained. */
  readonly records?: readonly NewRecord[]
}

export interface Committed {
  /** In the order of `entries`; 0 for those removed. */
  readonly versions: readonly number[]
  readonly accounts: readonly Account[]
  readonly agencies: readonly Agency[]
}

export interface RegistryStore {
  get(kind: string, id: string): Promise<Entry | null>
  /** In the order of `ids`; those that do not exist are left out. */
  many(kind: string, ids: readonly string[]): Promise<readonly Entry[]>
  /** By id, from after `after`: for going through all of a kind. */
  list(query: { readonly kind: string; readonly after?: string; readonly limit: number }): Promise<readonly Entry[]>
  /**
   * Documents one of whose keys lies in [from, to), in order of (key, id), descending when asked; a document with two such
   * keys comes twice. `after` is the last one of the page before.
   */
  find(query: {
    readonly kind: string
    readonly from: string
    readonly to: string
    readonly after?: { readonly key: string; readonly id: string }
    readonly descending?: boolean
    readonly limit: number
  }): Promise<readonly FoundEntry[]>
  /** How many keys lie in [from, to). */
  count(query: { readonly kind: string; readonly from: string; readonly to: string }): Promise<number>
  /**
   * Refuses `conflict` (detail.kind, detail.id; or an account's version), `address-taken` (detail.address), `agency-taken`,
   * `agency-unknown`, `account-unknown`, `address-unknown`, `not-permitted`, `argument-invalid` (an entry beyond the limits).
   */
  commit(commit: RegistryCommit): Promise<Committed>
}

/** The half-open range of all keys that begin with `prefix`. */
export const keysFrom = (prefix: string): { readonly from: string; readonly to: string } => ({ from: prefix, to: `${prefix}\u{10ffff}` })

const controlCharacter = /\p{Cc}/u
const isName = (text: string): boolean => text.length > 0 && text.length <= maxNameLength && !controlCharacter.test(text)

/** What is wrong with an entry (`kind`, `id`, `keys`, `value`), or null; the same on every store. `json` is its value's text. */
export function entryFault({ kind, id, keys = [] }: EntryWrite, json: string): 'kind' | 'id' | 'keys' | 'value' | null {
  if (!isName(kind)) return 'kind'
  if (typeof id === 'string' && !isName(id)) return 'id'
  if (keys.length > maxEntryKeys || !keys.every(isName)) return 'keys'
  return json.length > maxEntryBytes || new TextEncoder().encode(json).byteLength > maxEntryBytes ? 'value' : null
}
