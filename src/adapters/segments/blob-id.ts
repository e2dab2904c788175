/**
 * Blob ids of the segment store: `ssssssss-oooooooooo`, segment number and offset of the record in the segment's first
 * file, in lower-case hex of fixed width. So ids grow as text in the order of the records (promise B4 of core/ports/blobs),
 * and an id stays valid when a compaction moves its record.
 */
import type { BlobId } from '../../core/mailbox/mailbox.ts'

export interface BlobPlace {
  readonly segment: number
  /** Of the record's header, in bytes, in the file that it was first written to. */
  readonly offset: number
}

const form = /^([0-9a-f]{8})-([0-9a-f]{10})$/

export function blobId(place: BlobPlace): BlobId {
  return `${place.segment.toString(16).padStart(8, '0')}-${place.offset.toString(16).padStart(10, '0')}`
}

/** Null for a text that no segment store ever gave out. */
export function blobPlace(id: BlobId): BlobPlace | null {
  const found = form.exec(id)
  if (found === null) return null
  return { segment: Number.parseInt(found[1]!, 16), offset: Number.parseInt(found[2]!, 16) }
}
