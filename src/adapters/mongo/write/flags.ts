/**
 * STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3): one write, one modseq for all that changed. The messages are read from the index
 * alone; those that get the same flags are one statement.
 */
import type { FlagChange } from '../../../core/mailbox/flags.ts'
import { changeFlags, deletedBit, sameFlags, seenBit } from '../../../core/mailbox/flags.ts'
import type { Uids } from '../../../core/mailbox/mailbox.ts'
import type { FlagsStored } from '../../../core/ports/store.ts'
import type { AccountDocument } from '../documents.ts'
import { flagsOfDocument, FlagSets, keywordsText } from '../flag-sets.ts'
import { packKey } from '../ids.ts'
import { knownMailbox, nextMessageModseq } from './account-state.ts'
import type { Operation } from './operation.ts'
import { uidCondition } from './selection.ts'
import type { Step } from './step.ts'

export interface StoreFlags {
  readonly accountNo: number
  readonly mailboxNo: number
  readonly uids: Uids
  readonly change: FlagChange
  readonly unchangedSince: number | null
}

interface Row {
  readonly uid: number
  readonly modseq: number
  readonly flags: number
  readonly keywords: string | null
}

interface Changing {
  readonly uid: number
  readonly before: number
  readonly bits: number
  readonly keywords: string | null
}

const maxListed = 50_000

export function storeFlags({ accountNo, mailboxNo, uids, change, unchangedSince }: StoreFlags): Operation<FlagsStored> {
  const mailbox = packKey(accountNo, mailboxNo)
  return {
    accounts: [accountNo],
    selects: true,
    async plan(step) {
      const account = step.account(accountNo)
      knownMailbox(account, mailboxNo)
      const rows = uids !== 'all' && uids.length === 0 ? [] : await step.find<Row>('messages', selectFlags(mailbox, uids))
      const modified: number[] = []
      const changing: Changing[] = []
      for (const row of rows) {
        if (unchangedSince !== null && row.modseq > unchangedSince) modified.push(row.uid)
        else {
          const next = changed(row, change)
          if (next !== null) changing.push(next)
        }
      }
      if (changing.length === 0) return { modseq: account!.modseq, changed: [], modified: Uint32Array.from(modified) }
      const draft = step.draft(accountNo)
      const modseq = nextMessageModseq(draft)
      count(draft, mailboxNo, changing, modseq)
      updateFlags(step, mailbox, changing, modseq)
      const flagSets = new FlagSets()
      return {
        modseq,
        changed: changing.map(({ uid, bits, keywords }) => ({ uid, modseq, flags: flagSets.of(bits, keywords) })),
        modified: Uint32Array.from(modified),
      }
    },
  }
}

/** Answered by the index of the view alone. */
export function selectFlags(mailbox: number, uids: Uids): { filter: object; projection: object; sort: object } {
  return { filter: { mailbox, ...uidCondition(uids) }, projection: { _id: 0, uid: 1, modseq: 1, flags: 1, keywords: 1 }, sort: { uid: 1 } }
}

function changed(row: Row, change: FlagChange): Changing | null {
  const { uid, flags: before, keywords } = row
  if (change.flags.keywords.length === 0 && (change.mode !== 'replace' || keywords === null)) {
    const { bits } = change.flags
    const next = change.mode === 'add' ? before | bits : change.mode === 'remove' ? before & ~bits : bits
    return next === before ? null : { uid, before, bits: next, keywords }
  }
  const now = flagsOfDocument(before, keywords)
  const next = changeFlags(now, change)
  return sameFlags(now, next) ? null : { uid, before, bits: next.bits, keywords: keywordsText(next.keywords) }
}

function updateFlags(step: Step, mailbox: number, changing: readonly Changing[], modseq: number): void {
  for (const same of Map.groupBy(changing, ({ bits, keywords }) => `${bits}\n${keywords ?? ''}`).values()) {
    const { bits, keywords } = same[0]!
    for (let at = 0; at < same.length; at += maxListed) {
      const uids = Uint32Array.from(same.slice(at, at + maxListed), ({ uid }) => uid)
      step.update('messages', { mailbox, ...uidCondition(uids) }, { $set: { modseq, flags: bits, keywords } }, true)
    }
  }
}

function count(draft: AccountDocument, mailboxNo: number, changing: readonly Changing[], modseq: number): void {
  const mailbox = knownMailbox(draft, mailboxNo)
  let { unseen, deleted } = mailbox
  for (const { before, bits } of changing) {
    unseen += ((before & seenBit) === 0 ? -1 : 0) + ((bits & seenBit) === 0 ? 1 : 0)
    deleted += ((before & deletedBit) === 0 ? 0 : -1) + ((bits & deletedBit) === 0 ? 0 : 1)
  }
  draft.mailboxes[mailboxNo] = { ...mailbox, highestModseq: modseq, unseen, deleted }
}
