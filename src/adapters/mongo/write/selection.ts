/** Which messages of a mailbox a write is about, as they are when its transaction begins. */
import type { Document } from 'mongodb'
import { deletedBit, systemFlags } from '../../../core/mailbox/flags.ts'
import type { Uids } from '../../../core/mailbox/mailbox.ts'
import { Tally } from './account-state.ts'
import type { Step } from './step.ts'

/** Condition on `uid`, or none: a range when the UIDs are neighbours, else the list. */
export function uidCondition(uids: Uids): Document {
  if (uids === 'all') return {}
  const [first, last] = [uids[0], uids.at(-1)]
  if (first === undefined || last === undefined) return { uid: { $in: [] } }
  return { uid: last - first + 1 === uids.length ? { $gte: first, $lte: last } : { $in: Array.from(uids) } }
}

/** Every value of the system flags that has \Deleted: an index can be asked for values, not for bits. */
const deletedFlags = Array.from({ length: 1 + Object.values(systemFlags).reduce((sum, bit) => sum + bit, 0) }, (_, flags) => flags).filter(
  (flags) => (flags & deletedBit) !== 0,
)

export interface Leaving {
  readonly uids: readonly number[]
  readonly keys: readonly number[]
  readonly tally: Tally
}

/** Those of `uids` that exist, ascending, with the sums of what they count; only the \Deleted ones when `onlyDeleted`. */
export async function selectLeaving(step: Step, mailbox: number, uids: Uids, onlyDeleted = false): Promise<Leaving> {
  const tally = new Tally()
  if (uids !== 'all' && uids.length === 0) return { uids: [], keys: [], tally }
  const rows = await step.find<{ _id: number; uid: number; flags: number; sizeBytes: number }>('messages', {
    filter: { mailbox, ...uidCondition(uids), ...(onlyDeleted && { flags: { $in: deletedFlags } }) },
    projection: { uid: 1, flags: 1, sizeBytes: 1 },
    sort: { uid: 1 },
  })
  for (const { flags, sizeBytes } of rows) tally.add(flags, sizeBytes)
  return { uids: rows.map(({ uid }) => uid), keys: rows.map(({ _id }) => _id), tally }
}
