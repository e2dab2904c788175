/**
 * What changed in an account (design §5.4), of one consistent moment: the messages themselves are the log, found by
 * (account, modseq); what left stands in tombstones. The account's document tells which of the two need not be looked for.
 */
import type { Changes, ChangedMessage } from '../../../core/change.ts'
import type { AccountDocument, MessageDocument, TombstoneDocument } from '../documents.ts'
import { FlagSets } from '../flag-sets.ts'
import { id, keyNo, packKey } from '../ids.ts'
import type { Find, ReadSide, Snapshot } from '../read-side.ts'
import { mailboxOf } from '../translations.ts'
import { expandRanges, unpackRanges } from '../uid-ranges.ts'

export interface ChangesRequest {
  readonly accountNo: number
  readonly modseq: number
  /** Number; null for the whole account, 0 for one that can't exist. */
  readonly mailboxNo: number | null
  readonly limit: number
}

type AccountPart = Pick<AccountDocument, 'modseq' | 'prunedModseq' | 'changedModseq' | 'vanishedModseq' | 'mailboxes'>
type ChangedPart = Pick<MessageDocument, '_id' | 'mailbox' | 'thread' | 'uid' | 'modseq' | 'createdModseq' | 'flags' | 'keywords'>

/** Null when there is no such account. */
export function changesSince(reads: ReadSide, request: ChangesRequest): Promise<Changes | null> {
  return reads.at(async (snapshot) => {
    const [account] = await snapshot.find<AccountPart>('states', accountFind(request))
    if (account === undefined) return null
    const nothing = { account: id('account', request.accountNo), modseq: account.modseq, messages: [], vanished: [], mailboxes: [], removedMailboxes: [] }
    if (request.modseq === account.modseq) return { ...nothing, tooOld: false }
    // A modseq from the future was given by a store that has since been set back: nothing is known of it.
    if (request.modseq < account.prunedModseq || request.modseq > account.modseq) return { ...nothing, tooOld: true }
    return collect(snapshot, request, account)
  })
}

function accountFind({ accountNo, mailboxNo }: ChangesRequest): Find {
  const mailboxes = mailboxNo === null ? 'mailboxes' : `mailboxes.${mailboxNo}`
  return { filter: { _id: accountNo }, projection: { modseq: 1, prunedModseq: 1, changedModseq: 1, vanishedModseq: 1, [mailboxes]: 1 }, limit: 1 }
}

async function collect(snapshot: Snapshot, request: ChangesRequest, account: AccountPart): Promise<Changes> {
  const { accountNo, modseq, mailboxNo } = request
  const mailboxes = Object.entries(account.mailboxes).filter(([no]) => mailboxNo === null || Number(no) === mailboxNo)
  const touched = mailboxNo === null || mailboxes.some(([, state]) => state.highestModseq > modseq)
  const messages = account.changedModseq > modseq && touched ? await changedMessages(snapshot, request) : { rows: [], more: false }
  const upTo = messages.more ? messages.rows.at(-1)!.modseq : account.modseq
  const tombstones = account.vanishedModseq > modseq ? await snapshot.find<TombstoneDocument>('tombstones', tombstonesFind(request, upTo)) : []
  return {
    account: id('account', accountNo),
    modseq: upTo,
    tooOld: false,
    ...(!messages.more && { whole: true }),
    messages: changedMessagesOf(messages.rows),
    vanished: tombstones
      .filter(({ count }) => count > 0)
      .map(({ mailbox, modseq: at, uids, destroyed }) => ({
        mailbox: id('mailbox', keyNo(mailbox)),
        modseq: at,
        uids: unpackRanges(uids),
        destroyed: expandRanges(destroyed).map((no) => id('message', no)),
      })),
    // A mailbox that changed again after `upTo` is listed now and once more later: its messages may be in this answer.
    mailboxes: mailboxes
      .filter(([, state]) => state.modseq > modseq && state.createdModseq <= upTo)
      .map(([no, state]) => mailboxOf(accountNo, Number(no), state)),
    removedMailboxes: tombstones.filter(({ removed }) => removed).map(({ mailbox }) => id('mailbox', keyNo(mailbox))),
  }
}

/** The mailbox stands in the index, so those of others are passed over there. */
export function changedFind({ accountNo, mailboxNo }: Pick<ChangesRequest, 'accountNo' | 'mailboxNo'>, modseq: object | number): Find {
  return {
    filter: { account: accountNo, modseq, ...(mailboxNo !== null && { mailbox: packKey(accountNo, mailboxNo) }) },
    projection: { mailbox: 1, thread: 1, uid: 1, modseq: 1, createdModseq: 1, flags: 1, keywords: 1 },
    sort: { modseq: 1, uid: 1 },
  }
}

export function tombstonesFind({ accountNo, mailboxNo, modseq }: Omit<ChangesRequest, 'limit'>, upTo: number): Find {
  return {
    filter: { account: accountNo, modseq: { $gt: modseq, $lte: upTo }, ...(mailboxNo !== null && { mailbox: packKey(accountNo, mailboxNo) }) },
    sort: { modseq: 1 },
  }
}

/**
 * The first `limit` changed messages by modseq, then UID. The cut never falls inside one modseq: its rows before the cut are
 * left for the next answer, or, when it alone is larger than the limit, all of it is given.
 */
async function changedMessages(snapshot: Snapshot, request: ChangesRequest): Promise<{ rows: ChangedPart[]; more: boolean }> {
  const { modseq, limit } = request
  const rows = await snapshot.find<ChangedPart>('messages', { ...changedFind(request, { $gt: modseq }), limit: limit + 1 })
  if (rows.length <= limit) return { rows, more: false }
  const cut = rows[limit]!.modseq
  const whole = rows.filter((row) => row.modseq < cut)
  if (whole.length > 0) return { rows: whole, more: true }
  return { rows: await snapshot.find<ChangedPart>('messages', changedFind(request, cut)), more: true }
}

function changedMessagesOf(rows: readonly ChangedPart[]): ChangedMessage[] {
  const flagSets = new FlagSets()
  return rows.map(({ _id, mailbox, thread, uid, modseq, createdModseq, flags, keywords }) => ({
    id: id('message', keyNo(_id)),
    mailbox: id('mailbox', keyNo(mailbox)),
    threadId: id('thread', thread),
    uid,
    modseq,
    createdModseq,
    flags: flagSets.of(flags, keywords),
  }))
}
