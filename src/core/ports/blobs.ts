/**
 * Message bodies (design §5.6): written once, read by range, removed by a sweep.
 *
 *  B1  `put` resolves when the bytes are durable; what it returned before a crash can be read after it.
 *  B2  `read` gives exactly the bytes that were put, or throws: damaged bytes are never returned.
 *  B3  A blob lives until a sweep finds it older than the safe age and in nobody's use; a sweep never removes a younger one.
 *  B4  Different bytes get different ids; the same bytes, put again, may get the same id.
 */
import type { BlobId } from '../mailbox/mailbox.ts'

export interface Blobs extends AsyncDisposable {
  /** Refuses `storage-full`, `unavailable`. Calls that come together share one sync. */
  put(bytes: Uint8Array): Promise<BlobId>
  /** All of it, or the half-open range, cut at the end of the body. Refuses `message-unknown` when there is no such blob, `unavailable`. */
  read(id: BlobId, range?: { readonly start: number; readonly end: number }): Promise<Uint8Array>
  /** Many whole bodies, in order, with few system calls; for FETCH of many messages. */
  readMany(ids: readonly BlobId[]): AsyncIterable<Uint8Array>
  /** Resolves when there is room for more than a message or two; rejects with `storage-full` or `unavailable`. */
  ready(): Promise<void>
  /** `inUse` is asked in batches. Returns what was freed. */
  sweep(options: {
    readonly putBeforeMs: number
    readonly inUse: (ids: readonly BlobId[]) => Promise<ReadonlySet<BlobId>>
  }): Promise<{ readonly removed: number; readonly freedBytes: number }>
}
