/** The one write of the registry (core/ports/registry.ts): documents, accounts, agencies, addresses and records in one savepoint. */
import type { Account } from '../../../core/account/account.ts'
import type { Agency } from '../../../core/agency/agency.ts'
import { MailError } from '../../../core/errors.ts'
import type { Committed, EntryWrite, NewId, RegistryAccount, RegistryCommit } from '../../../core/ports/registry.ts'
import type { Connection } from '../connection.ts'
import { idNo } from '../ids.ts'
import { addAlias, changeAccount, createAccount, removeAlias, renameAccount } from './accounts.ts'
import { createAgency } from './agencies.ts'
import { appendRecords } from './records.ts'

/** A write whose value is text already, checked against the limits. */
export interface EntryText extends Omit<EntryWrite, 'value'> {
  readonly json: string | null
}

export interface CommitRegistry extends Omit<RegistryCommit, 'entries'> {
  readonly entries: readonly EntryText[]
  readonly nowMs: number
}

export function commitRegistry(connection: Connection, commit: CommitRegistry): Committed {
  const agencies = (commit.newAgencies ?? []).map((agency) => createAgency(connection, agency))
  const accounts = (commit.newAccounts ?? []).map((account) => createAccount(connection, { account: { ...account, agency: agencyOf(account.agency, agencies) }, nowMs: commit.nowMs }))
  const made = { agencies, accounts: [...accounts] }
  for (const { account, change, ifVersion } of commit.accountChanges ?? []) {
    accounts.push(changeAccount(connection, { accountNo: accountNo(account), change, ifVersion: ifVersion ?? null }))
  }
  for (const { account, address } of commit.removeAliases ?? []) removeAlias(connection, { accountNo: accountNo(account), address })
  for (const { account, address, keepOld } of commit.renames ?? []) accounts.push(renameAccount(connection, { accountNo: accountNo(account), address, keepOld }))
  for (const { account, address } of commit.addAliases ?? []) addAlias(connection, { accountNo: accountNo(account), address })
  const versions = commit.entries.map((entry) => writeEntry(connection, entry, idOf(entry.id, made)))
  appendRecords(connection, { records: commit.records ?? [] })
  return { versions, accounts, agencies }
}

function agencyOf(agency: RegistryAccount['agency'], made: readonly Agency[]): string {
  const id = typeof agency === 'string' ? agency : made[agency.newAgency]?.id
  if (id === undefined) throw new MailError('agency-unknown')
  return id
}

function accountNo(account: string): number {
  const no = idNo('account', account)
  if (no === null) throw new MailError('account-unknown')
  return no
}

function idOf(id: string | NewId, made: { readonly agencies: readonly Agency[]; readonly accounts: readonly Account[] }): string {
  if (typeof id === 'string') return id
  const given = 'newAccount' in id ? made.accounts[id.newAccount]?.id : made.agencies[id.newAgency]?.id
  if (given === undefined) throw new MailError('argument-invalid', 'the commit makes no such account or agency')
  return given
}

function writeEntry(connection: Connection, { kind, json, keys = [], bodies = [], ifVersion }: EntryText, id: string): number {
  const present = connection.get<{ version: number }>('SELECT version FROM registry WHERE kind = ? AND id = ?', kind, id)?.version ?? 0
  if (ifVersion !== null && ifVersion !== present) throw new MailError('conflict', `${kind} has changed meanwhile`, { kind, id, version: present })
  if (present > 0) {
    connection.run('DELETE FROM registry_key WHERE kind = ? AND id = ?', kind, id)
    connection.run('DELETE FROM registry_body WHERE kind = ? AND id = ?', kind, id)
  }
  if (json === null) {
    connection.run('DELETE FROM registry WHERE kind = ? AND id = ?', kind, id)
    return 0
  }
  connection.run(
    'INSERT INTO registry (kind, id, version, value) VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, value = excluded.value',
    kind,
    id,
    present + 1,
    json,
  )
  for (const key of new Set(keys)) connection.run('INSERT INTO registry_key (kind, key, id) VALUES (?, ?, ?)', kind, key, id)
  for (const body of new Set(bodies)) connection.run('INSERT INTO registry_body (body, kind, id) VALUES (?, ?, ?)', body, kind, id)
  return present + 1
}
