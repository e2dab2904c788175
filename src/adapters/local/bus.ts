/**
 * The bell within one process (port `Bus`, design §5.4).
 *
 * Bells of one account that ring before its listeners ran are one bell, with the highest modseq. Listeners run in a
 * microtask after the ringing code, never inside it; one that throws does not keep the others from hearing.
 */
import type { Bell } from '../../core/change.ts'
import type { AccountId } from '../../core/mailbox/mailbox.ts'
import type { Bus } from '../../core/ports/world.ts'

type Listener = (bell: Bell) => void

/** `onError` gets what a listener throws, which is a bug of that listener. */
export function createLocalBus(options: { readonly onError: (error: unknown) => void }): Bus {
  const listeners = new Map<AccountId, Set<Listener>>()
  const pending = new Map<AccountId, Bell>()
  let scheduled = false

  const tell = (): void => {
    scheduled = false
    const bells = [...pending.values()]
    pending.clear()
    for (const bell of bells) {
      for (const listener of listeners.get(bell.account) ?? []) {
        try {
          listener(bell)
        } catch (error) {
          options.onError(error)
        }
      }
    }
  }

  return {
    ring(bell) {
      if (!listeners.has(bell.account)) return
      const earlier = pending.get(bell.account)
      if (earlier === undefined || earlier.modseq < bell.modseq) pending.set(bell.account, bell)
      if (scheduled) return
      scheduled = true
      queueMicrotask(tell)
    },
    listen(account, listener) {
      // A listener that is registered twice is two listeners.
      const own: Listener = (bell) => listener(bell)
      const ofAccount = listeners.get(account) ?? new Set<Listener>()
      listeners.set(account, ofAccount.add(own))
      return () => {
        ofAccount.delete(own)
        if (ofAccount.size === 0 && listeners.get(account) === ofAccount) listeners.delete(account)
      }
    },
  }
}
