/**
 * Bodies that rows name, brought into the target before the rows: read once, however many name them, with their SHA-256 and the
 * words of their threads noted. What was put and not noted before a death is put again: an orphan at worst, which a sweep takes.
 */
import { threadWords } from '../../message/thread-words.ts'
import type { BlobId } from '../mailbox/mailbox.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { CopiedBody, WritableStore } from '../ports/store-copy.ts'
import { together, type NamedBody } from './body-names.ts'

/** Held in memory at a time, when none is larger. */
export const maxTogetherBytes = 8 * 1024 * 1024

export interface BodyCopying {
  readonly from: Blobs
  readonly to: Blobs
  readonly target: Pick<WritableStore, 'bodies' | 'noteBodies'>
  /** In hex. */
  readonly sha256: (bytes: Uint8Array) => string
}

/** All of them as they are called in the target. */
export async function copyBodies(copying: BodyCopying, wanted: readonly NamedBody[]): Promise<ReadonlyMap<BlobId, CopiedBody>> {
  // In the order of their names, which is that of their places in a store that keeps them one after the other.
  const different = [...new Map(wanted.map((body) => [body.id, body])).values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  if (different.length === 0) return new Map()
  const known = new Map(await copying.target.bodies(different.map(({ id }) => id)))
  const missing = different.filter(({ id }) => !known.has(id))
  for (const some of together(missing, ({ bytes }) => bytes, maxTogetherBytes)) {
    const copied = await copyTogether(copying, some.map(({ id }) => id))
    await copying.target.noteBodies(copied)
    for (const body of copied) known.set(body.from, body)
  }
  return known
}

async function copyTogether(copying: BodyCopying, ids: readonly BlobId[]): Promise<CopiedBody[]> {
  const putting: Promise<CopiedBody>[] = []
  try {
    for await (const bytes of copying.from.readMany(ids)) putting.push(put(copying, ids[putting.length]!, bytes))
    return await Promise.all(putting)
  } finally {
    // When the reading failed, nobody else waits for these.
    await Promise.allSettled(putting)
  }
}

async function put({ to, sha256 }: BodyCopying, from: BlobId, bytes: Uint8Array): Promise<CopiedBody> {
  const body = await to.put(bytes)
  return { from, body, sha256: sha256(bytes), bodyBytes: bytes.length, ...threadWords(bytes) }
}
