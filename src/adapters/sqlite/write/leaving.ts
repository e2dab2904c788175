/** Messages that leave a mailbox: which they are, and how they go. */
import { deletedBit } from '../../../core/mailbox/flags.ts'
import type { Uids } from '../../../core/mailbox/mailbox.ts'
import type { Connection } from '../connection.ts'
import { Tally } from './counters.ts'

/** Rows of a mailbox as a selection gives them, ascending UID. */
export type SelectedRow = readonly [uid: number, key: number, modseq: number, flags: number, keywords: string | null]

const selectedColumns = 'uid, key, modseq, flags, keywords'
/** Answered by the covering index alone. */
export const selectRangeSql = `SELECT ${selectedColumns} FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid`

/** Those of `uids` that exist. Runs of neighbouring UIDs are read as ranges. */
export function selectUids(connection: Connection, mailbox: number, uids: Uids): SelectedRow[] {
  if (uids === 'all') return connection.rows<SelectedRow>(selectRangeSql, mailbox, 0, 2 ** 32)
  const rows: SelectedRow[] = []
  for (const [first, last] of runsOf(uids)) for (const row of connection.rows<SelectedRow>(selectRangeSql, mailbox, first, last)) rows.push(row)
  return rows
}

/** Runs of consecutive numbers in an ascending array; a doubled number is taken once. */
export function runsOf(uids: Uint32Array): [first: number, last: number][] {
  const runs: [number, number][] = []
  for (const uid of uids) {
    const run = runs.at(-1)
    if (run !== undefined && uid <= run[1] + 1) run[1] = Math.max(run[1], uid)
    else runs.push([uid, uid])
  }
  return runs
}

export interface Leaving {
  readonly uids: number[]
  readonly keys: number[]
  readonly bytes: number
  readonly tally: Tally
}

/** What would leave, with the sums of its sizes; only the \Deleted ones when `onlyDeleted`. */
export function selectLeaving(connection: Connection, mailbox: number, uids: Uids, onlyDeleted: boolean): Leaving {
  const chosen = selectUids(connection, mailbox, uids).filter((row) => !onlyDeleted || (row[3] & deletedBit) !== 0)
  const tally = new Tally()
  for (const row of chosen) tally.add(row[3], connection.get<{ size: number }>('SELECT size FROM message WHERE key = ?', row[1])!.size)
  return { uids: chosen.map((row) => row[0]), keys: chosen.map((row) => row[1]), bytes: tally.bytes, tally }
}

export function deleteMessages(connection: Connection, keys: readonly number[]): void {
  for (const key of keys) {
    connection.run('DELETE FROM message WHERE key = ?', key)
    connection.run('DELETE FROM message_form WHERE key = ?', key)
  }
}
