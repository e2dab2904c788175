/** Writes of mailboxes and subscriptions. One write is one modseq, however many mailboxes it touches. */
import { MailError } from '../../../core/errors.ts'
import type { Mailbox, MailboxRole } from '../../../core/mailbox/mailbox.ts'
import type { AccountDocument } from '../documents.ts'
import { keyNo, packKey } from '../ids.ts'
import { mailboxName, mailboxOf } from '../translations.ts'
import { knownMailbox, mailboxNoOfName, mailboxNoOfRole } from './account-state.ts'
import { deleteMessages } from './moving.ts'
import type { Operation } from './operation.ts'
import { selectLeaving } from './selection.ts'
import { insertTombstone } from './tombstones.ts'

export interface NewMailbox {
  readonly name: string
  readonly role: MailboxRole | null
}

/**
 * UIDVALIDITY is the second of its making, or one more than the last given in the account: it grows even when the clock
 * steps back. Refuses `mailbox-exists`. Returns the number.
 */
export function addMailbox(draft: AccountDocument, { name, role }: NewMailbox, modseq: number, nowMs: number): number {
  if (mailboxNoOfName(draft, name) !== null) throw new MailError('mailbox-exists')
  if (role !== null && mailboxNoOfRole(draft, role) !== null) throw new MailError('mailbox-exists', `the role ${role} is taken`)
  const no = draft.nextMailbox++
  draft.lastUidValidity = Math.max(draft.lastUidValidity + 1, Math.floor(nowMs / 1000))
  draft.mailboxes[no] = {
    name: mailboxName(name),
    role,
    uidValidity: draft.lastUidValidity,
    uidNext: 1,
    highestModseq: 1,
    modseq,
    createdModseq: modseq,
    messages: 0,
    unseen: 0,
    deleted: 0,
    sizeBytes: 0,
  }
  return no
}

export function createMailboxes(accountNo: number, mailboxes: readonly NewMailbox[], nowMs: number): Operation<readonly Mailbox[]> {
  return {
    accounts: [accountNo],
    plan(step) {
      if (step.account(accountNo) === null) throw new MailError('account-unknown')
      const draft = step.draft(accountNo)
      const modseq = ++draft.modseq
      const numbers = mailboxes.map((mailbox) => addMailbox(draft, mailbox, modseq, nowMs))
      return numbers.map((no) => mailboxOf(accountNo, no, draft.mailboxes[no]!))
    },
  }
}

export function renameMailboxes(accountNo: number, renames: readonly { readonly no: number; readonly name: string }[]): Operation<readonly Mailbox[]> {
  return {
    accounts: [accountNo],
    plan(step) {
      const account = step.account(accountNo)
      const wanted = renames.map(({ no, name }) => ({ no, name: mailboxName(name), before: knownMailbox(account, no) }))
      const changing = wanted.filter(({ name, before }) => before.name !== name)
      if (changing.length > 0) {
        const draft = step.draft(accountNo)
        const modseq = ++draft.modseq
        // Names are first set aside, so that mailboxes of one write can swap theirs.
        for (const { no, before } of changing) draft.mailboxes[no] = { ...before, name: `\u0000${no}` }
        for (const { no, name, before } of changing) {
          if (mailboxNoOfName(draft, name) !== null) throw new MailError('mailbox-exists')
          draft.mailboxes[no] = { ...before, name, modseq }
        }
      }
      return wanted.map(({ no }) => mailboxOf(accountNo, no, step.account(accountNo)!.mailboxes[no]!))
    },
  }
}

export function setRole(accountNo: number, no: number, role: MailboxRole | null): Operation<Mailbox> {
  return {
    accounts: [accountNo],
    plan(step) {
      const account = step.account(accountNo)
      const before = knownMailbox(account, no)
      if (before.role === role) return mailboxOf(accountNo, no, before)
      if (role !== null && mailboxNoOfRole(account!, role) !== null) throw new MailError('mailbox-exists', `the role ${role} is taken`)
      const draft = step.draft(accountNo)
      const after = { ...before, role, modseq: ++draft.modseq }
      draft.mailboxes[no] = after
      return mailboxOf(accountNo, no, after)
    },
  }
}

export function removeMailbox(accountNo: number, no: number, nowMs: number): Operation<void> {
  return {
    accounts: [accountNo],
    selects: true,
    async plan(step) {
      knownMailbox(step.account(accountNo), no)
      const mailbox = packKey(accountNo, no)
      const leaving = await selectLeaving(step, mailbox, 'all')
      const draft = step.draft(accountNo)
      const modseq = ++draft.modseq
      deleteMessages(step, leaving.keys)
      draft.usedBytes -= leaving.tally.bytes
      delete draft.mailboxes[no]
      insertTombstone(step, { accountNo, mailbox, modseq, atMs: nowMs, uids: leaving.uids, destroyed: leaving.keys.map(keyNo), removed: true })
    },
  }
}

export function setSubscribed(accountNo: number, name: string, subscribed: boolean): Operation<void> {
  return {
    accounts: [accountNo],
    plan(step) {
      const account = step.account(accountNo)
      if (account === null) throw new MailError('account-unknown')
      const wanted = mailboxName(name)
      if (account.subscriptions.includes(wanted) === subscribed) return
      const others = account.subscriptions.filter((one) => one !== wanted)
      step.draft(accountNo).subscriptions = subscribed ? [...others, wanted] : others
    },
  }
}
