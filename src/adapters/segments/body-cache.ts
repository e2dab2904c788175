/**
 * Bodies that were read of late, unpacked: a mail client asks for one part of a message after the other, and several clients
 * of an account for the same new one. Bounded in bytes; what was not asked for longest goes first.
 *
 *  - Only bodies of one block are kept, each in memory of its own, which is the readers' too: nobody may change it.
 *  - After `clear` nothing is given out or taken in that was read before it, so that a body that a sweep has removed is gone.
 */
import type { BlobId } from '../../core/mailbox/mailbox.ts'

/** About what an entry takes besides its bytes. */
const entryBytes = 256

export class BodyCache {
  readonly #maxBytes: number
  /** The one that was asked for last is last. */
  readonly #bodies = new Map<BlobId, Uint8Array>()
  #bytes = 0
  #generation = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** To be asked before a body is read, for {@link keep}. */
  get generation(): number {
    return this.#generation
  }

  get(id: BlobId): Uint8Array | null {
    const body = this.#bodies.get(id)
    if (body === undefined) return null
    this.#bodies.delete(id)
    this.#bodies.set(id, body)
    return body
  }

  /** Returns the body in memory of its own. */
  keep(id: BlobId, body: Uint8Array, generation: number): Uint8Array {
    const own = inOwnMemory(body)
    if (generation !== this.#generation || this.#bodies.has(id)) return own
    this.#bodies.set(id, own)
    this.#bytes += own.length + entryBytes
    for (const [oldest, { length }] of this.#bodies) {
      if (this.#bytes <= this.#maxBytes) break
      this.#bodies.delete(oldest)
      this.#bytes -= length + entryBytes
    }
    return own
  }

  clear(): void {
    this.#generation++
    this.#bodies.clear()
    this.#bytes = 0
  }
}

/** A view of a large buffer would keep all of that. */
function inOwnMemory(body: Uint8Array): Uint8Array {
  if (body.buffer.byteLength === body.length) return body
  const own = Buffer.allocUnsafeSlow(body.length)
  own.set(body)
  return own
}
