/**
 * A slice of neighbouring messages, packed by SQLite itself: a chunk of messages is one row, whose numbers are one JSON array and
 * whose bytes are one blob. Rows that cross one by one, each with blobs of its own, cost half as much again.
 */
import type { Connection } from '../connection.ts'
import { FlagSets } from '../flag-sets.ts'
import { type PackedSlice, packedFields } from '../packed-slice.ts'
import { type SliceRequest, type Want, denseShare, lowerBound, maxUid } from './messages.ts'

/** Numbers of one message in the JSON array: {@link packedFields}, with flags as bits, then three lengths. */
const jsonNumbers = packedFields + 3
const flagsAt = 5
const sentAt = 7

const columns = 'm.key, m.mailbox, m.uid, m.modseq, m.created_modseq, m.flags, m.keywords, m.received_at, m.sent_at, m.size, m.thread, m.body, m.prefix'
const numbers = ['key', 'mailbox', 'uid', 'modseq', 'created_modseq', 'flags', 'received_at', "coalesce(sent_at, 'null')", 'size', 'thread']

/** `||` and group_concat put the bytes of blobs one after the other as they are; the CAST keeps them from being read as text. */
function packedSqlOf({ forms, text }: Want): string {
  const blobs = ['prefix', ...(forms ? ['forms'] : []), ...(text ? ['text'] : [])]
  const lengths = ['prefix', 'forms', 'text'].map((blob) => (blobs.includes(blob) ? `length(${blob})` : '0'))
  const from = forms || text ? 'message m JOIN message_form f ON f.key = m.key' : 'message m'
  const more = `${forms ? ', f.forms' : ''}${text ? ', f.text' : ''}`
  return (
    `SELECT count(*) AS messages, count(keywords) AS with_keywords, '[' || group_concat(${[...numbers, ...lengths].join(" || ',' || ")}) || ']' AS numbers, ` +
    `group_concat(body, char(10)) AS bodies, CAST(group_concat(${blobs.join(' || ')}, '') AS BLOB) AS bytes FROM ` +
    `(SELECT ${columns}${more} FROM ${from} WHERE m.mailbox = ? AND m.uid BETWEEN ? AND ? ORDER BY m.uid LIMIT ?)`
  )
}

const wants: readonly Want[] = [0, 1, 2, 3].map((bits) => ({ forms: (bits & 1) !== 0, text: (bits & 2) !== 0 }))
/** By want: 1 forms, 2 text. For the check of query plans too. */
export const packedSql: readonly string[] = wants.map(packedSqlOf)
export const packedKeywordsSql = 'SELECT uid, keywords FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ? AND keywords IS NOT NULL'

const firstChunkMessages = 16
const chunkMessages = 256

interface ChunkRow {
  messages: number
  with_keywords: number
  numbers: string | null
  bodies: string | null
  bytes: Uint8Array | null
}

interface Chunk {
  readonly messages: number
  readonly numbers: readonly (number | null)[]
  readonly bodies: readonly string[]
  readonly bytes: Uint8Array
  readonly keywords: ReadonlyMap<number, string> | null
}

/** The next slice, as `readSlice` has it; null when the wanted UIDs are not all that there is between them. */
export function readPacked(connection: Connection, request: SliceRequest): PackedSlice | null {
  const wanted = request.uids === null ? null : request.uids.subarray(lowerBound(request.uids, request.fromUid))
  if (wanted !== null && !isDense(wanted)) return null
  return connection.snapshot(() => {
    const chunks: Chunk[] = []
    let messages = 0
    let bytes = 0
    let asked = 0
    let from: number | null = wanted === null ? request.fromUid : wanted[0]!
    while (from !== null && messages < request.maxMessages && bytes < request.maxBytes) {
      const limit = chunkSize(request, messages, bytes)
      const part: Uint32Array | null = wanted === null ? null : wanted.subarray(asked, asked + limit)
      const chunk = readChunk(connection, request, { first: from, last: part?.at(-1) ?? maxUid, limit: part === null ? limit : part.length + 1 })
      if (part !== null && !areAmong(chunk, part)) return null
      chunks.push(chunk)
      messages += chunk.messages
      bytes += chunk.bytes.byteLength + 200 * chunk.messages
      asked += limit
      if (wanted === null) from = chunk.messages < limit ? null : (chunk.numbers.at(2 - jsonNumbers)! as number) + 1
      else from = wanted[asked] ?? null
    }
    return joined(chunks, from, request.want)
  })
}

