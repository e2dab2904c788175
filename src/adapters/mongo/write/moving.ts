/** COPY, MOVE and EXPUNGE (RFC 9051 §6.4.3, §6.4.7, §6.4.8): one write, one modseq, UIDs ascending in the order of the sources. */
import { MailError } from '../../../core/errors.ts'
import type { Uids } from '../../../core/mailbox/mailbox.ts'
import type { Copied } from '../../../core/ports/store.ts'
import type { MessageDocument } from '../documents.ts'
import { keyNo, packKey } from '../ids.ts'
import { countIn, countOut, hasRoom, knownMailbox, nextMessageModseq, takeNumbers } from './account-state.ts'
import type { Operation } from './operation.ts'
import { selectLeaving } from './selection.ts'
import type { Step } from './step.ts'
import { insertTombstone } from './tombstones.ts'

export interface MoveMessages {
  readonly accountNo: number
  readonly sourceNo: number
  readonly targetNo: number
  readonly uids: Uids
  readonly nowMs: number
}

/** So many whole messages are in memory at a time. */
const copySlice = 1_000

export function copyMessages({ accountNo, sourceNo, targetNo, uids }: MoveMessages): Operation<Copied> {
  return {
    accounts: [accountNo],
    selects: true,
    async plan(step) {
      const account = step.account(accountNo)
      knownMailbox(account, sourceNo)
      const { uidValidity } = knownMailbox(account, targetNo)
      const chosen = await selectLeaving(step, packKey(accountNo, sourceNo), uids)
      if (chosen.keys.length === 0) return copied(uidValidity, [], 0, account!.modseq)
      if (!hasRoom(account!, chosen.tally.bytes, 0)) throw new MailError('quota-exceeded')
      const draft = step.draft(accountNo)
      const modseq = nextMessageModseq(draft)
      draft.usedBytes += chosen.tally.bytes
      const firstNo = takeNumbers(draft, chosen.keys.length)
      const firstUid = countIn(draft, targetNo, chosen.tally, modseq)
      const target = packKey(accountNo, targetNo)
      await insertCopies(step, chosen.keys, (i) => ({ _id: packKey(accountNo, firstNo + i), mailbox: target, uid: firstUid + i, modseq, createdModseq: modseq }))
      return copied(uidValidity, chosen.uids, firstUid, modseq)
    },
  }
}

type CopyPlace = Pick<MessageDocument, '_id' | 'mailbox' | 'uid' | 'modseq' | 'createdModseq'>

/** Slice by slice, in the transaction: the account's draft is written with it, so the operation is not planned again. */
async function insertCopies(step: Step, keys: readonly number[], place: (i: number) => CopyPlace): Promise<void> {
  for (let at = 0; at < keys.length; at += copySlice) {
    const slice = keys.slice(at, at + copySlice)
    const found = await step.find<MessageDocument>('messages', { filter: { _id: { $in: slice } } })
    const byKey = new Map(found.map((message) => [message._id, message]))
    await step.insertNow('messages', slice.map((key, i) => ({ ...byKey.get(key)!, ...place(at + i) })))
  }
}

export function moveMessages({ accountNo, sourceNo, targetNo, uids, nowMs }: MoveMessages): Operation<Copied> {
  return {
    accounts: [accountNo],
    selects: true,
    async plan(step) {
      const account = step.account(accountNo)
      knownMailbox(account, sourceNo)
      const { uidValidity } = knownMailbox(account, targetNo)
      const source = packKey(accountNo, sourceNo)
      const chosen = await selectLeaving(step, source, uids)
      if (chosen.keys.length === 0) return copied(uidValidity, [], 0, account!.modseq)
      const draft = step.draft(accountNo)
      const modseq = nextMessageModseq(draft)
      countOut(draft, sourceNo, chosen.tally, modseq)
      const firstUid = countIn(draft, targetNo, chosen.tally, modseq)
      const target = packKey(accountNo, targetNo)
      chosen.keys.forEach((_id, i) => step.update('messages', { _id }, { $set: { mailbox: target, uid: firstUid + i, modseq, createdModseq: modseq } }))
      insertTombstone(step, { accountNo, mailbox: source, modseq, atMs: nowMs, uids: chosen.uids, destroyed: [], removed: false })
      return copied(uidValidity, chosen.uids, firstUid, modseq)
    },
  }
}

export interface ExpungeMessages {
  readonly accountNo: number
  readonly mailboxNo: number
  readonly uids: Uids
  readonly onlyDeleted: boolean
  readonly nowMs: number
}

export function expungeMessages(args: ExpungeMessages): Operation<{ readonly modseq: number; readonly uids: Uint32Array }> {
  const { accountNo, mailboxNo, onlyDeleted, nowMs } = args
  return {
    accounts: [accountNo],
    selects: true,
    async plan(step) {
      const account = step.account(accountNo)
      const { deleted } = knownMailbox(account, mailboxNo)
      const mailbox = packKey(accountNo, mailboxNo)
      const chosen = await selectLeaving(step, mailbox, onlyDeleted && deleted === 0 ? new Uint32Array() : args.uids, onlyDeleted)
      if (chosen.keys.length === 0) return { modseq: account!.modseq, uids: new Uint32Array() }
      const draft = step.draft(accountNo)
      const modseq = ++draft.modseq
      countOut(draft, mailboxNo, chosen.tally, modseq)
      draft.usedBytes -= chosen.tally.bytes
      deleteMessages(step, chosen.keys)
      insertTombstone(step, { accountNo, mailbox, modseq, atMs: nowMs, uids: chosen.uids, destroyed: chosen.keys.map(keyNo), removed: false })
      return { modseq, uids: Uint32Array.from(chosen.uids) }
    },
  }
}

const maxListed = 50_000

export function deleteMessages(step: Step, keys: readonly number[]): void {
  for (let at = 0; at < keys.length; at += maxListed) step.delete('messages', { _id: { $in: keys.slice(at, at + maxListed) } })
}

function copied(uidValidity: number, sources: readonly number[], firstUid: number, modseq: number): Copied {
  return { uidValidity, sourceUids: Uint32Array.from(sources), targetUids: Uint32Array.from(sources, (_, i) => firstUid + i), modseq }
}
