/** The accounts of the store port. Addresses are held apart by the unique index over all of them. */
import { MailError } from '../../core/errors.ts'
import type { AccountStore } from '../../core/ports/store.ts'
import type { AccountDocument, AgencyDocument } from './documents.ts'
import { accountNoOf, id as idOf, idNo, maxAccountNo } from './ids.ts'
import { Lookups } from './lookups.ts'
import { knownAccountNo } from './parts.ts'
import type { Parts } from './parts.ts'
import { accountsByAddress, findAccounts, listFind, localPartFind, readAccount } from './read/accounts.ts'
import { isDuplicateKey } from './refusals.ts'
import { accountOf, addressesOf } from './translations.ts'
import { changeAccount, newAccountDocument } from './write/accounts.ts'

const maxAskedAddresses = 5_000

export function accountStore({ connection, reads, writes, states, nowMs }: Parts): AccountStore {
  const account = async (filter: object) => {
    const document = await readAccount(reads, states, filter)
    return document === null ? null : accountOf(document)
  }
  // Each message asks for its recipients, each sign-in for its account: what comes together is one question.
  const byAddress = new Lookups<string, AccountDocument>((addresses) => accountsByAddress(reads, states, addresses))

  return {
    async create(given) {
      const agencyNo = idNo('agency', given.agency)
      const agency = agencyNo === null ? null : await reads.one<AgencyDocument>('agencies', { filter: { _id: agencyNo }, projection: { _id: 1 } })
      if (agency === null) throw new MailError('agency-unknown')
      if ((await account({ addresses: given.address })) !== null) throw new MailError('address-taken')
      const no = await connection.nextNumber('account')
      if (no > maxAccountNo) throw new MailError('limit-reached', 'the store has used up its account numbers')
      const document = newAccountDocument(no, agency._id, given, nowMs())
      await connection.write((session) => connection.accounts.insertOne(document, { session })).catch(taken)
      states.offer(document)
      return accountOf(document)
    },

    async get(id) {
      const no = accountNoOf(id)
      return no === null ? null : account({ _id: no })
    },

    async byAddress(address) {
      const document = await byAddress.of(address)
      return document === null ? null : accountOf(document)
    },

    async holders(addresses) {
      const found = new Map<string, string>()
      for (let at = 0; at < addresses.length; at += maxAskedAddresses) {
        const asked = new Set(addresses.slice(at, at + maxAskedAddresses))
        const filter = { addresses: { $in: [...asked] } }
        for (const holder of await reads.find<Pick<AccountDocument, '_id' | 'addresses'>>('states', { filter, projection: { addresses: 1 } })) {
          for (const address of holder.addresses) if (asked.has(address)) found.set(address, idOf('account', holder._id))
        }
      }
      return found
    },

    byLocalPart: (localPart, limit) => findAccounts(reads, localPartFind(localPart, limit)),

    change: async (id, change, ifVersion) => writes.write(changeAccount(knownAccountNo(id), change, ifVersion ?? null)),

    async addresses(id) {
      const no = accountNoOf(id)
      const document = no === null ? null : await readAccount(reads, states, { _id: no })
      return document === null ? [] : addressesOf(document)
    },

    async addAlias(id, address) {
      const no = knownAccountNo(id)
      const update = { $push: { addresses: address }, $inc: { rev: 1 } }
      const filter = { _id: no, addresses: { $ne: address } }
      const { matchedCount } = await connection.write((session) => connection.accounts.updateOne(filter, update, { session })).catch(taken)
      states.drop(no)
      if (matchedCount > 0) return
      throw new MailError((await account({ _id: no })) === null ? 'account-unknown' : 'address-taken')
    },

    async removeAlias(id, address) {
      const no = accountNoOf(id)
      if (no === null) throw new MailError('address-unknown')
      const update = { $pull: { addresses: address }, $inc: { rev: 1 } }
      const filter = { _id: no, addresses: address, address: { $ne: address } }
      const { matchedCount } = await connection.write((session) => connection.accounts.updateOne(filter, update, { session }))
      states.drop(no)
      if (matchedCount > 0) return
      const primary = (await account({ _id: no }))?.address === address
      throw primary ? new MailError('not-permitted', 'the primary address stays') : new MailError('address-unknown')
    },

    async list({ agency, role, after, limit }) {
      const agencyNo = agency === undefined ? null : idNo('agency', agency)
      if (agency !== undefined && agencyNo === null) return []
      return findAccounts(reads, listFind({ agencyNo, role: role ?? null, after: after ?? null, limit }))
    },

    count: () => reads.at((snapshot) => snapshot.count('states', { addresses: { $gte: '' } })),
  }
}

function taken(error: unknown): never {
  throw isDuplicateKey(error) ? new MailError('address-taken') : error
}