function isDense(wanted: Uint32Array): boolean {
  return wanted.length > 0 && wanted.length >= (wanted[wanted.length - 1]! - wanted[0]! + 1) * denseShare
}

/** Few messages first, then as many as should fit, so that large ones don't overshoot the slice by much. */
function chunkSize(request: SliceRequest, messages: number, bytes: number): number {
  const fitting = messages === 0 ? firstChunkMessages : Math.ceil((request.maxBytes - bytes) / (bytes / messages))
  return Math.max(1, Math.min(chunkMessages, fitting, request.maxMessages - messages))
}

interface Range {
  readonly first: number
  readonly last: number
  readonly limit: number
}

const noBytes = new Uint8Array(0)

function readChunk(connection: Connection, { mailbox, want }: SliceRequest, { first, last, limit }: Range): Chunk {
  const row = connection.get<ChunkRow>(packedSql[(want.forms ? 1 : 0) + (want.text ? 2 : 0)]!, mailbox, first, last, limit)!
  if (row.numbers === null || row.bodies === null) return { messages: 0, numbers: [], bodies: [], bytes: noBytes, keywords: null }
  return {
    messages: row.messages,
    numbers: JSON.parse(row.numbers) as (number | null)[],
    bodies: row.bodies.split('\n'),
    bytes: row.bytes ?? noBytes,
    keywords: row.with_keywords === 0 ? null : new Map(connection.rows<[uid: number, keywords: string]>(packedKeywordsSql, mailbox, first, last)),
  }
}

/** Some of those that were wanted may be gone, but none may be here that was not. */
function areAmong({ messages, numbers: all }: Chunk, wanted: Uint32Array): boolean {
  if (messages > wanted.length) return false
  let at = 0
  for (let i = 0; i < messages; i++, at++) {
    const uid = all[i * jsonNumbers + 2]!
    while (at < wanted.length && wanted[at]! < uid) at++
    if (wanted[at] !== uid) return false
  }
  return true
}

function joined(chunks: readonly Chunk[], nextUid: number | null, want: Want): PackedSlice {
  const messages = chunks.reduce((sum, chunk) => sum + chunk.messages, 0)
  const packed = new Float64Array(messages * packedFields)
  const ends = new Uint32Array(messages * 3)
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.bytes.byteLength, 0))
  const flagSets = new FlagSets()
  const bodies: string[] = []
  let message = 0
  let end = 0
  for (const chunk of chunks) {
    bytes.set(chunk.bytes, end)
    for (const body of chunk.bodies) bodies.push(body)
    for (let i = 0; i < chunk.messages; i++, message++) {
      const from = i * jsonNumbers
      const to = message * packedFields
      for (let field = 0; field < packedFields; field++) packed[to + field] = chunk.numbers[from + field]!
      const uid = packed[to + 2]!
      packed[to + flagsAt] = flagSets.index(packed[to + flagsAt]!, chunk.keywords?.get(uid) ?? null)
      if (chunk.numbers[from + sentAt] === null) packed[to + sentAt] = Number.NaN
      for (let blob = 0; blob < 3; blob++) ends[message * 3 + blob] = end += chunk.numbers[from + packedFields + blob]!
    }
  }
  return { nextUid, numbers: packed, ends, bytes, bodies, flagSets: flagSets.sets, forms: want.forms, text: want.text }
}
