/** The mailboxes of the store port. */
import type { MailboxStore } from '../../core/ports/store.ts'
import { accountNoOf, keyOf } from './ids.ts'
import { known } from './parts.ts'
import type { Parts } from './parts.ts'
import { mailboxByKey, mailboxByName, mailboxByRole, mailboxesOf, subscriptionsOf } from './read/mailboxes.ts'

const accountNo = (account: string): number => known('account', account, 'account-unknown')

export function mailboxStore({ reads, writes, nowMs }: Parts): MailboxStore {
  return {
    async list(account) {
      const no = accountNoOf(account)
      return no === null ? [] : reads.here((connection) => mailboxesOf(connection, no))
    },

    async get(account, mailbox) {
      const key = keyOf('mailbox', account, mailbox)
      return key === null ? null : reads.here((connection) => mailboxByKey(connection, key))
    },

    async byName(account, name) {
      const no = accountNoOf(account)
      return no === null ? null : reads.here((connection) => mailboxByName(connection, no, name))
    },

    async byRole(account, role) {
      const no = accountNoOf(account)
      return no === null ? null : reads.here((connection) => mailboxByRole(connection, no, role))
    },

    create: async (account, mailboxes) => writes.write('createMailboxes', { accountNo: accountNo(account), mailboxes, nowMs: nowMs() }),

    rename: async (account, renames) =>
      writes.write('renameMailboxes', {
        accountNo: accountNo(account),
        renames: renames.map(({ mailbox, name }) => ({ mailbox: keyOf('mailbox', account, mailbox), name })),
      }),

    setRole: async (account, mailbox, role) => writes.write('setRole', { mailbox: keyOf('mailbox', account, mailbox), role }),

    remove: async (account, mailbox) => writes.write('removeMailbox', { mailbox: keyOf('mailbox', account, mailbox), nowMs: nowMs() }),

    async subscriptions(account) {
      const no = accountNoOf(account)
      return no === null ? [] : reads.here((connection) => subscriptionsOf(connection, no))
    },

    setSubscribed: async (account, name, subscribed) => writes.write('setSubscribed', { accountNo: accountNo(account), name, subscribed }),
  }
}
