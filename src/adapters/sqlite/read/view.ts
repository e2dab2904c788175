/** The view of a mailbox: UID, modseq and flags of all its messages, packed, of one moment. */
import type { MailboxView } from '../../../core/mailbox/mailbox.ts'
import type { Connection } from '../connection.ts'
import { FlagSets, indexArray } from '../flag-sets.ts'
import { keyAccountNo } from '../ids.ts'
import { mailboxByKey } from './mailboxes.ts'

/** Answered by the covering index alone. */
export const viewSql = 'SELECT uid, modseq, flags, keywords FROM message WHERE mailbox = ? ORDER BY uid'

/** Null when there is no such mailbox, `too-many` when it holds more than `maxMessages`. */
export function mailboxView(connection: Connection, key: number, maxMessages = Infinity): MailboxView | 'too-many' | null {
  return connection.snapshot(() => {
    const mailbox = mailboxByKey(connection, key)
    if (mailbox === null) return null
    if (mailbox.messages > maxMessages) return 'too-many'
    const { modseq } = connection.get<{ modseq: number }>('SELECT modseq FROM account_state WHERE account = ?', keyAccountNo(key))!
    const rows = connection.rows<[uid: number, modseq: number, flags: number, keywords: string | null]>(viewSql, key)
    const uids = new Uint32Array(rows.length)
    const modseqs = new Float64Array(rows.length)
    const indexes = new Uint32Array(rows.length)
    const flagSets = new FlagSets()
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!
      uids[i] = row[0]
      modseqs[i] = row[1]
      indexes[i] = flagSets.index(row[2], row[3])
    }
    return { mailbox, modseq, uids, modseqs, flags: indexArray(indexes, flagSets.sets.length), flagSets: flagSets.sets }
  })
}
