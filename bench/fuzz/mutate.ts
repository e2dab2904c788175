/** Damage to valid input: what flips bits, cuts lines and sews two messages together does to a parser's idea of the world. */
import type { Rng } from './rng.ts'

export interface Damage {
  /** Valid inputs to start from, and to cut pieces out of. */
  readonly seeds: readonly Buffer[]
  /** Pieces that mean something to the parser, to be put anywhere. */
  readonly tokens: readonly Buffer[]
  readonly maxBytes: number
}

const maxEdits = 8
/** One input in so many is made large by repetition. */
const largeOneIn = 200
const usualBytes = 8 * 1024

export function damaged(rng: Rng, { seeds, tokens, maxBytes }: Damage, from: Buffer = rng.pick(seeds)): Buffer {
  let bytes = from
  const large = rng.once(largeOneIn)
  const limit = large ? maxBytes : Math.min(maxBytes, usualBytes)
  for (let edits = 1 + rng.below(maxEdits); edits > 0; edits--) bytes = edited(rng, bytes, { seeds, tokens, maxBytes: limit })
  if (large) bytes = repeated(rng, bytes, limit)
  return bytes.length > limit ? bytes.subarray(0, limit) : bytes
}

function edited(rng: Rng, bytes: Buffer, { seeds, tokens, maxBytes }: Damage): Buffer {
  const at = rng.below(bytes.length + 1)
  const head = bytes.subarray(0, at)
  const size = 1 + rng.below(rng.once(4) ? 400 : 12)
  switch (rng.below(9)) {
    case 0:
      return Buffer.concat([head, rng.pick(tokens), bytes.subarray(at)])
    case 1:
      return Buffer.concat([head, bytes.subarray(at + size)])
    case 2: {
      const token = rng.pick(tokens)
      return Buffer.concat([head, token, bytes.subarray(at + token.length)])
    }
    case 3: // Said twice.
      return Buffer.concat([head, bytes.subarray(Math.max(0, at - size * 5), at), bytes.subarray(at)])
    case 4: {
      const copy = Buffer.from(bytes)
      if (copy.length > 0) copy[rng.below(copy.length)]! ^= 1 << rng.below(8)
      return copy
    }
    case 5: // Cut off.
      return rng.once(3) ? head : bytes
    case 6: {
      const other = rng.pick(seeds)
      const start = rng.below(other.length + 1)
      return Buffer.concat([head, other.subarray(start, start + size * 10), bytes.subarray(at)])
    }
    case 7:
      return Buffer.concat([head, rng.bytes(Math.min(size, 16)), bytes.subarray(at)])
    default:
      return rng.once(6) ? repeated(rng, bytes, Math.min(maxBytes, usualBytes)) : bytes
  }
}

/** A piece many times over: depth, length and number are what limits are for. */
function repeated(rng: Rng, bytes: Buffer, maxBytes: number): Buffer {
  const at = rng.below(bytes.length + 1)
  const piece = bytes.subarray(at, at + 1 + rng.below(60))
  const room = maxBytes - bytes.length
  if (piece.length === 0 || room <= piece.length) return bytes
  const times = 1 + rng.below(Math.floor(room / piece.length))
  return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(times * piece.length, piece), bytes.subarray(at)])
}

/** In pieces as a network might bring them; the same bytes. */
export function chopped(rng: Rng, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  const largest = rng.pick([1, 2, 7, 100, 5000])
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + rng.below(largest)
    pieces.push(bytes.subarray(at, end))
    at = end
  }
  return pieces
}

export const latin1 = (texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'))
