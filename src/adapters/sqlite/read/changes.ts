/**
 * What changed in an account (design §5.4), of one consistent moment: the messages themselves are the log, found by
 * (mailbox, modseq); what left stands in tombstones. Only mailboxes whose highest modseq is above the asked one are looked at.
 */
import type { Changes, ChangedMessage, Vanished } from '../../../core/change.ts'
import type { MessageId } from '../../../core/mailbox/mailbox.ts'
import type { Connection } from '../connection.ts'
import { FlagSets } from '../flag-sets.ts'
import { id, keyNo, keysPerAccount, packKey } from '../ids.ts'
import { mailboxOf } from '../rows.ts'
import type { MailboxRow } from '../rows.ts'
import { unpackRanges } from '../uid-ranges.ts'

export interface ChangesRequest {
  readonly accountNo: number
  readonly modseq: number
  /** Key; null for the whole account. */
  readonly mailbox: number | null
  readonly limit: number
  /** More rows than this are not read here: the answer is `too-many`. */
  readonly maxRows: number
}

type ChangedRow = [key: number, thread: number, uid: number, modseq: number, createdModseq: number, flags: number, keywords: string | null, mailbox: number]

const changedColumns = 'key, thread, uid, modseq, created_modseq, flags, keywords, mailbox'
export const changedSql = `SELECT ${changedColumns} FROM message WHERE mailbox = ? AND modseq > ? ORDER BY modseq LIMIT ?`
const changedAtSql = `SELECT ${changedColumns} FROM message WHERE mailbox = ? AND modseq = ?`
export const vanishedSql = 'SELECT mailbox, modseq, uids, destroyed FROM tombstone WHERE mailbox = ? AND modseq > ? AND modseq <= ? ORDER BY modseq'

/** Null when there is no such account. */
export function changesSince(connection: Connection, request: ChangesRequest): Changes | 'too-many' | null {
  return connection.snapshot(() => {
    const { accountNo } = request
    const state = connection.get<{ modseq: number; pruned_modseq: number }>('SELECT modseq, pruned_modseq FROM account_state WHERE account = ?', accountNo)
    if (state === undefined) return null
    const nothing = { account: id('account', accountNo), modseq: state.modseq, messages: [], vanished: [], mailboxes: [], removedMailboxes: [] }
    if (request.modseq === state.modseq) return { ...nothing, tooOld: false }
    // A modseq from the future was given by a store that has since been set back: nothing is known of it.
    if (request.modseq < state.pruned_modseq || request.modseq > state.modseq) return { ...nothing, tooOld: true }
    return collect(connection, request, state.modseq)
  })
}

function collect(connection: Connection, request: ChangesRequest, present: number): Changes | 'too-many' {
  const { accountNo, modseq } = request
  const mailboxes = mailboxesAbove(connection, request)
  const removed = removedAbove(connection, request)
  const messages = changedMessages(connection, request, mailboxes.filter((row) => row.highest_modseq > modseq).map((row) => row.key))
  if (messages === 'too-many') return messages
  const upTo = messages.more ? messages.rows.at(-1)![3] : present
  const vanished: Vanished[] = []
  let vanishedUids = 0
  for (const key of [...mailboxes.map((row) => row.key), ...removed.map((row) => row.key)]) {
    for (const row of connection.all<TombstoneRow>(vanishedSql, key, modseq, upTo)) {
      const destroyed = expand(unpackRanges(row.destroyed))
      vanishedUids += destroyed.length
      if (vanishedUids > request.maxRows) return 'too-many'
      vanished.push({ mailbox: id('mailbox', keyNo(row.mailbox)), modseq: row.modseq, uids: unpackRanges(row.uids), destroyed })
    }
  }
  return {
    account: id('account', accountNo),
    modseq: upTo,
    tooOld: false,
    messages: changedMessagesOf(messages.rows),
    vanished: vanished.sort((a, b) => a.modseq - b.modseq),
    // A mailbox that changed again after `upTo` is listed now and once more later: its messages may be in this answer.
    mailboxes: mailboxes.filter((row) => row.modseq > modseq && row.created_modseq <= upTo).map(mailboxOf),
    removedMailboxes: removed.filter((row) => row.modseq <= upTo).map((row) => id('mailbox', keyNo(row.key))),
  }
}

