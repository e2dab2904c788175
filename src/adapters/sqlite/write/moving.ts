/** COPY, MOVE and EXPUNGE (RFC 9051 §6.4.3, §6.4.7, §6.4.8): one write, one modseq, UIDs ascending in the order of the sources. */
import { MailError } from '../../../core/errors.ts'
import type { Uids } from '../../../core/mailbox/mailbox.ts'
import type { Copied } from '../../../core/ports/store.ts'
import type { Connection } from '../connection.ts'
import { keyAccountNo, keyNo, packKey } from '../ids.ts'
import { giveBack, nextModseq, presentModseq, takeRoom } from './account-state.ts'
import { countIn, countOut } from './counters.ts'
import { deleteMessages, selectLeaving } from './leaving.ts'
import { knownMailbox } from './mailboxes.ts'
import { insertTombstone } from './tombstones.ts'

export interface CopyMessages {
  readonly source: number | null
  readonly target: number | null
  readonly uids: Uids
  readonly nowMs: number
}

/** The keys come as one JSON array, in the order of the copies: a statement a message would cost a third more. */
const copySql =
  'INSERT INTO message (key, mailbox, uid, modseq, created_modseq, flags, keywords, received_at, sent_at, size, thread, body, prefix) ' +
  'SELECT ? + j.key, ?, ? + j.key, ?, ?, m.flags, m.keywords, m.received_at, m.sent_at, m.size, m.thread, m.body, m.prefix ' +
  'FROM json_each(?) j CROSS JOIN message m ON m.key = j.value'
const copyFormSql =
  'INSERT INTO message_form (key, forms, text) SELECT ? + j.key, f.forms, f.text FROM json_each(?) j CROSS JOIN message_form f ON f.key = j.value'

export function copyMessages(connection: Connection, args: CopyMessages): Copied {
  knownMailbox(connection, args.source)
  const { uidValidity } = knownMailbox(connection, args.target)
  const source = args.source!
  const target = args.target!
  const accountNo = keyAccountNo(target)
  const chosen = selectLeaving(connection, source, args.uids, false)
  if (chosen.keys.length === 0) return nothingCopied(uidValidity, presentModseq(connection, accountNo))
  const room = takeRoom(connection, accountNo, { messages: chosen.keys.length, bytes: chosen.bytes, extraBytes: 0 })
  if (typeof room === 'string') throw new MailError(room)
  const { firstUid } = countIn(connection, target, chosen.tally, room.modseq)!
  const firstCopy = packKey(accountNo, room.firstMessageNo)
  const keys = JSON.stringify(chosen.keys)
  connection.run(copySql, firstCopy, target, firstUid, room.modseq, room.modseq, keys)
  connection.run(copyFormSql, firstCopy, keys)
  return copied(uidValidity, chosen.uids, firstUid, room.modseq)
}

const moveSql = 'UPDATE message SET mailbox = ?, uid = ?, modseq = ?, created_modseq = ? WHERE key = ?'

export function moveMessages(connection: Connection, args: CopyMessages): Copied {
  knownMailbox(connection, args.source)
  const { uidValidity } = knownMailbox(connection, args.target)
  const source = args.source!
  const target = args.target!
  const accountNo = keyAccountNo(target)
  const chosen = selectLeaving(connection, source, args.uids, false)
  if (chosen.keys.length === 0) return nothingCopied(uidValidity, presentModseq(connection, accountNo))
  const modseq = nextModseq(connection, accountNo)
  countOut(connection, source, chosen.tally, modseq)
  const { firstUid } = countIn(connection, target, chosen.tally, modseq)!
  chosen.keys.forEach((key, i) => connection.run(moveSql, target, firstUid + i, modseq, modseq, key))
  insertTombstone(connection, { mailbox: source, modseq, atMs: args.nowMs, uids: chosen.uids, destroyed: [] })
  return copied(uidValidity, chosen.uids, firstUid, modseq)
}

export interface ExpungeMessages {
  readonly mailbox: number | null
  readonly uids: Uids
  readonly onlyDeleted: boolean
  readonly nowMs: number
}

export function expungeMessages(connection: Connection, args: ExpungeMessages): { modseq: number; uids: Uint32Array } {
  const { deleted } = knownMailbox(connection, args.mailbox)
  const mailbox = args.mailbox!
  const accountNo = keyAccountNo(mailbox)
  const nothing = args.onlyDeleted && deleted === 0
  const chosen = selectLeaving(connection, mailbox, nothing ? new Uint32Array() : args.uids, args.onlyDeleted)
  if (chosen.keys.length === 0) return { modseq: presentModseq(connection, accountNo), uids: new Uint32Array() }
  const modseq = nextModseq(connection, accountNo)
  countOut(connection, mailbox, chosen.tally, modseq)
  giveBack(connection, accountNo, chosen.bytes, chosen.keys.length)
  deleteMessages(connection, chosen.keys)
  insertTombstone(connection, { mailbox, modseq, atMs: args.nowMs, uids: chosen.uids, destroyed: chosen.keys.map(keyNo) })
  return { modseq, uids: Uint32Array.from(chosen.uids) }
}

function copied(uidValidity: number, sources: readonly number[], firstUid: number, modseq: number): Copied {
  return { uidValidity, sourceUids: Uint32Array.from(sources), targetUids: Uint32Array.from(sources, (_, i) => firstUid + i), modseq }
}

function nothingCopied(uidValidity: number, modseq: number): Copied {
  return copied(uidValidity, [], 0, modseq)
}
