/** The machine's clock (port `Clock`). */
import type { Clock } from '../../core/ports/world.ts'

/** setTimeout counts in a signed 32-bit number; a longer sleep is slept in pieces. */
const longestTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  async sleep(ms, signal) {
    for (let left = ms; ; left -= longestTimerMs) {
      const whole = await oneTimer(Math.min(Math.max(left, 0), longestTimerMs), signal)
      if (!whole || left <= longestTimerMs) return whole
    }
  },
}

function oneTimer(ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const stop = (): void => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve(true)
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
