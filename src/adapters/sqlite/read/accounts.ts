/** Reads of accounts and addresses (Điều 4.2). */
import type { SQLInputValue } from 'node:sqlite'
import type { Account, Address, Role } from '../../../core/account/account.ts'
import type { Connection } from '../connection.ts'
import { id } from '../ids.ts'
import { accountColumns, accountOf, accountTables } from '../rows.ts'
import type { AccountRow } from '../rows.ts'

const select = `SELECT ${accountColumns} FROM ${accountTables}`

export function accountByNo(connection: Connection, no: number): Account | null {
  return orNull(connection.get<AccountRow>(`${select} WHERE a.no = ?`, no))
}

export function accountByAddress(connection: Connection, address: string): Account | null {
  return orNull(connection.get<AccountRow>(`${select} WHERE a.no = (SELECT account FROM address WHERE address = ?)`, address))
}

export function addressHolders(connection: Connection, addresses: readonly string[]): (readonly [string, number])[] {
  return addresses.flatMap((address) => {
    const row = connection.get<{ account: number }>('SELECT account FROM address WHERE address = ?', address)
    return row === undefined ? [] : [[address, row.account] as const]
  })
}

export function accountsByLocalPart(connection: Connection, localPart: string, limit: number): Account[] {
  return connection.all<AccountRow>(`${select} WHERE a.local_part = ? ORDER BY a.address LIMIT ?`, localPart, limit).map(accountOf)
}

export function addressesOf(connection: Connection, no: number): Address[] {
  return connection
    .all<{ address: string; is_primary: number }>('SELECT address, is_primary FROM address WHERE account = ? ORDER BY is_primary DESC, address', no)
    .map((row) => ({ address: row.address, account: id('account', no), primary: row.is_primary === 1 }))
}

/** By address, those after `after`. */
export function listAccounts(connection: Connection, query: { agencyNo?: number; role?: Role; after?: string; limit: number }): Account[] {
  const wheres: string[] = []
  const values: SQLInputValue[] = []
  const narrow = (where: string, value: SQLInputValue | undefined): void => {
    if (value === undefined) return
    wheres.push(where)
    values.push(value)
  }
  narrow('a.agency = ?', query.agencyNo)
  narrow('a.role = ?', query.role)
  narrow('a.address > ?', query.after)
  const where = wheres.length === 0 ? '' : ` WHERE ${wheres.join(' AND ')}`
  return connection.all<AccountRow>(`${select}${where} ORDER BY a.address LIMIT ?`, ...values, query.limit).map(accountOf)
}

export function countAccounts(connection: Connection): number {
  return connection.get<{ n: number }>('SELECT count(*) AS n FROM account')!.n
}

function orNull(row: AccountRow | undefined): Account | null {
  return row === undefined ? null : accountOf(row)
}
