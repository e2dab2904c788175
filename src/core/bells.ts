/**
 * Who listens in this process, and what they have heard (port `Bus`, design §5.4): the half that every bus shares.
 *
 * Bells of one account that ring before its listeners ran are one bell, with the highest modseq. Listeners run in a
 * microtask after the ringing code, never inside it; one that throws does not keep the others from hearing.
 */
import type { Bell } from './change.ts'
import type { AccountId } from './mailbox/mailbox.ts'

export type BellListener = (bell: Bell) => void

export interface BellEvents {
  /** Gets what a listener throws, which is a bug of that listener. */
  readonly onError: (error: unknown) => void
}

/** Told when an account gets its first listener and loses its last one. */
export interface ListeningWatcher {
  readonly began: (account: AccountId) => void
  readonly ended: (account: AccountId) => void
}

export interface Bells {
  tell(bell: Bell): void
  /** Returns the unsubscription. A listener that is registered twice is two listeners. */
  listen(account: AccountId, listener: BellListener): () => void
  /** Accounts that somebody listens for. */
  accounts(): readonly AccountId[]
  isListened(account: AccountId): boolean
  /** Whether a listener of the account has been told of this modseq or a later one. */
  hasHeard(bell: Bell): boolean
  watch(watcher: ListeningWatcher): void
}

interface Listened {
  readonly listeners: Set<BellListener>
  heardModseq: number | null
}

export function createBells({ onError }: BellEvents): Bells {
  const accounts = new Map<AccountId, Listened>()
  const pending = new Map<AccountId, Bell>()
  const watchers: ListeningWatcher[] = []
  let scheduled = false

  const call = (listener: BellListener, bell: Bell): void => {
    try {
      listener(bell)
    } catch (error) {
      onError(error)
    }
  }

  const tellPending = (): void => {
    scheduled = false
    const bells = [...pending.values()]
    pending.clear()
    for (const bell of bells) {
      const listened = accounts.get(bell.account)
      if (listened === undefined) continue
      listened.heardModseq = Math.max(listened.heardModseq ?? 0, bell.modseq)
      for (const listener of listened.listeners) call(listener, bell)
    }
  }

  return {
    tell(bell) {
      if (!accounts.has(bell.account)) return
      const earlier = pending.get(bell.account)
      if (earlier === undefined || earlier.modseq < bell.modseq) pending.set(bell.account, bell)
      if (scheduled) return
      scheduled = true
      queueMicrotask(tellPending)
    },
    listen(account, listener) {
      const own: BellListener = (bell) => listener(bell)
      const known = accounts.get(account)
      const listened = known ?? { listeners: new Set<BellListener>(), heardModseq: null }
      listened.listeners.add(own)
      accounts.set(account, listened)
      if (known === undefined) for (const watcher of watchers) watcher.began(account)
      return () => {
        if (!listened.listeners.delete(own) || listened.listeners.size > 0 || accounts.get(account) !== listened) return
        accounts.delete(account)
        for (const watcher of watchers) watcher.ended(account)
      }
    },
    accounts: () => [...accounts.keys()],
    isListened: (account) => accounts.has(account),
    hasHeard({ account, modseq }) {
      const heard = accounts.get(account)?.heardModseq ?? null
      return heard !== null && heard >= modseq
    },
    watch(watcher) {
      watchers.push(watcher)
    },
  }
}
