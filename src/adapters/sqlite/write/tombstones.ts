/** What is left of messages that went (P5): one row a write and mailbox, UIDs and destroyed message numbers as packed ranges. */
import type { Connection } from '../connection.ts'
import { keyAccountNo, keysPerAccount, packKey } from '../ids.ts'
import { packRanges } from '../uid-ranges.ts'

export interface Tombstone {
  readonly mailbox: number
  readonly modseq: number
  readonly atMs: number
  /** Ascending. */
  readonly uids: readonly number[]
  /** Numbers of the messages that are gone from the account; none for a move. */
  readonly destroyed: readonly number[]
}

export function insertTombstone(connection: Connection, tombstone: Tombstone): void {
  connection.run(
    'INSERT INTO tombstone (mailbox, modseq, at, uid_count, uids, destroyed) VALUES (?, ?, ?, ?, ?, ?)',
    tombstone.mailbox,
    tombstone.modseq,
    tombstone.atMs,
    tombstone.uids.length,
    packRanges(tombstone.uids),
    packRanges([...tombstone.destroyed].sort((a, b) => a - b)),
  )
}

export interface PruneTombstones {
  /** Go on after this mailbox; 0 at first. */
  readonly afterMailbox: number
  readonly beforeMs: number
  /** UIDs a mailbox whose tombstones stay, whatever their age. */
  readonly keep: number
  readonly maxMailboxes: number
}

export interface Pruned {
  /** UIDs whose tombstones went. */
  readonly uids: number
  /** Go on after this mailbox; null when all are done. */
  readonly afterMailbox: number | null
}

/** One slice of the pruning; a slice is short, so that other writes get their turn. */
export function pruneTombstones(connection: Connection, { afterMailbox, beforeMs, keep, maxMailboxes }: PruneTombstones): Pruned {
  let mailbox = afterMailbox
  let uids = 0
  for (let seen = 0; seen < maxMailboxes; seen++) {
    const next = connection.get<{ mailbox: number }>('SELECT mailbox FROM tombstone WHERE mailbox > ? ORDER BY mailbox LIMIT 1', mailbox)
    if (next === undefined) {
      pruneRemovedMailboxes(connection, beforeMs)
      return { uids, afterMailbox: null }
    }
    mailbox = next.mailbox
    uids += pruneMailbox(connection, mailbox, beforeMs, keep)
  }
  return { uids, afterMailbox: mailbox }
}

/** The newest rows stay until they hold `keep` UIDs; of the others those go that are old. */
function pruneMailbox(connection: Connection, mailbox: number, beforeMs: number, keep: number): number {
  const rows = connection.rows<[modseq: number, at: number, count: number]>('SELECT modseq, at, uid_count FROM tombstone WHERE mailbox = ? ORDER BY modseq DESC', mailbox)
  let kept = 0
  const going = rows.filter(([, at, count]) => {
    const goes = kept >= keep && at < beforeMs
    kept += count
    return goes
  })
  if (going.length === 0) return 0
  for (const [modseq] of going) connection.run('DELETE FROM tombstone WHERE mailbox = ? AND modseq = ?', mailbox, modseq)
  forgetUpTo(connection, keyAccountNo(mailbox), going[0]![0])
  return going.reduce((sum, row) => sum + row[2], 0)
}

/** A removed mailbox is forgotten when it is old and none of its tombstones is kept. */
function pruneRemovedMailboxes(connection: Connection, beforeMs: number): void {
  const gone = connection.all<{ key: number; modseq: number }>(
    'DELETE FROM removed_mailbox WHERE at < ? AND NOT EXISTS (SELECT 1 FROM tombstone WHERE mailbox = removed_mailbox.key) RETURNING key, modseq',
    beforeMs,
  )
  for (const { key, modseq } of gone) forgetUpTo(connection, keyAccountNo(key), modseq)
}

function forgetUpTo(connection: Connection, accountNo: number, modseq: number): void {
  connection.run('UPDATE account_state SET pruned_modseq = max(pruned_modseq, ?) WHERE account = ?', modseq, accountNo)
}

/** Threads are only looked for again when this many messages went, and as many as there are left: the cost is shared by all. */
const minStaleThreads = 1_000

/**
 * Drops the thread keys of threads that have no message any more, in accounts from which many messages went.
 * Returns whether one was done: call again until false.
 */
export function pruneThreads(connection: Connection, _args: Record<string, never>): boolean {
  const state = connection.get<{ account: number }>(
    'SELECT s.account FROM account_state s WHERE s.stale_threads >= ? AND s.stale_threads >= ' +
      '(SELECT coalesce(sum(messages), 0) FROM mailbox WHERE account = s.account) LIMIT 1',
    minStaleThreads,
  )
  if (state === undefined) return false
  const { account } = state
  const live = new Set<number>()
  const sql = 'SELECT thread FROM message WHERE key BETWEEN ? AND ?'
  for (const [thread] of connection.rows<[number]>(sql, packKey(account, 0), packKey(account, keysPerAccount - 1))) live.add(thread)
  for (const [hash, thread] of connection.rows<[number, number]>('SELECT hash, thread FROM thread_key WHERE account = ?', account)) {
    if (!live.has(thread)) connection.run('DELETE FROM thread_key WHERE account = ? AND hash = ?', account, hash)
  }
  connection.run('UPDATE account_state SET stale_threads = 0 WHERE account = ?', account)
  return true
}
