/** The view of a mailbox: UID, modseq and flags of all its messages, packed, of one moment. */
import type { MailboxView } from '../../../core/mailbox/mailbox.ts'
import type { Connection } from '../connection.ts'
import { FlagSets, indexArray } from '../flag-sets.ts'
import { keyAccountNo } from '../ids.ts'
import { mailboxByKey } from './mailboxes.ts'

/**
 * The three columns as JSON arrays, answered by the covering index alone. Joined by SQLite and parsed by V8 they cost a
 * third of 10,000 rows that cross one by one, and the first time is as fast as the next.
 */
export const viewSql =
  "SELECT '[' || group_concat(uid) || ']' AS uids, '[' || group_concat(modseq) || ']' AS modseqs, '[' || group_concat(flags) || ']' AS flags, " +
  'count(keywords) AS with_keywords FROM (SELECT uid, modseq, flags, keywords FROM message WHERE mailbox = ? ORDER BY uid)'
export const viewKeywordsSql = 'SELECT uid, keywords FROM message WHERE mailbox = ? AND keywords IS NOT NULL ORDER BY uid'

interface ViewRow {
  uids: string | null
  modseqs: string
  flags: string
  with_keywords: number
}

/** Null when there is no such mailbox, `too-many` when it holds more than `maxMessages`. */
export function mailboxView(connection: Connection, key: number, maxMessages = Infinity): MailboxView | 'too-many' | null {
  return connection.snapshot(() => {
    const mailbox = mailboxByKey(connection, key)
    if (mailbox === null) return null
    if (mailbox.messages > maxMessages) return 'too-many'
    const { modseq } = connection.get<{ modseq: number }>('SELECT modseq FROM account_state WHERE account = ?', keyAccountNo(key))!
    const row = connection.get<ViewRow>(viewSql, key)!
    const keywords = row.with_keywords === 0 ? null : new Map(connection.rows<[uid: number, keywords: string]>(viewKeywordsSql, key))
    return { mailbox, modseq, ...arraysOf(row, keywords) }
  })
}

/** Makes statements and code of a view ready, on a mailbox that does not exist. */
export function warmView(connection: Connection, key: number): void {
  mailboxView(connection, key)
  connection.get<ViewRow>(viewSql, key)
  connection.rows(viewKeywordsSql, key)
  const some = `[${'1,'.repeat(warmMessages)}1]`
  // So often that the engine has compiled it.
  for (let count = 0; count < warmRounds; count++) arraysOf({ uids: some, modseqs: some, flags: some, with_keywords: 0 }, null)
}

const warmMessages = 500
const warmRounds = 8

type ViewArrays = Pick<MailboxView, 'uids' | 'modseqs' | 'flags' | 'flagSets'>

function arraysOf(row: ViewRow, keywords: ReadonlyMap<number, string> | null): ViewArrays {
  if (row.uids === null) return { uids: new Uint32Array(), modseqs: new Float64Array(), flags: new Uint16Array(), flagSets: [] }
  const uids = new Uint32Array(numbers(row.uids))
  const bits = numbers(row.flags)
  const flagSets = new FlagSets()
  const indexes = new Uint32Array(bits.length)
  for (let i = 0; i < bits.length; i++) indexes[i] = flagSets.index(bits[i]!, keywords === null ? null : (keywords.get(uids[i]!) ?? null))
  return { uids, modseqs: new Float64Array(numbers(row.modseqs)), flags: indexArray(indexes, flagSets.sets.length), flagSets: flagSets.sets }
}

function numbers(json: string): number[] {
  return JSON.parse(json) as number[]
}
