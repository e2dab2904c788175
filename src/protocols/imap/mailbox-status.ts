/** The values of status items, for STATUS and LIST: RFC 9051 §6.3.11; the RFCs of each item stand in `wire/status-items.ts`. */
import { deletedBit } from '../../core/mailbox/flags.ts'
import type { Mail, SelectedView } from '../../core/mail.ts'
import type { Mailbox } from '../../core/mailbox/mailbox.ts'
import type { StatusItem } from './wire/status-items.ts'

export interface StatusQuestion {
  readonly mail: Mail
  readonly items: readonly StatusItem[]
  readonly maxMessageBytes: number
  /** What the session has selected, if anything. */
  readonly selected: SelectedView | null
}

/** Counters are kept by the store; only DELETED-STORAGE reads messages, and those alone that are deleted. */
export async function statusOf(mailbox: Mailbox, question: StatusQuestion): Promise<(readonly [StatusItem, number | string])[]> {
  const values: (readonly [StatusItem, number | string])[] = []
  for (const item of question.items) values.push([item, await valueOf(item, mailbox, question)])
  return values
}

async function valueOf(item: StatusItem, mailbox: Mailbox, { mail, maxMessageBytes, selected }: StatusQuestion): Promise<number | string> {
  switch (item) {
    case 'MESSAGES':
      return mailbox.messages
    case 'RECENT':
      return 0
    case 'UIDNEXT':
      return mailbox.uidNext
    case 'UIDVALIDITY':
      return mailbox.uidValidity
    case 'UNSEEN':
      return mailbox.unseen
    case 'DELETED':
      return mailbox.deleted
    case 'DELETED-STORAGE':
      return mailbox.deleted === 0 ? 0 : deletedBytes(mail, mailbox)
    case 'SIZE':
      return mailbox.sizeBytes
    case 'HIGHESTMODSEQ':
      // An expunge that the session was not told of must not be passed over by a client that comes back (RFC 7162 §3.2).
      return selected?.mailbox.id === mailbox.id ? Math.min(mailbox.highestModseq, selected.modseq) : mailbox.highestModseq
    case 'APPENDLIMIT':
      return maxMessageBytes
    case 'MAILBOXID':
      return `(${mailbox.id})`
  }
}

/** RFC 9208 §4.1.4: what EXPUNGE would set free. In bytes, as the sum of RFC822.SIZE is that it may be. */
async function deletedBytes(mail: Mail, mailbox: Mailbox): Promise<number> {
  const view = await mail.views.select(mailbox.account, mailbox.id)
  let bytes = 0
  try {
    const uids: number[] = []
    for (let sequence = 1; sequence <= view.count; sequence++) {
      if ((view.flagsAt(sequence).bits & deletedBit) !== 0) uids.push(view.uidAt(sequence))
    }
    for await (const slice of mail.messages.read(mailbox.account, mailbox.id, Uint32Array.from(uids), { forms: false, text: false })) {
      for (const message of slice) bytes += message.sizeBytes
    }
  } finally {
    view.close()
  }
  return bytes
}
