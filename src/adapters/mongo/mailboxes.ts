/** The mailboxes of the store port: all in the account's document. */
import type { Mailbox } from '../../core/mailbox/mailbox.ts'
import type { MailboxStore } from '../../core/ports/store.ts'
import type { AccountDocument } from './documents.ts'
import { accountNoOf } from './ids.ts'
import { knownAccountNo, knownMailboxPlace, mailboxPlace } from './parts.ts'
import type { Parts } from './parts.ts'
import { readAccount } from './read/accounts.ts'
import { mailboxesOf, mailboxOf } from './translations.ts'
import { mailboxNoOfName, mailboxNoOfRole } from './write/account-state.ts'
import { createMailboxes, removeMailbox, renameMailboxes, setRole, setSubscribed } from './write/mailboxes.ts'

export function mailboxStore({ reads, writes, states, nowMs }: Parts): MailboxStore {
  const documentOf = async (account: string): Promise<AccountDocument | null> => {
    const no = accountNoOf(account)
    return no === null ? null : readAccount(reads, states, { _id: no })
  }
  const mailboxWhere = async (account: string, numberIn: (document: AccountDocument) => number | null): Promise<Mailbox | null> => {
    const document = await documentOf(account)
    const no = document === null ? null : numberIn(document)
    const state = document === null || no === null ? undefined : document.mailboxes[no]
    return document === null || no === null || state === undefined ? null : mailboxOf(document._id, no, state)
  }

  return {
    async list(account) {
      const document = await documentOf(account)
      return document === null ? [] : mailboxesOf(document)
    },

    async get(account, mailbox) {
      const place = mailboxPlace(account, mailbox)
      return place === null ? null : mailboxWhere(account, () => place.mailboxNo)
    },

    byName: (account, name) => mailboxWhere(account, (document) => mailboxNoOfName(document, name)),

    byRole: (account, role) => mailboxWhere(account, (document) => mailboxNoOfRole(document, role)),

    async create(account, mailboxes) {
      const no = knownAccountNo(account)
      return mailboxes.length === 0 ? [] : writes.write(createMailboxes(no, mailboxes, nowMs()))
    },

    async rename(account, renames) {
      const numbers = renames.map(({ mailbox, name }) => ({ no: knownMailboxPlace(account, mailbox).mailboxNo, name }))
      return writes.write(renameMailboxes(knownAccountNo(account), numbers))
    },

    async setRole(account, mailbox, role) {
      const { accountNo, mailboxNo } = knownMailboxPlace(account, mailbox)
      return writes.write(setRole(accountNo, mailboxNo, role))
    },

    async remove(account, mailbox) {
      const { accountNo, mailboxNo } = knownMailboxPlace(account, mailbox)
      await writes.write(removeMailbox(accountNo, mailboxNo, nowMs()))
    },

    async subscriptions(account) {
      return [...((await documentOf(account))?.subscriptions ?? [])].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    },

    setSubscribed: async (account, name, subscribed) => writes.write(setSubscribed(knownAccountNo(account), name, subscribed)),
  }
}