interface TombstoneRow {
  mailbox: number
  modseq: number
  uids: Uint8Array
  destroyed: Uint8Array
}

/** Mailboxes of which anything is above the asked modseq. */
function mailboxesAbove(connection: Connection, { accountNo, modseq, mailbox }: ChangesRequest): MailboxRow[] {
  if (mailbox !== null) return connection.all<MailboxRow>('SELECT * FROM mailbox WHERE key = ?', mailbox)
  const sql = 'SELECT * FROM mailbox WHERE key BETWEEN ? AND ? AND (highest_modseq > ? OR modseq > ?)'
  return connection.all<MailboxRow>(sql, packKey(accountNo, 0), packKey(accountNo, keysPerAccount - 1), modseq, modseq)
}

function removedAbove(connection: Connection, { accountNo, modseq, mailbox }: ChangesRequest): { key: number; modseq: number }[] {
  if (mailbox !== null) return connection.all('SELECT key, modseq FROM removed_mailbox WHERE key = ? AND modseq > ?', mailbox, modseq)
  const sql = 'SELECT key, modseq FROM removed_mailbox WHERE key BETWEEN ? AND ? AND modseq > ? ORDER BY modseq'
  return connection.all(sql, packKey(accountNo, 0), packKey(accountNo, keysPerAccount - 1), modseq)
}

/**
 * The first `limit` changed messages by modseq, then UID. The cut never falls inside one modseq: its rows before the cut are
 * left for the next answer, or, when it alone is larger than the limit, all of it is given.
 */
function changedMessages(connection: Connection, request: ChangesRequest, keys: readonly number[]): { rows: ChangedRow[]; more: boolean } | 'too-many' {
  const { modseq, limit } = request
  const ask = Math.min(limit, request.maxRows) + 1
  const rows = keys.flatMap((key) => connection.rows<ChangedRow>(changedSql, key, modseq, ask)).sort(byModseqThenUid)
  if (rows.length < ask) return { rows, more: false }
  if (request.maxRows < limit) return 'too-many'
  const cut = rows[limit]![3]
  const whole = rows.slice(0, limit).filter((row) => row[3] < cut)
  if (whole.length > 0) return { rows: whole, more: true }
  const one = keys.flatMap((key) => connection.rows<ChangedRow>(changedAtSql, key, cut)).sort(byModseqThenUid)
  return one.length > request.maxRows ? 'too-many' : { rows: one, more: true }
}

function byModseqThenUid(a: ChangedRow, b: ChangedRow): number {
  return a[3] - b[3] || a[2] - b[2]
}

/** Equal flags are one object: the answer of a large change crosses from a reader thread with each set once. */
function changedMessagesOf(rows: readonly ChangedRow[]): ChangedMessage[] {
  const flagSets = new FlagSets()
  return rows.map(([key, thread, uid, modseq, createdModseq, flags, keywords, mailbox]) => ({
    id: id('message', keyNo(key)),
    mailbox: id('mailbox', keyNo(mailbox)),
    threadId: id('thread', thread),
    uid,
    modseq,
    createdModseq,
    flags: flagSets.sets[flagSets.index(flags, keywords)]!,
  }))
}

function expand(ranges: readonly (readonly [number, number])[]): MessageId[] {
  const ids: MessageId[] = []
  for (const [first, last] of ranges) for (let no = first; no <= last; no++) ids.push(id('message', no))
  return ids
}

/** Present modseq of each account that exists. */
export function modseqsOf(connection: Connection, accountNos: readonly number[]): [accountNo: number, modseq: number][] {
  return accountNos.flatMap((no) => connection.rows<[number, number]>('SELECT account, modseq FROM account_state WHERE account = ?', no))
}
