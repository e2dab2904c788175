/**
 * What a contract test needs of a store: a fresh, empty place that can be opened, closed and opened again. Nothing here or
 * in test/contract knows which adapter it is, except contract/stores.ts, which lists them.
 */
import type { Blobs } from '../../src/core/ports/blobs.ts'
import type { Store } from '../../src/core/ports/store.ts'

/** A clock that a test turns. It begins at 2026-11-02 08:00 in Việt Nam. */
export class TurnedClock {
  #nowMs = Date.UTC(2026, 10, 2, 1)

  nowMs(): number {
    return this.#nowMs
  }

  turn(ms: number): void {
    this.#nowMs += ms
  }
}

export interface OpenStore extends AsyncDisposable {
  readonly store: Store
  readonly blobs: Blobs
}

export interface StorePlace {
  readonly clock: TurnedClock
  /** One opening at a time. */
  open(): Promise<OpenStore>
  /** Everything that was kept there goes. */
  remove(): Promise<void>
}

export type MakePlace = () => Promise<StorePlace>
