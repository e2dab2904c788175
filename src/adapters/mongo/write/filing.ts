/** Filing of new messages: APPEND and, for each recipient, delivery. */
import { MailError } from '../../../core/errors.ts'
import type { Flags } from '../../../core/mailbox/flags.ts'
import type { MessageContent } from '../../../core/mailbox/mailbox.ts'
import type { Filed, NewMessage } from '../../../core/ports/store.ts'
import { keywordsText } from '../flag-sets.ts'
import { id, packKey } from '../ids.ts'
import { countIn, hasRoom, knownMailbox, nextMessageModseq, takeNumbers, Tally } from './account-state.ts'
import type { Operation } from './operation.ts'
import type { Step } from './step.ts'
import { joinThread, lookedForKeys, threadKeysOf } from './threads.ts'

interface Place {
  readonly accountNo: number
  readonly mailboxNo: number
  readonly messageNo: number
  readonly uid: number
  readonly modseq: number
}

interface Message {
  readonly content: MessageContent
  readonly prefix: Uint8Array
  readonly flags: Flags
  readonly receivedAtMs: number
}

export function messageBytes({ content, prefix }: Pick<Message, 'content' | 'prefix'>): number {
  return prefix.byteLength + content.bodyBytes
}

/** About what its document weighs. */
export function documentBytes({ content, prefix }: Pick<Message, 'content' | 'prefix'>): number {
  return 500 + prefix.byteLength + content.forms.byteLength + content.text.byteLength
}

function insertMessage(step: Step, { accountNo, mailboxNo, messageNo, uid, modseq }: Place, message: Message): Filed {
  const { content, prefix, flags, receivedAtMs } = message
  const { thread, threadKeys } = joinThread(step, threadKeysOf(accountNo, content), messageNo)
  step.insert('messages', {
    _id: packKey(accountNo, messageNo),
    account: accountNo,
    mailbox: packKey(accountNo, mailboxNo),
    uid,
    modseq,
    createdModseq: modseq,
    flags: flags.bits,
    keywords: keywordsText(flags.keywords),
    receivedAtMs,
    sentAtMs: content.sentAtMs,
    sizeBytes: messageBytes(message),
    thread,
    ...(threadKeys.length > 0 && { threadKeys }),
    body: content.body,
    prefix,
    forms: content.forms,
    text: content.text,
  })
  return { id: id('message', messageNo), mailbox: id('mailbox', mailboxNo), uid, modseq }
}

/** One message into one mailbox of an account, both of which are known to be there; or null when there is no room. */
export function fileOne(step: Step, at: { readonly accountNo: number; readonly mailboxNo: number }, message: Message, extraBytes: number): Filed | null {
  const bytes = messageBytes(message)
  if (!hasRoom(step.account(at.accountNo)!, bytes, extraBytes)) return null
  const draft = step.draft(at.accountNo)
  const tally = new Tally()
  tally.add(message.flags.bits, bytes)
  const modseq = nextMessageModseq(draft)
  draft.usedBytes += bytes
  const messageNo = takeNumbers(draft, 1)
  const uid = countIn(draft, at.mailboxNo, tally, modseq)
  return insertMessage(step, { ...at, messageNo, uid, modseq }, message)
}

/** Consecutive UIDs, one modseq, one quota check over the sum. */
export function appendMessages(accountNo: number, mailboxNo: number, messages: readonly NewMessage[]): Operation<readonly Filed[]> {
  return {
    accounts: [accountNo],
    threadKeys: messages.flatMap(({ content }) => lookedForKeys(accountNo, content)),
    bytes: messages.reduce((sum, message) => sum + documentBytes(message), 0),
    plan(step) {
      const account = step.account(accountNo)
      knownMailbox(account, mailboxNo)
      const tally = new Tally()
      for (const message of messages) tally.add(message.flags.bits, messageBytes(message))
      if (!hasRoom(account!, tally.bytes, 0)) throw new MailError('quota-exceeded')
      const draft = step.draft(accountNo)
      const modseq = nextMessageModseq(draft)
      draft.usedBytes += tally.bytes
      const firstNo = takeNumbers(draft, messages.length)
      const firstUid = countIn(draft, mailboxNo, tally, modseq)
      return messages.map((message, i) => insertMessage(step, { accountNo, mailboxNo, messageNo: firstNo + i, uid: firstUid + i, modseq }, message))
    },
  }
}
