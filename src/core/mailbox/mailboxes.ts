/**
 * The mailboxes of an account: RFC 9051 §6.3.4-6.3.8 (CREATE, DELETE, RENAME, SUBSCRIBE), RFC 6154, RFC 8621 §2.
 *
 * Every write rings the bell after it resolved. Subscriptions are names, not mailboxes: neither DELETE nor RENAME takes
 * one away (RFC 9051 §6.3.7: a server must not do so by itself).
 */
import { MailError, isMailError } from '../errors.ts'
import type { Mailboxes } from '../mail.ts'
import type { ChangeStore, MailboxStore, MessageStore } from '../ports/store.ts'
import type { Bus } from '../ports/world.ts'
import type { AccountId, Mailbox, MailboxRole } from './mailbox.ts'
import { inbox, liesBelow, parentNames, spelling, validName, validNewName } from './name.ts'

export interface MailboxPorts {
  readonly store: {
    readonly mailboxes: Pick<MailboxStore, 'list' | 'byName' | 'create' | 'rename' | 'remove' | 'subscriptions' | 'setSubscribed'>
    readonly messages: Pick<MessageStore, 'move'>
    readonly changes: Pick<ChangeStore, 'states'>
  }
  readonly bus: Bus
  readonly settings: { readonly maxMailboxesPerAccount: number }
}

/** Another session may make a missing parent between our look and our write; so often we look. */
const attempts = 4

export function createMailboxes(ports: MailboxPorts): Mailboxes {
  const { mailboxes } = ports.store
  return {
    list: (account) => mailboxes.list(account),
    byName: (account, name) => mailboxes.byName(account, spelling(name)),
    // async, so that an invalid name rejects and never throws.
    create: async (account, name, role) => createWithParents(ports, account, validNewName(name), role ?? null),
    rename: async (account, from, to) => rename(ports, account, spelling(from), validNewName(to)),

    async remove(account, name) {
      const mailbox = await existing(ports, account, spelling(name))
      if (mailbox.name === inbox) throw new MailError('not-permitted', 'INBOX cannot be deleted')
      await mailboxes.remove(account, mailbox.id)
      await ringPresent(ports, account)
    },

    subscriptions: (account) => mailboxes.subscriptions(account),

    async setSubscribed(account, name, subscribed) {
      // Unsubscribing must work for any name that is on the list, also one that could not be made today.
      await mailboxes.setSubscribed(account, subscribed ? validName(name) : spelling(name), subscribed)
      await ringPresent(ports, account)
    },
  }
}

async function existing(ports: MailboxPorts, account: AccountId, name: string): Promise<Mailbox> {
  const mailbox = await ports.store.mailboxes.byName(account, name)
  if (mailbox === null) throw new MailError('mailbox-unknown', 'there is no such mailbox', { mailbox: name })
  return mailbox
}

/** Rings for a write whose modseq the store does not tell. */
async function ringPresent(ports: MailboxPorts, account: AccountId): Promise<void> {
  const modseq = (await ports.store.changes.states([account])).get(account)
  if (modseq !== undefined) ports.bus.ring({ account, modseq })
}

/** The mailbox and its missing parents in one write. Refuses `mailbox-exists`, `limit-reached`. */
async function createWithParents(ports: MailboxPorts, account: AccountId, name: string, role: MailboxRole | null): Promise<Mailbox> {
  for (let attempt = 1; ; attempt++) {
    const present = await ports.store.mailboxes.list(account)
    const names = new Set(present.map((mailbox) => mailbox.name))
    if (names.has(name)) throw new MailError('mailbox-exists', 'there is such a mailbox already', { mailbox: name })
    if (role !== null && present.some((mailbox) => mailbox.role === role)) {
      throw new MailError('mailbox-exists', 'another mailbox has this role already', { role })
    }
    const parents = parentNames(name).filter((parent) => !names.has(parent))
    const limit = ports.settings.maxMailboxesPerAccount
    if (present.length + parents.length + 1 > limit) {
      throw new MailError('limit-reached', 'the account has as many mailboxes as it may have', { limit })
    }
    const wanted = [...parents.map((parent) => ({ name: parent, role: null })), { name, role }]
    try {
      const made = await ports.store.mailboxes.create(account, wanted)
      ports.bus.ring({ account, modseq: Math.max(...made.map((mailbox) => mailbox.modseq)) })
      return made[made.length - 1]!
    } catch (error) {
      if (attempt === attempts || !isMailError(error, 'mailbox-exists')) throw error
    }
  }
}

/** RFC 9051 §6.3.6. Both names are spelled; `to` is valid. */
async function rename(ports: MailboxPorts, account: AccountId, from: string, to: string): Promise<void> {
  const mailbox = await existing(ports, account, from)
  if (mailbox.name === inbox) return renameInbox(ports, account, mailbox, to)
  if (liesBelow(to, from)) throw new MailError('not-permitted', 'a mailbox cannot be moved below itself', { from, to })
  const present = await ports.store.mailboxes.list(account)
  if (present.some((one) => one.name === to)) throw new MailError('mailbox-exists', 'there is such a mailbox already', { mailbox: to })
  const renames = present
    .filter((one) => one.id === mailbox.id || liesBelow(one.name, from))
    // A deep child may outgrow the limits under the longer name.
    .map((one) => ({ mailbox: one.id, name: validName(to + one.name.slice(from.length)) }))
  await createParents(ports, account, to)
  const renamed = await ports.store.mailboxes.rename(account, renames)
  if (renamed.length > 0) ports.bus.ring({ account, modseq: Math.max(...renamed.map((one) => one.modseq)) })
}

/** INBOX stays, and its children too: only its messages go into the new mailbox. */
async function renameInbox(ports: MailboxPorts, account: AccountId, source: Mailbox, to: string): Promise<void> {
  const target = await createWithParents(ports, account, to, null)
  const moved = await ports.store.messages.move(account, source.id, 'all', target.id)
  ports.bus.ring({ account, modseq: moved.modseq })
}

async function createParents(ports: MailboxPorts, account: AccountId, name: string): Promise<void> {
  const parent = parentNames(name).at(-1)
  if (parent === undefined || (await ports.store.mailboxes.byName(account, parent)) !== null) return
  try {
    await createWithParents(ports, account, parent, null)
  } catch (error) {
    // Made by another session in between: all that was wanted.
    if (!isMailError(error, 'mailbox-exists')) throw error
  }
}
