/**
 * A slice of messages on its way from a reader thread: numbers, flag sets and one run of bytes, whose buffers change hands
 * instead of being copied. On the main side each message's prefix, forms and text are views into that run.
 */
import type { Flags } from '../../core/mailbox/flags.ts'
import type { StoredMessage } from '../../core/mailbox/mailbox.ts'
import { FlagSets } from './flag-sets.ts'
import { id, keyNo } from './ids.ts'
import type { MessageRow, Slice } from './read/messages.ts'
import { flagsOfRow } from './rows.ts'

export interface PackedSlice {
  readonly nextUid: number | null
  /** {@link packedFields} a message: key, mailbox, uid, modseq, created modseq, flag set, received, sent (NaN: none), size, thread. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** Three a message: where its prefix, forms and text end in `bytes`; each begins where the one before ends. */
  readonly ends: Uint32Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly bodies: readonly string[]
  readonly flagSets: readonly Flags[]
  readonly forms: boolean
  readonly text: boolean
}

export const packedFields = 10

export function packSlice(slice: Slice, want: { readonly forms: boolean; readonly text: boolean }): PackedSlice {
  const { rows } = slice
  const numbers = new Float64Array(rows.length * packedFields)
  const ends = new Uint32Array(rows.length * 3)
  const flagSets = new FlagSets()
  let size = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const at = i * packedFields
    numbers[at] = row[0]
    numbers[at + 1] = row[1]
    numbers[at + 2] = row[2]
    numbers[at + 3] = row[3]
    numbers[at + 4] = row[4]
    numbers[at + 5] = flagSets.index(row[5], row[6])
    numbers[at + 6] = row[7]
    numbers[at + 7] = row[8] ?? NaN
    numbers[at + 8] = row[9]
    numbers[at + 9] = row[10]
    ends[i * 3] = size += row[12].byteLength
    ends[i * 3 + 1] = size += row[13]?.byteLength ?? 0
    ends[i * 3 + 2] = size += row[14]?.byteLength ?? 0
  }
  const bytes = new Uint8Array(size)
  let end = 0
  for (const row of rows) {
    bytes.set(row[12], end)
    end += row[12].byteLength
    if (row[13] !== null) {
      bytes.set(row[13], end)
      end += row[13].byteLength
    }
    if (row[14] !== null) {
      bytes.set(row[14], end)
      end += row[14].byteLength
    }
  }
  return { nextUid: slice.nextUid, numbers, ends, bytes, bodies: rows.map((row) => row[11]), flagSets: flagSets.sets, forms: want.forms, text: want.text }
}

/** What must be handed over with the slice. */
export function buffersOf(slice: PackedSlice): ArrayBuffer[] {
  return [slice.numbers.buffer, slice.ends.buffer, slice.bytes.buffer]
}

export function unpackSlice(slice: PackedSlice): StoredMessage[] {
  const { numbers, ends, bytes } = slice
  const messages: StoredMessage[] = []
  let start = 0
  for (let i = 0; i < slice.bodies.length; i++) {
    const at = i * packedFields
    const prefixEnd = ends[i * 3]!
    const formsEnd = ends[i * 3 + 1]!
    const textEnd = ends[i * 3 + 2]!
    const sentAt = numbers[at + 7]!
    messages.push({
      id: id('message', keyNo(numbers[at]!)),
      mailbox: id('mailbox', keyNo(numbers[at + 1]!)),
      uid: numbers[at + 2]!,
      modseq: numbers[at + 3]!,
      createdModseq: numbers[at + 4]!,
      threadId: id('thread', numbers[at + 9]!),
      flags: slice.flagSets[numbers[at + 5]!]!,
      receivedAtMs: numbers[at + 6]!,
      sentAtMs: Number.isNaN(sentAt) ? null : sentAt,
      sizeBytes: numbers[at + 8]!,
      prefix: bytes.subarray(start, prefixEnd),
      body: slice.bodies[i]!,
      forms: slice.forms ? bytes.subarray(prefixEnd, formsEnd) : null,
      text: slice.text ? bytes.subarray(formsEnd, textEnd) : null,
    })
    start = textEnd
  }
  return messages
}

/** The same from a row, for small reads on the main thread. */
export function storedMessageOf(row: MessageRow): StoredMessage {
  return {
    id: id('message', keyNo(row[0])),
    mailbox: id('mailbox', keyNo(row[1])),
    uid: row[2],
    modseq: row[3],
    createdModseq: row[4],
    threadId: id('thread', row[10]),
    flags: flagsOfRow(row[5], row[6]),
    receivedAtMs: row[7],
    sentAtMs: row[8],
    sizeBytes: row[9],
    prefix: row[12],
    body: row[11],
    forms: row[13],
    text: row[14],
  }
}
