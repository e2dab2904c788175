/** The accounts of the store port. */
import type { Account } from '../../core/account/account.ts'
import type { AccountStore } from '../../core/ports/store.ts'
import { accountNoOf, id, idNo } from './ids.ts'
import { inPages, known, maxMainRows } from './parts.ts'
import type { Parts } from './parts.ts'
import { accountByAddress, accountByNo, addressHolders, accountsByLocalPart, addressesOf, countAccounts, listAccounts } from './read/accounts.ts'

const accountNo = (account: string): number => known('account', account, 'account-unknown')

export function accountStore({ reads, writes, nowMs }: Parts): AccountStore {
  return {
    create: (account) => writes.write('createAccount', { account, nowMs: nowMs() }),

    async get(account) {
      const no = accountNoOf(account)
      return no === null ? null : reads.here((connection) => accountByNo(connection, no))
    },

    byAddress: async (address) => reads.here((connection) => accountByAddress(connection, address)),

    async holders(addresses) {
      const found = new Map<string, string>()
      for (let at = 0; at < addresses.length; at += maxMainRows) {
        if (at > 0) await new Promise<void>((resolve) => setImmediate(resolve))
        for (const [address, no] of reads.here((connection) => addressHolders(connection, addresses.slice(at, at + maxMainRows)))) found.set(address, id('account', no))
      }
      return found
    },

    byLocalPart: async (localPart, limit) => reads.here((connection) => accountsByLocalPart(connection, localPart, limit)),

    change: async (account, change, ifVersion) => writes.write('changeAccount', { accountNo: accountNo(account), change, ifVersion: ifVersion ?? null }),

    async addresses(account) {
      const no = accountNoOf(account)
      return no === null ? [] : reads.here((connection) => addressesOf(connection, no))
    },

    addAlias: async (account, address) => writes.write('addAlias', { accountNo: accountNo(account), address }),

    removeAlias: async (account, address) => writes.write('removeAlias', { accountNo: accountNoOf(account) ?? 0, address }),

    async list({ agency, role, after, limit }) {
      const agencyNo = agency === undefined ? undefined : idNo('agency', agency)
      if (agencyNo === null) return []
      const query = { ...(agencyNo !== undefined && { agencyNo }), ...(role !== undefined && { role }) }
      return inPages(limit, (last: Account | undefined, rows) => {
        const from = last?.address ?? after
        return reads.here((connection) => listAccounts(connection, { ...query, ...(from !== undefined && { after: from }), limit: rows }))
      })
    },

    count: async () => reads.here(countAccounts),
  }
}
