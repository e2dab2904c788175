/**
 * Password hashes by argon2id, RFC 9106 (port `Passwords`, design §5.16). The parameters are OWASP's second choice for
 * argon2id: 19 MiB, two passes, one lane.
 *
 * At most two hashes run at once: each takes a core and 19 MiB for some 30 ms, and argon2 works on the thread pool that
 * file access needs too.
 */
import argon2 from 'argon2'
import type { Passwords } from '../../core/ports/world.ts'

export interface Argon2Settings {
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
  readonly maxConcurrent: number
}

export const defaultArgon2Settings: Argon2Settings = { memoryKiB: 19_456, passes: 2, lanes: 1, maxConcurrent: 2 }

const leastMemoryKiB = 64

export function createArgon2Passwords(settings: Argon2Settings = defaultArgon2Settings): Passwords {
  const inTurn = turns(settings.maxConcurrent)
  return {
    hash: (password) =>
      inTurn(() =>
        argon2.hash(password, {
          type: argon2.argon2id,
          memoryCost: settings.memoryKiB,
          timeCost: settings.passes,
          parallelism: settings.lanes,
        }),
      ),
    // Of 80 random bits no guesser has a use, however fast: the least that argon2 takes is enough.
    hashRandom: (password) => inTurn(() => argon2.hash(password, { type: argon2.argon2id, memoryCost: leastMemoryKiB, timeCost: 2, parallelism: 1 })),
    verify: (hash, password) => inTurn(() => argon2.verify(hash, password)),
  }
}

/** Runs at most `atOnce` works together, the others in the order in which they came. */
function turns(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    // One that ends hands its place to the first that waits, so `running` only falls when nobody does.
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
