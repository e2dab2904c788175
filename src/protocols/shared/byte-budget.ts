/**
 * How many bytes the sessions of one server may hold of what clients send them. Charged as bytes arrive, so that a client
 * which only announces much holds nothing; exhausted, it refuses instead of waiting, so nobody can hold others up.
 */

export interface ByteBudget {
  /** False, and nothing taken, when so many are not free. */
  take(bytes: number): boolean
  give(bytes: number): void
  readonly free: number
}

export function createByteBudget(totalBytes: number): ByteBudget {
  let taken = 0
  return {
    take(bytes) {
      if (taken + bytes > totalBytes) return false
      taken += bytes
      return true
    },
    give(bytes) {
      taken = Math.max(0, taken - bytes)
    },
    get free() {
      return totalBytes - taken
    },
  }
}
