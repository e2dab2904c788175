/**
 * Reads of messages: by UID in slices, by id. A slice is one consistent moment. What leaves a reader thread is packed into a
 * few arrays that are handed over, not copied (packed-slice.ts).
 */
import type { Connection } from '../connection.ts'

/** Columns of one message, in the order of {@link columns}; forms and text are null when they were not asked for. */
export type MessageRow = [
  key: number,
  mailbox: number,
  uid: number,
  modseq: number,
  createdModseq: number,
  flags: number,
  keywords: string | null,
  receivedAt: number,
  sentAt: number | null,
  size: number,
  thread: number,
  body: string,
  prefix: Uint8Array,
  forms: Uint8Array | null,
  text: Uint8Array | null,
]

export interface Want {
  readonly forms: boolean
  readonly text: boolean
}

const hot =
  'm.key, m.mailbox, m.uid, m.modseq, m.created_modseq, m.flags, m.keywords, m.received_at, m.sent_at, m.size, m.thread, m.body, m.prefix'

/** The three shapes of a read, spelled once so that their statements are prepared once. */
function selectOf(want: Want): string {
  if (!want.forms && !want.text) return `SELECT ${hot}, NULL, NULL FROM message m`
  return `SELECT ${hot}, ${want.forms ? 'f.forms' : 'NULL'}, ${want.text ? 'f.text' : 'NULL'} FROM message m JOIN message_form f ON f.key = m.key`
}

const wants: readonly Want[] = [0, 1, 2, 3].map((bits) => ({ forms: (bits & 1) !== 0, text: (bits & 2) !== 0 }))
const byRange = wants.map((want) => `${selectOf(want)} WHERE m.mailbox = ? AND m.uid BETWEEN ? AND ? ORDER BY m.uid LIMIT ?`)
const byUid = wants.map((want) => `${selectOf(want)} WHERE m.mailbox = ? AND m.uid = ?`)
const byKey = wants.map((want) => `${selectOf(want)} WHERE m.key = ?`)

/** For the check of query plans. */
export const messageReadSql: readonly string[] = [...byRange, ...byUid, ...byKey]

function index(want: Want): number {
  return (want.forms ? 1 : 0) + (want.text ? 2 : 0)
}

export interface SliceRequest {
  readonly mailbox: number
  /** Exact UIDs ascending, or all from `fromUid`. */
  readonly uids: Uint32Array | null
  readonly fromUid: number
  readonly want: Want
  readonly maxMessages: number
  readonly maxBytes: number
}

export interface Slice {
  readonly rows: MessageRow[]
  /** Where to read on: a UID; null at the end. */
  readonly nextUid: number | null
}

export const maxUid = 2 ** 32 - 1
/** From this share of wanted UIDs in a range, reading the range and leaving some out beats asking for each. */
export const denseShare = 0.5
const firstChunkMessages = 16
const chunkMessages = 128

/** The next slice, ended by `maxMessages` or (not before one message) `maxBytes`. */
export function readSlice(connection: Connection, request: SliceRequest): Slice {
  return connection.snapshot(() => {
    const rows: MessageRow[] = []
    let bytes = 0
    let from = request.fromUid
    while (rows.length < request.maxMessages && bytes < request.maxBytes) {
      const chunk = nextChunk(connection, request, from, chunkSize(request, rows.length, bytes))
      for (const row of chunk.rows) {
        rows.push(row)
        bytes += rowBytes(row)
      }
      if (chunk.nextUid === null) return { rows, nextUid: null }
      from = chunk.nextUid
    }
    return { rows, nextUid: from }
  })
}

/** Few messages first, then as many as should fit, so that large ones don't overshoot the slice by much. */
function chunkSize(request: SliceRequest, messages: number, bytes: number): number {
  const fitting = messages === 0 ? firstChunkMessages : Math.ceil((request.maxBytes - bytes) / (bytes / messages))
  return Math.max(1, Math.min(chunkMessages, fitting, request.maxMessages - messages))
}

function nextChunk(connection: Connection, request: SliceRequest, from: number, limit: number): Slice {
  const shape = index(request.want)
  if (request.uids === null) {
    const rows = connection.rows<MessageRow>(byRange[shape]!, request.mailbox, from, maxUid, limit)
    return { rows, nextUid: rows.length < limit ? null : rows.at(-1)![2] + 1 }
  }
  const start = lowerBound(request.uids, from)
  const wanted = request.uids.subarray(start, start + limit)
  const nextUid = start + limit < request.uids.length ? request.uids[start + limit]! : null
  if (wanted.length === 0) return { rows: [], nextUid }
  const first = wanted[0]!
  const last = wanted[wanted.length - 1]!
  if (wanted.length < (last - first + 1) * denseShare) {
    const rows = Array.from(wanted).flatMap((uid) => connection.rows<MessageRow>(byUid[shape]!, request.mailbox, uid))
    return { rows, nextUid }
  }
  const rows = connection.rows<MessageRow>(byRange[shape]!, request.mailbox, first, last, limit * 2)
  return { rows: wanted.length === last - first + 1 ? rows : rows.filter((row) => includes(wanted, row[2])), nextUid }
}

export function readByKeys(connection: Connection, keys: readonly number[], want: Want): MessageRow[] {
  const sql = byKey[index(want)]!
  return connection.snapshot(() => keys.flatMap((key) => connection.rows<MessageRow>(sql, key)))
}

function rowBytes(row: MessageRow): number {
  return 200 + row[12].byteLength + (row[13]?.byteLength ?? 0) + (row[14]?.byteLength ?? 0)
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

function includes(sorted: Uint32Array, value: number): boolean {
  return sorted[lowerBound(sorted, value)] === value
}

/** Which of these bodies are named by a message, an outbox row or a held delivery. */
export function bodiesInUse(connection: Connection, bodies: readonly string[]): string[] {
  const holders = ['message', 'outbox', 'held', 'registry_body'].map((table) => `SELECT 1 AS used FROM ${table} WHERE body = ? LIMIT 1`)
  return connection.snapshot(() => bodies.filter((body) => holders.some((sql) => connection.get<{ used: number }>(sql, body) !== undefined)))
}
