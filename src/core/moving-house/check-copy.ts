/**
 * Whether the target holds what the source holds: every row read from both and compared, with a SHA-256 over each part; the
 * hash chain of the audit computed anew (Điều 7.2); every body read back from the target and hashed.
 */
import { MailError } from '../errors.ts'
import type { BlobId } from '../mailbox/mailbox.ts'
import type { Blobs } from '../ports/blobs.ts'
import { keyOf, type CopiedBody, type Part, type ReadableStore, type RecordRow, type Rows, type SliceSize, type WritableStore } from '../ports/store-copy.ts'
import { canonicalRecord } from '../record/record.ts'
import { bodiesOf, together, withNames } from './body-names.ts'
import { canonicalRow } from './canonical-row.ts'
import { maxTogetherBytes } from './copy-bodies.ts'

export interface Hashing {
  /** SHA-256 in hex. */
  of(data: Uint8Array | string): string
  /** Of many texts, one after the other. */
  running(): { add(text: string): void; end(): string }
}

export interface Checking {
  readonly source: ReadableStore
  readonly target: WritableStore
  readonly hashing: Hashing
  readonly size: SliceSize
}

export interface CheckedPart {
  readonly rows: number
  readonly sha256: string
}

/** Refuses `conflict` (detail.part, detail.key) at the first row that differs, is missing or is too many. */
export async function checkPart<P extends Part>({ source, target, hashing, size }: Checking, part: P, onRows: (rows: number) => void): Promise<CheckedPart> {
  const hash = hashing.running()
  const chain = new AuditChain(hashing)
  const theirs = each(target.read(part, null, size))
  let rows = 0
  for await (const slice of source.read(part, null, size)) {
    const known = await target.bodies(slice.flatMap((row) => bodiesOf(part, row)).map(({ id }) => id))
    for (const row of slice) {
      const { value: other } = await theirs.next()
      const key = keyOf(part, row).join('/')
      if (other === undefined) throw differs(part, key, 'missing')
      if (bodiesOf(part, row).some(({ id }) => !known.has(id))) throw differs(part, key, 'without its body')
      const text = canonicalRow(part, withNames(part, row, known))
      if (text !== canonicalRow(part, other)) throw differs(part, key, 'another')
      if (part === 'records' && !chain.goesOn(other as Rows['records'])) throw differs(part, key, 'not in the chain')
      hash.add(text)
      rows++
    }
    onRows(rows)
  }
  const { value: more } = await theirs.next()
  if (more !== undefined) throw differs(part, keyOf(part, more).join('/'), 'one too many')
  return { rows, sha256: hash.end() }
}

async function* each<T>(slices: AsyncIterable<readonly T[]>): AsyncGenerator<T, undefined> {
  for await (const slice of slices) yield* slice
}

class AuditChain {
  readonly #hashing: Hashing
  #last: { readonly seq: number; readonly hash: string } = { seq: 0, hash: '' }

  constructor(hashing: Hashing) {
    this.#hashing = hashing
  }

  /** Where the record before was purged there is nothing to compute from. */
  goesOn({ detail, hash, ...record }: RecordRow): boolean {
    if (record.kind !== 'audit') return hash === ''
    const { seq } = record
    const last = this.#last
    this.#last = { seq, hash }
    if (last.seq + 1 !== seq) return true
    const { kind, atMs, actor, action, subject, clause } = record
    return hash === this.#hashing.of(last.hash + canonicalRecord(seq, { kind, atMs, actor, action, subject, clause, detail: JSON.parse(detail) as Record<string, unknown> }))
  }
}

export interface CheckedBodies {
  readonly last: BlobId
  readonly bodies: number
  readonly bytes: number
}

/** Reads back, slice by slice, every body after `after`. Refuses `conflict` (detail.key). */
export async function* checkBodies(
  target: WritableStore,
  blobs: Blobs,
  { after, hashing, rows }: { readonly after: BlobId | null; readonly hashing: Hashing; readonly rows: number },
): AsyncGenerator<CheckedBodies> {
  for await (const slice of target.notedBodies(after, rows)) {
    for (const some of together(slice, ({ bodyBytes }) => bodyBytes, maxTogetherBytes)) await checkTogether(blobs, some, hashing)
    yield { last: slice.at(-1)!.from, bodies: slice.length, bytes: slice.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0) }
  }
}

async function checkTogether(blobs: Blobs, bodies: readonly CopiedBody[], hashing: Hashing): Promise<void> {
  let next = 0
  for await (const bytes of blobs.readMany(bodies.map(({ body }) => body))) {
    const { from, sha256 } = bodies[next++]!
    if (hashing.of(bytes) !== sha256) throw differs('bodies', from, 'another')
  }
}

function differs(part: Part | 'bodies', key: string, how: string): MailError {
  return new MailError('conflict', `the copy differs in ${part}: ${key} is ${how}`, { reason: 'copy-differs', part, key, how })
}
