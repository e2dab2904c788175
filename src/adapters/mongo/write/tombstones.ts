/** What is left of messages that went (P5): one document a write and mailbox, UIDs and destroyed message numbers as packed ranges. */
import type { TombstoneDocument } from '../documents.ts'
import { tombstoneId } from '../documents.ts'
import { packRanges } from '../uid-ranges.ts'
import type { Operation } from './operation.ts'
import type { Step } from './step.ts'

export interface NewTombstone {
  readonly accountNo: number
  readonly mailbox: number
  readonly modseq: number
  readonly atMs: number
  /** Ascending. */
  readonly uids: readonly number[]
  /** Numbers of the messages that are gone from the account; none for a move. */
  readonly destroyed: readonly number[]
  readonly removed: boolean
}

export function insertTombstone(step: Step, { accountNo, mailbox, modseq, atMs, uids, destroyed, removed }: NewTombstone): void {
  step.draft(accountNo).vanishedModseq = modseq
  step.insert('tombstones', {
    _id: tombstoneId(mailbox, modseq),
    account: accountNo,
    modseq,
    mailbox,
    atMs,
    count: uids.length,
    removed,
    uids: packRanges(uids),
    destroyed: packRanges([...destroyed].sort((a, b) => a - b)),
  })
}

/**
 * Of each mailbox the newest tombstones stay until they hold `keep` UIDs; of the others those go that are old. That a mailbox
 * was removed is forgotten when it is old and none of its tombstones is kept. Answers how many UIDs went.
 */
export function pruneTombstones(accountNo: number, beforeMs: number, keep: number): Operation<number> {
  return {
    accounts: [accountNo],
    selects: true,
    async plan(step) {
      if (step.account(accountNo) === null) return 0
      const find = { filter: { account: accountNo }, projection: { uids: 0, destroyed: 0 }, sort: { modseq: -1 } }
      const found = await step.find<Omit<TombstoneDocument, 'uids' | 'destroyed'>>('tombstones', find)
      const named = new Set(found.filter(({ count }) => count > 0).map(({ mailbox }) => mailbox))
      const kept = new Map<number, number>()
      const going = found.filter(({ mailbox, atMs, count, removed }) => {
        const before = kept.get(mailbox) ?? 0
        kept.set(mailbox, before + count)
        return atMs < beforeMs && (before >= keep || (removed && !named.has(mailbox)))
      })
      if (going.length === 0) return 0
      for (const { _id } of going) step.delete('tombstones', { _id })
      const draft = step.draft(accountNo)
      draft.prunedModseq = Math.max(draft.prunedModseq, ...going.map(({ modseq }) => modseq))
      return going.reduce((sum, { count }) => sum + count, 0)
    },
  }
}
