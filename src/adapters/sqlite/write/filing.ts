/** Filing of new messages: APPEND and, for each recipient, delivery. */
import { MailError } from '../../../core/errors.ts'
import type { Flags } from '../../../core/mailbox/flags.ts'
import type { MessageContent } from '../../../core/mailbox/mailbox.ts'
import type { Filed, NewMessage } from '../../../core/ports/store.ts'
import type { Connection } from '../connection.ts'
import { id, keyAccountNo, keyNo, packKey } from '../ids.ts'
import { keywordsText } from '../rows.ts'
import { takeRoom } from './account-state.ts'
import { countIn, Tally } from './counters.ts'
import { joinThread, threadHashes } from './threads.ts'

interface Filing {
  readonly accountNo: number
  readonly mailbox: number
  readonly messageNo: number
  readonly uid: number
  readonly modseq: number
  readonly content: MessageContent
  /** Of the content; the same for all its recipients. */
  readonly hashes: readonly number[]
  readonly prefix: Uint8Array
  readonly flags: Flags
  readonly receivedAtMs: number
}

function insertMessage(connection: Connection, filing: Filing): Filed {
  const key = packKey(filing.accountNo, filing.messageNo)
  const { content } = filing
  connection.run(
    'INSERT INTO message (key, mailbox, uid, modseq, created_modseq, flags, keywords, received_at, sent_at, size, thread, body, prefix) ' +
      'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    key,
    filing.mailbox,
    filing.uid,
    filing.modseq,
    filing.modseq,
    filing.flags.bits,
    keywordsText(filing.flags.keywords),
    filing.receivedAtMs,
    content.sentAtMs,
    filing.prefix.byteLength + content.bodyBytes,
    joinThread(connection, filing.accountNo, filing.hashes, filing.messageNo),
    content.body,
    filing.prefix,
  )
  connection.run('INSERT INTO message_form (key, forms, text) VALUES (?, ?, ?)', key, content.forms, content.text)
  return { id: id('message', filing.messageNo), mailbox: id('mailbox', keyNo(filing.mailbox)), uid: filing.uid, modseq: filing.modseq }
}

export interface FileOne {
  /** Key; the mailbox is known to exist. */
  readonly mailbox: number
  readonly content: MessageContent
  readonly hashes: readonly number[]
  readonly prefix: Uint8Array
  readonly flags: Flags
  readonly receivedAtMs: number
  readonly extraBytes: number
}

/** One message into one mailbox, or why it can't be; changes nothing when refused. */
export function fileOne(connection: Connection, one: FileOne): Filed | 'account-unknown' | 'quota-exceeded' {
  const accountNo = keyAccountNo(one.mailbox)
  const bytes = one.prefix.byteLength + one.content.bodyBytes
  const room = takeRoom(connection, accountNo, { messages: 1, bytes, extraBytes: one.extraBytes })
  if (typeof room === 'string') return room
  const tally = new Tally()
  tally.add(one.flags.bits, bytes)
  const counted = countIn(connection, one.mailbox, tally, room.modseq)
  if (counted === null) throw new MailError('mailbox-unknown')
  return insertMessage(connection, { ...one, accountNo, messageNo: room.firstMessageNo, uid: counted.firstUid, modseq: room.modseq })
}

export interface AppendMessages {
  readonly mailbox: number | null
  readonly messages: readonly NewMessage[]
}

export function appendMessages(connection: Connection, { mailbox, messages }: AppendMessages): Filed[] {
  if (mailbox === null) throw new MailError('mailbox-unknown')
  if (messages.length === 0) return []
  const accountNo = keyAccountNo(mailbox)
  const tally = new Tally()
  for (const message of messages) tally.add(message.flags.bits, message.prefix.byteLength + message.content.bodyBytes)
  const room = takeRoom(connection, accountNo, { messages: messages.length, bytes: tally.bytes, extraBytes: 0 })
  if (room === 'account-unknown') throw new MailError('mailbox-unknown')
  if (room === 'quota-exceeded') throw new MailError('quota-exceeded')
  const counted = countIn(connection, mailbox, tally, room.modseq)
  if (counted === null) throw new MailError('mailbox-unknown')
  return messages.map((message, i) =>
    insertMessage(connection, {
      ...message,
      accountNo,
      mailbox,
      messageNo: room.firstMessageNo + i,
      uid: counted.firstUid + i,
      modseq: room.modseq,
      hashes: threadHashes(message.content),
    }),
  )
}
