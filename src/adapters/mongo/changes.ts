/** The changes of the store port. */
import { MailError } from '../../core/errors.ts'
import type { ChangeStore } from '../../core/ports/store.ts'
import { accountNoOf, id, idNo } from './ids.ts'
import { knownAccountNo } from './parts.ts'
import type { Parts } from './parts.ts'
import { changesSince } from './read/changes.ts'
import { pruneTombstones } from './write/tombstones.ts'

const defaultLimit = 10_000
const maxAsked = 10_000
const prunedTogether = 50

export function changeStore({ reads, writes }: Parts): ChangeStore {
  return {
    async since(account, modseq, options = {}) {
      const mailboxNo = options.mailbox === undefined ? null : (idNo('mailbox', options.mailbox) ?? 0)
      const changes = await changesSince(reads, { accountNo: knownAccountNo(account), modseq, mailboxNo, limit: options.limit ?? defaultLimit })
      if (changes === null) throw new MailError('account-unknown')
      return changes
    },

    async states(accounts) {
      const states = new Map<string, number>()
      const nos = accounts.map(accountNoOf).filter((no) => no !== null)
      for (let at = 0; at < nos.length; at += maxAsked) {
        const filter = { _id: { $in: nos.slice(at, at + maxAsked) } }
        const found = await reads.find<{ _id: number; modseq: number }>('states', { filter, projection: { modseq: 1 } })
        for (const { _id, modseq } of found) states.set(id('account', _id), modseq)
      }
      return states
    },

    async prune(olderThanMs, keep) {
      const accounts = await reads.at((snapshot) => snapshot.distinct<number>('tombstones', 'account', { atMs: { $lt: olderThanMs } }))
      let pruned = 0
      for (let at = 0; at < accounts.length; at += prunedTogether) {
        const some = accounts.slice(at, at + prunedTogether).map((accountNo) => writes.write(pruneTombstones(accountNo, olderThanMs, keep)))
        for (const uids of await Promise.all(some)) pruned += uids
      }
      return pruned
    },
  }
}
