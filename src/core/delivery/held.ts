/**
 * Messages to very many accounts (design §2): one durable row first, then filed in slices, each account exactly once. Slices
 * are driven at once by the process that took the message; what a crash left over, the sweeper completes.
 */
import type { Bus } from '../ports/world.ts'
import type { HeldSlice, Store } from '../ports/store.ts'
import type { ReturnToSender } from '../submission/return-to-sender.ts'
import { readKeptFacts } from './delivery-facts.ts'
import { failureOf } from './failures.ts'

export interface HeldDeliveries extends AsyncDisposable {
  /** Starts filing in the background. What fails is left to `sweep`. */
  start(transaction: string): void
  /** Completes everything that is held and not being filed already. Returns how many deliveries ended. */
  sweep(): Promise<number>
}

interface Parts {
  readonly store: Pick<Store, 'deliveries' | 'accounts'>
  readonly bus: Bus
  readonly returnToSender: ReturnToSender
  readonly sliceRecipients: number
}

export function createHeldDeliveries(parts: Parts): HeldDeliveries {
  const running = new Map<string, Promise<boolean>>()
  let stopped = false

  const file = (transaction: string): Promise<boolean> => {
    const already = running.get(transaction)
    if (already !== undefined) return already
    const filing = fileAll(parts, transaction, () => stopped).finally(() => running.delete(transaction))
    running.set(transaction, filing)
    return filing
  }

  return {
    start(transaction) {
      // The row is durable: a failure here only means that the sweeper does the rest.
      file(transaction).catch(() => false)
    },
    async sweep() {
      let ended = 0
      for (const transaction of await parts.store.deliveries.held()) {
        if (stopped) break
        if (await file(transaction)) ended++
      }
      return ended
    },
    /** Stops after the slices that are being filed; the next start goes on from there. */
    async [Symbol.asyncDispose]() {
      stopped = true
      await Promise.allSettled(running.values())
    },
  }
}

async function fileAll(parts: Parts, transaction: string, isStopped: () => boolean): Promise<boolean> {
  const { store, bus, sliceRecipients } = parts
  while (!isStopped()) {
    const slice = await store.deliveries.fileHeld(transaction, sliceRecipients)
    if (slice === null) return false
    for (const { account, modseq } of slice.filed) bus.ring({ account, modseq })
    if (slice.remaining > 0) continue
    await finish(parts, transaction, slice)
    return true
  }
  return false
}

async function finish({ store, returnToSender }: Parts, transaction: string, slice: HeldSlice): Promise<void> {
  const stored = slice.refused.length === 0 ? null : await store.deliveries.facts(transaction)
  const kept = stored === null ? null : readKeptFacts(stored.facts)
  if (stored === null || kept === null) {
    await store.deliveries.finishHeld(transaction)
    return
  }
  const failed = await Promise.all(
    slice.refused.map(async ({ account, code }) => ({ address: (await store.accounts.get(account))?.address ?? account, host: null, ...failureOf(code) })),
  )
  const sender = kept.mayBounce ? kept.sender : ''
  await returnToSender.held({ transaction, sender, body: kept.body, receivedAtMs: stored.receivedAtMs, failed })
}
