/**
 * Notes that an account was used: signing in by any protocol, sending, receiving by the two readings of D-8 (Điều 5.4, 6.2a). The
 * terms count days, so one note an account, kind and day in Vietnam is enough: what was noted today is remembered, and the
 * rest gathers for a moment and is written together. Nobody who signs in, sends or delivers waits for it; a process that is killed
 * loses what gathered, a few seconds of use.
 */
import { entriesOf, put } from '../administration/entries.ts'
import { isMailError } from '../errors.ts'
import type { AccountId } from '../mailbox/mailbox.ts'
import type { Store } from '../ports/store.ts'
import type { Clock } from '../ports/world.ts'
import { receivedCounts, type ReceivedMessage } from './lifecycle/activity.ts'
import { dayOfInstant, type Day } from './lifecycle/civil-day.ts'
import { untilCommitted } from './lifecycle-change.ts'
import { adoptedLifecycle, lifecycleKind, type LifecycleRecord } from './lifecycle-record.ts'

export interface ActivityKeeper extends AsyncDisposable {
  signedIn(account: AccountId): void
  sent(account: AccountId): void
  received(account: AccountId, message: ReceivedMessage): void
  /** Resolves when all that was noted before is written; rejects when the store could not take it. */
  flush(): Promise<void>
}

export interface ActivityPorts {
  readonly store: Pick<Store, 'registry' | 'accounts'>
  readonly clock: Clock
  /** Gets what the store throws beside its refusals, which is a bug. */
  readonly onError: (error: unknown) => void
}

export interface ActivityLimits {
  readonly gatherMs: number
  /** Accounts that are remembered as noted today; one that is forgotten is noted once more. */
  readonly maxRemembered: number
  /** Accounts whose notes wait; beyond it (a store that is away for long) further accounts are noted later. */
  readonly maxWaiting: number
  readonly maxBatch: number
}

const defaultLimits: ActivityLimits = { gatherMs: 30_000, maxRemembered: 100_000, maxWaiting: 200_000, maxBatch: 500 }

type Use = 'signIn' | 'sent' | 'filtered' | 'literal'
type Noted = Partial<Record<Use, number>>

/** Nothing is noted; for parts that are tested alone. */
export const noActivity: Pick<ActivityKeeper, 'signedIn' | 'sent' | 'received'> = { signedIn: () => undefined, sent: () => undefined, received: () => undefined }

export function createActivityKeeper({ store, clock, onError }: ActivityPorts, limits: ActivityLimits = defaultLimits): ActivityKeeper {
  const disposed = new AbortController()
  let waiting = new Map<AccountId, Noted>()
  /** What was noted today, in the order of its first note. */
  const remembered = new Map<AccountId, Set<Use>>()
  let rememberedDay: Day | null = null
  let gathering = false
  let writing: Promise<void> = Promise.resolve()

  const isNew = (account: AccountId, use: Use, day: Day): boolean => {
    if (day !== rememberedDay) {
      remembered.clear()
      rememberedDay = day
    }
    const known = remembered.get(account)
    if (known?.has(use) === true) return false
    if (known !== undefined) known.add(use)
    else {
      if (remembered.size >= limits.maxRemembered) for (const oldest of remembered.keys()) if (remembered.delete(oldest)) break
      remembered.set(account, new Set([use]))
    }
    return true
  }

  const note = (account: AccountId, use: Use): void => {
    const nowMs = clock.nowMs()
    if (!waiting.has(account) && waiting.size >= limits.maxWaiting) return
    if (!isNew(account, use, dayOfInstant(nowMs))) return
    waiting.set(account, { ...waiting.get(account), [use]: nowMs })
    if (!gathering && !disposed.signal.aborted) void gather()
  }

  /** Newer notes of the same account stay. */
  const putBack = (notes: ReadonlyMap<AccountId, Noted>): void => {
    for (const [account, noted] of notes) waiting.set(account, { ...noted, ...waiting.get(account) })
  }

  const write = async (): Promise<void> => {
    const all = [...waiting]
    waiting = new Map()
    for (let at = 0; at < all.length; at += limits.maxBatch) {
      const batch = all.slice(at, at + limits.maxBatch)
      try {
        await writeNotes(store, clock.nowMs(), new Map(batch))
      } catch (error) {
        putBack(new Map(all.slice(at)))
        throw error
      }
    }
  }

  const flush = (): Promise<void> => {
    const next = writing.then(write)
    writing = next.catch(() => undefined)
    return next
  }

  const gather = async (): Promise<void> => {
    gathering = true
    while (waiting.size > 0 && (await clock.sleep(limits.gatherMs, disposed.signal))) {
      await flush().catch((error: unknown) => {
        // The store is away: it is tried again with the next ones.
        if (!isMailError(error)) onError(error)
      })
    }
    gathering = false
  }

  return {
    signedIn: (account) => note(account, 'signIn'),
    sent: (account) => note(account, 'sent'),
    received(account, message) {
      const counts = receivedCounts(message)
      if (counts.filtered) note(account, 'filtered')
      if (counts.literal) note(account, 'literal')
    },
    flush,
    async [Symbol.asyncDispose]() {
      disposed.abort()
      await flush().catch((error: unknown) => {
        if (!isMailError(error)) onError(error)
      })
    },
  }
}

async function writeNotes({ registry, accounts }: ActivityPorts['store'], nowMs: number, notes: ReadonlyMap<AccountId, Noted>): Promise<void> {
  await untilCommitted(async () => {
    const kept = new Map((await entriesOf(registry, lifecycleKind, [...notes.keys()])).map((one) => [one.id, one]))
    const entries = []
    for (const [account, noted] of notes) {
      const found = kept.get(account)
      if (found !== undefined) entries.push(put(lifecycleKind, account, used(found.value, noted), found.version))
      else {
        const known = await accounts.get(account)
        if (known !== null) entries.push(put(lifecycleKind, account, used(adoptedLifecycle(known, nowMs), noted), 0))
      }
    }
    if (entries.length > 0) await registry.commit({ entries })
  })
}

const later = (before: number | null, now: number | undefined): number | null => (now === undefined ? before : Math.max(before ?? 0, now))

function used(record: LifecycleRecord, { signIn, sent, filtered, literal }: Noted): LifecycleRecord {
  const { lastSignInAtMs, lastSentAtMs, lastReceivedAtMs } = record
  return {
    ...record,
    lastSignInAtMs: later(lastSignInAtMs, signIn),
    lastSentAtMs: later(lastSentAtMs, sent),
    lastReceivedAtMs: { filtered: later(lastReceivedAtMs.filtered, filtered), literal: later(lastReceivedAtMs.literal, literal) },
  }
}
