/** Locks of one process that is alone on its store (port `Locks`): what is held ends with the process. */
import type { Lock, Locks } from '../../core/ports/nodes.ts'
import type { Clock } from '../../core/ports/world.ts'

interface Taken {
  readonly token: number
  /** Null while it is held. */
  rest: { readonly sinceMs: number; readonly ms: number } | null
}

const never = new AbortController().signal

export function createLocalLocks(clock: Clock): Locks {
  const taken = new Map<string, Taken>()
  let lastToken = 0

  return {
    async take(name) {
      const now = taken.get(name)
      if (now !== undefined && (now.rest === null || isResting(now.rest, clock.nowMs()))) return null
      // Grows over restarts too, as long as the clock does.
      lastToken = Math.max(lastToken + 1, clock.nowMs())
      const own: Taken = { token: lastToken, rest: null }
      taken.set(name, own)
      const lock: Lock = {
        token: own.token,
        lost: never,
        async release(restMs = 0) {
          if (taken.get(name) !== own || own.rest !== null) return
          if (restMs > 0) own.rest = { sinceMs: clock.nowMs(), ms: restMs }
          else taken.delete(name)
        },
      }
      return lock
    },
  }
}

/** Not when the clock was set back behind its begin. */
function isResting({ sinceMs, ms }: { readonly sinceMs: number; readonly ms: number }, nowMs: number): boolean {
  return nowMs >= sinceMs && nowMs < sinceMs + ms
}
