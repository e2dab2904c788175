/**
 * Randomness of the operating system (port `Random`).
 *
 * `id` is a ULID in lower case: 10 characters of milliseconds, 16 of randomness, Crockford base 32. Ids of one instance
 * strictly grow as text, also within a millisecond and when the clock steps backwards.
 */
import { randomFillSync } from 'node:crypto'
import type { Random } from '../../core/ports/world.ts'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const latestMs = 2 ** 48 - 1
/** 80 random bits are kept as two halves of 40, which a double holds exactly. */
const half = 2 ** 40
/** One call to the operating system serves many ids. */
const poolBytes = 2000

export function createSystemRandom(): Random {
  const pool = Buffer.alloc(poolBytes)
  let used = poolBytes
  let lastMs = -1
  let high = 0
  let low = 0

  const draw = (): void => {
    if (used + 10 > poolBytes) {
      randomFillSync(pool)
      used = 0
    }
    // The top bit stays free, so that counting up within a millisecond never overflows in practice.
    high = pool.readUIntBE(used, 5) % (half / 2)
    low = pool.readUIntBE(used + 5, 5)
    used += 10
  }

  return {
    bytes(length) {
      return randomFillSync(new Uint8Array(length))
    },
    id(nowMs) {
      const ms = Math.min(Math.max(Math.trunc(nowMs), 0), latestMs)
      if (ms > lastMs) {
        lastMs = ms
        draw()
      } else if (++low === half) {
        low = 0
        high++
      }
      return base32(lastMs, 10) + base32(high, 8) + base32(low, 8)
    },
  }
}

function base32(value: number, length: number): string {
  let text = ''
  for (let left = value; text.length < length; left = Math.floor(left / 32)) text = alphabet[left % 32] + text
  return text
}
