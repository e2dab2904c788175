/** What is thrown away in its time, so that deleting is complete (design §5.3) and nothing grows without end. */
import type { Blobs } from '../ports/blobs.ts'
import type { Store } from '../ports/store.ts'
import type { Clock } from '../ports/world.ts'

export interface Housekeeping {
  /** Bodies that nobody names any more. */
  sweepBodies(): Promise<{ readonly removed: number; readonly freedBytes: number }>
  /** Facts and idempotency keys of deliveries (Điều 7.2: three months). */
  forgetDeliveries(): Promise<number>
  /** Settled outgoing rows. */
  forgetOutbox(): Promise<number>
  /** Tombstones of expunged messages. */
  pruneTombstones(): Promise<number>
}

const dayMs = 24 * 3_600_000
/** A body is put before the commit that names it; no commit takes a day. */
const safeBodyAgeMs = dayMs
/** Three calendar months are never longer than 92 days; one more for the zone. */
const factsKeptMs = 93 * dayMs
const tombstonesKeptMs = 30 * dayMs
const tombstonesKeptAMailbox = 100_000

export function createHousekeeping({ store, blobs, clock }: { readonly store: Store; readonly blobs: Blobs; readonly clock: Clock }): Housekeeping {
  return {
    sweepBodies: () => blobs.sweep({ putBeforeMs: clock.nowMs() - safeBodyAgeMs, inUse: (ids) => store.bodiesInUse(ids) }),
    forgetDeliveries: () => store.deliveries.forget(clock.nowMs() - factsKeptMs),
    forgetOutbox: () => store.outbox.forget(clock.nowMs() - factsKeptMs),
    pruneTombstones: () => store.changes.prune(clock.nowMs() - tombstonesKeptMs, tombstonesKeptAMailbox),
  }
}
