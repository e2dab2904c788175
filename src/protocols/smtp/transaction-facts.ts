/**
 * Facts of transactions whose body is still on its way (design §2, "Facts travel beside the body"). They come on the link and
 * are fetched by LMTP under the transaction's id, in either order.
 *
 * Bounded: facts that nobody fetches are forgotten after `keepMs`, and the oldest when there are too many. They stay after
 * they were fetched, because a hand-over whose replies were lost is made again under the same id.
 */
import type { TransactionFacts, TransactionId } from './link-types.ts'

export interface FactsStore extends Disposable {
  put(facts: TransactionFacts): void
  /** Null when nothing comes within `timeoutMs`. */
  take(transaction: TransactionId, timeoutMs: number): Promise<TransactionFacts | null>
  readonly size: number
}

export interface FactsStoreOptions {
  readonly keepMs?: number
  readonly maxTransactions?: number
}

interface Waiter {
  readonly resolve: (facts: TransactionFacts | null) => void
  readonly timer: NodeJS.Timeout
}

export function createFactsStore({ keepMs = 15 * 60_000, maxTransactions = 10_000 }: FactsStoreOptions = {}): FactsStore {
  // Insertion order is age, so forgetting looks at the front only.
  const known = new Map<TransactionId, { readonly facts: TransactionFacts; readonly untilMs: number }>()
  const waiting = new Map<TransactionId, Waiter[]>()

  const forgetOld = (nowMs: number): void => {
    for (const [transaction, { untilMs }] of known) {
      if (known.size <= maxTransactions && untilMs > nowMs) return
      known.delete(transaction)
    }
  }
  const endWait = (transaction: TransactionId, waiter: Waiter): void => {
    const left = (waiting.get(transaction) ?? []).filter((one) => one !== waiter)
    if (left.length === 0) waiting.delete(transaction)
    else waiting.set(transaction, left)
    clearTimeout(waiter.timer)
  }

  return {
    get size() {
      return known.size
    },
    put(facts) {
      const nowMs = performance.now()
      known.set(facts.transaction, { facts, untilMs: nowMs + keepMs })
      forgetOld(nowMs)
      for (const waiter of waiting.get(facts.transaction) ?? []) {
        endWait(facts.transaction, waiter)
        waiter.resolve(facts)
      }
    },
    take(transaction, timeoutMs) {
      const found = known.get(transaction)
      if (found !== undefined) return Promise.resolve(found.facts)
      return new Promise((resolve) => {
        const waiter: Waiter = {
          resolve,
          timer: setTimeout(() => {
            endWait(transaction, waiter)
            resolve(null)
          }, timeoutMs),
        }
        waiting.set(transaction, [...(waiting.get(transaction) ?? []), waiter])
      })
    },
    [Symbol.dispose]() {
      for (const [transaction, waiters] of waiting) {
        for (const waiter of waiters) {
          endWait(transaction, waiter)
          waiter.resolve(null)
        }
      }
      known.clear()
    },
  }
}
