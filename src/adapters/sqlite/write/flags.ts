/**
 * STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3): one write, one modseq for all that changed. A change of system flags alone is one
 * UPDATE for each run of UIDs; keywords are looked at one message at a time.
 */
import type { FlagChange, Flags } from '../../../core/mailbox/flags.ts'
import { changeFlags, deletedBit, sameFlags, seenBit } from '../../../core/mailbox/flags.ts'
import type { Uids } from '../../../core/mailbox/mailbox.ts'
import type { Connection } from '../connection.ts'
import { FlagSets, indexArray } from '../flag-sets.ts'
import { keyAccountNo } from '../ids.ts'
import { flagsOfRow, keywordsText } from '../rows.ts'
import { nextModseq, presentModseq } from './account-state.ts'
import { runsOf, selectUids } from './leaving.ts'
import type { SelectedRow } from './leaving.ts'
import { knownMailbox } from './mailboxes.ts'

export interface StoreFlags {
  readonly mailbox: number | null
  readonly uids: Uids
  readonly change: FlagChange
  readonly unchangedSince: number | null
}

/** What goes back to the main thread: `changed` of the port, packed. */
export interface PackedFlagsStored {
  readonly modseq: number
  readonly uids: Uint32Array
  readonly flags: Uint16Array | Uint32Array
  readonly flagSets: readonly Flags[]
  readonly modified: Uint32Array
}

interface Changing {
  readonly uid: number
  readonly key: number
  readonly before: number
  readonly bits: number
  readonly keywords: string | null
}

const updateOneSql = 'UPDATE message SET modseq = ?, flags = ?, keywords = ? WHERE key = ?'
const updateBitsSql: Record<FlagChange['mode'], string> = {
  add: 'UPDATE message SET modseq = ?, flags = flags | ? WHERE mailbox = ? AND uid BETWEEN ? AND ?',
  remove: 'UPDATE message SET modseq = ?, flags = flags & ~? WHERE mailbox = ? AND uid BETWEEN ? AND ?',
  replace: 'UPDATE message SET modseq = ?, flags = ?, keywords = NULL WHERE mailbox = ? AND uid BETWEEN ? AND ?',
}

export function storeFlags(connection: Connection, { mailbox: key, uids, change, unchangedSince }: StoreFlags): PackedFlagsStored {
  knownMailbox(connection, key)
  const mailbox = key!
  const rows = selectUids(connection, mailbox, uids)
  const modified: number[] = []
  const changing: Changing[] = []
  for (const row of rows) {
    if (unchangedSince !== null && row[2] > unchangedSince) modified.push(row[0])
    else {
      const next = changed(row, change)
      if (next !== null) changing.push(next)
    }
  }
  const accountNo = keyAccountNo(mailbox)
  if (changing.length === 0) return packed(presentModseq(connection, accountNo), [], modified)
  const modseq = nextModseq(connection, accountNo)
  if (change.flags.keywords.length === 0) updateRuns(connection, mailbox, change, changing, modseq)
  else for (const { key, bits, keywords } of changing) connection.run(updateOneSql, modseq, bits, keywords, key)
  count(connection, mailbox, changing, modseq)
  return packed(modseq, changing, modified)
}

function changed(row: SelectedRow, change: FlagChange): Changing | null {
  const [uid, key, , before, text] = row
  if (change.flags.keywords.length === 0 && (change.mode !== 'replace' || text === null)) {
    const { bits } = change.flags
    const next = change.mode === 'add' ? before | bits : change.mode === 'remove' ? before & ~bits : bits
    return next === before ? null : { uid, key, before, bits: next, keywords: text }
  }
  const now = flagsOfRow(before, text)
  const next = changeFlags(now, change)
  return sameFlags(now, next) ? null : { uid, key, before, bits: next.bits, keywords: keywordsText(next.keywords) }
}

/** The UIDs between two that change either don't exist or are left out; so runs are of neighbouring UIDs only. */
function updateRuns(connection: Connection, mailbox: number, change: FlagChange, changing: readonly Changing[], modseq: number): void {
  for (const [first, last] of runsOf(Uint32Array.from(changing, ({ uid }) => uid))) {
    connection.run(updateBitsSql[change.mode], modseq, change.flags.bits, mailbox, first, last)
  }
}

function count(connection: Connection, mailbox: number, changing: readonly Changing[], modseq: number): void {
  let unseen = 0
  let deleted = 0
  for (const { before, bits } of changing) {
    unseen += ((before & seenBit) === 0 ? -1 : 0) + ((bits & seenBit) === 0 ? 1 : 0)
    deleted += ((before & deletedBit) === 0 ? 0 : -1) + ((bits & deletedBit) === 0 ? 0 : 1)
  }
  connection.run('UPDATE mailbox SET highest_modseq = ?, unseen = unseen + ?, deleted = deleted + ? WHERE key = ?', modseq, unseen, deleted, mailbox)
}

function packed(modseq: number, changing: readonly Changing[], modified: readonly number[]): PackedFlagsStored {
  const flagSets = new FlagSets()
  const indexes = changing.map(({ bits, keywords }) => flagSets.index(bits, keywords))
  return {
    modseq,
    uids: Uint32Array.from(changing, ({ uid }) => uid),
    flags: indexArray(indexes, flagSets.sets.length),
    flagSets: flagSets.sets,
    modified: Uint32Array.from(modified),
  }
}
