/** The view of a mailbox: UID, modseq and flags of all its messages, packed, of one moment. The messages come from an index alone. */
import type { MailboxView } from '../../../core/mailbox/mailbox.ts'
import type { AccountDocument } from '../documents.ts'
import { FlagSets, indexArray } from '../flag-sets.ts'
import { packKey } from '../ids.ts'
import type { ReadSide } from '../read-side.ts'
import { mailboxOf } from '../translations.ts'

interface ViewRow {
  readonly uid: number
  readonly modseq: number
  readonly flags: number
  readonly keywords: string | null
}

export function viewFind(mailbox: number): { filter: object; projection: object; sort: object } {
  return { filter: { mailbox }, projection: { _id: 0, uid: 1, modseq: 1, flags: 1, keywords: 1 }, sort: { uid: 1 } }
}

/** Null when there is no such mailbox. */
export function mailboxView(reads: ReadSide, accountNo: number, mailboxNo: number): Promise<MailboxView | null> {
  return reads.at(async (snapshot) => {
    const [account] = await snapshot.find<Pick<AccountDocument, 'modseq' | 'mailboxes'>>('states', {
      filter: { _id: accountNo },
      projection: { modseq: 1, [`mailboxes.${mailboxNo}`]: 1 },
      limit: 1,
    })
    const state = account?.mailboxes[mailboxNo]
    if (account === undefined || state === undefined) return null
    const rows = state.messages === 0 ? [] : await snapshot.find<ViewRow>('messages', viewFind(packKey(accountNo, mailboxNo)))
    const flagSets = new FlagSets()
    const indexes = rows.map(({ flags, keywords }) => flagSets.index(flags, keywords))
    return {
      mailbox: mailboxOf(accountNo, mailboxNo, state),
      modseq: account.modseq,
      uids: Uint32Array.from(rows, ({ uid }) => uid),
      modseqs: Float64Array.from(rows, ({ modseq }) => modseq),
      flags: indexArray(indexes, flagSets.sets.length),
      flagSets: flagSets.sets,
    }
  })
}
