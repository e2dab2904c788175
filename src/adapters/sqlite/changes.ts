/** The change log of the store port. */
import type { ChangeStore } from '../../core/ports/store.ts'
import { MailError } from '../../core/errors.ts'
import { accountNoOf, id, keyOf } from './ids.ts'
import { maxMainRows } from './parts.ts'
import type { Parts } from './parts.ts'
import { changesSince, modseqsOf } from './read/changes.ts'

const defaultLimit = 10_000
const pruneMailboxes = 100

export function changeStore({ reads, writes }: Parts): ChangeStore {
  return {
    async since(account, modseq, options = {}) {
      const accountNo = accountNoOf(account)
      if (accountNo === null) throw new MailError('account-unknown')
      const mailbox = options.mailbox === undefined ? null : (keyOf('mailbox', account, options.mailbox) ?? 0)
      const request = { accountNo, modseq, mailbox, limit: options.limit ?? defaultLimit, maxRows: maxMainRows }
      const small = reads.here((connection) => changesSince(connection, request))
      const changes = small === 'too-many' ? await reads.far('changes', request) : small
      if (changes === null) throw new MailError('account-unknown')
      return changes
    },

    async states(accounts) {
      const states = new Map<string, number>()
      const nos = accounts.map(accountNoOf).filter((no) => no !== null)
      for (let at = 0; at < nos.length; at += maxMainRows) {
        const some = nos.slice(at, at + maxMainRows)
        for (const [no, modseq] of reads.here((connection) => modseqsOf(connection, some))) states.set(id('account', no), modseq)
        // Accounts of many sessions are asked for at once: others get their turn between the pages.
        if (at + maxMainRows < nos.length) await new Promise<void>((resolve) => setImmediate(resolve))
      }
      return states
    },

    async prune(olderThanMs, keep) {
      let pruned = 0
      let afterMailbox: number | null = 0
      while (afterMailbox !== null) {
        const slice: { uids: number; afterMailbox: number | null } = await writes.write('pruneTombstones', {
          afterMailbox,
          beforeMs: olderThanMs,
          keep,
          maxMailboxes: pruneMailboxes,
        })
        pruned += slice.uids
        afterMailbox = slice.afterMailbox
      }
      while (await writes.write('pruneThreads', {})) continue
      return pruned
    },
  }
}
