/** Reads of messages: by UID in slices, by id. Each slice is one moment, and one command. */
import type { Document } from 'mongodb'
import type { StoredMessage } from '../../../core/mailbox/mailbox.ts'
import { FlagSets } from '../flag-sets.ts'
import type { ReadSide } from '../read-side.ts'
import { storedMessageOf } from '../translations.ts'
import type { ReadMessage } from '../translations.ts'

export interface Want {
  readonly forms: boolean
  readonly text: boolean
}

/** Slices: fewer messages when they carry more. */
const plainSlice = 2_000
const formsSlice = 1_000
const textSlice = 500
/** From this share of wanted UIDs in a range, reading the range and leaving some out beats naming each. */
const denseShare = 0.85

export function sliceSize(want: Want): number {
  return want.text ? textSlice : want.forms ? formsSlice : plainSlice
}

/** What is not asked for is left out by the server. */
export function projectionOf({ forms, text }: Want): Document {
  return { account: 0, threadKeys: 0, ...(!forms && { forms: 0 }), ...(!text && { text: 0 }) }
}

export interface SliceRequest {
  readonly mailbox: number
  /** Exact UIDs ascending, or all from `fromUid`. */
  readonly uids: Uint32Array | null
  readonly fromUid: number
  readonly want: Want
}

export interface Slice {
  readonly messages: readonly StoredMessage[]
  /** Where to read on: a UID; null at the end. */
  readonly nextUid: number | null
}

/** As `find` takes it; of a dense part of a range it brings some that are not wanted. */
export function sliceFind({ mailbox, uids, fromUid, want }: SliceRequest): { filter: Document; projection: Document; sort: Document; limit?: number } {
  const find = { projection: projectionOf(want), sort: { uid: 1 } }
  if (uids === null) return { ...find, filter: { mailbox, uid: { $gte: fromUid } }, limit: sliceSize(want) }
  const [first, last] = [uids[0]!, uids.at(-1)!]
  const dense = uids.length >= (last - first + 1) * denseShare
  return { ...find, filter: { mailbox, uid: dense ? { $gte: first, $lte: last } : { $in: Array.from(uids) } } }
}

export async function readSlice(reads: ReadSide, request: SliceRequest): Promise<Slice> {
  const size = sliceSize(request.want)
  const start = request.uids === null ? 0 : lowerBound(request.uids, request.fromUid)
  const uids = request.uids === null ? null : request.uids.subarray(start, start + size)
  if (uids?.length === 0) return { messages: [], nextUid: null }
  const found = await reads.find<ReadMessage>('messages', sliceFind({ ...request, uids }))
  const flagSets = new FlagSets()
  if (uids === null) {
    const nextUid = found.length < size ? null : found.at(-1)!.uid + 1
    return { messages: found.map((message) => storedMessageOf(message, flagSets)), nextUid }
  }
  const wanted = found.length === uids.length ? found : found.filter(({ uid }) => uids[lowerBound(uids, uid)] === uid)
  return { messages: wanted.map((message) => storedMessageOf(message, flagSets)), nextUid: request.uids![start + size] ?? null }
}

/** By key, in the order of the keys; those that do not exist are left out. */
export async function readByKeys(reads: ReadSide, keys: readonly number[], want: Want): Promise<StoredMessage[]> {
  if (keys.length === 0) return []
  const found = await reads.find<ReadMessage>('messages', { filter: { _id: { $in: keys } }, projection: projectionOf(want) })
  const flagSets = new FlagSets()
  const byKey = new Map(found.map((message) => [message._id, message]))
  return keys.flatMap((key) => {
    const message = byKey.get(key)
    return message === undefined ? [] : [storedMessageOf(message, flagSets)]
  })
}

/** Index of the first element that is at least `value`. */
export function lowerBound(sorted: Uint32Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
