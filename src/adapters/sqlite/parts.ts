/** What each part of the store is made of, and a few things that all of them need. */
import { MailError } from '../../core/errors.ts'
import { idNo } from './ids.ts'
import type { IdKind } from './ids.ts'
import type { ReadSide } from './read-side.ts'
import type { WriteQueue } from './write-queue.ts'

export interface Parts {
  readonly reads: ReadSide
  readonly writes: WriteQueue
  readonly nowMs: () => number
}

/** The number behind an id. Refuses with `code` when there can't be such a thing. */
export function known(kind: IdKind, text: string, code: 'account-unknown' | 'agency-unknown'): number {
  const no = idNo(kind, text)
  if (no === null) throw new MailError(code)
  return no
}

/** The same bytes without the rest of the buffer they lie in: a view crosses to a thread with its whole buffer. */
export function alone(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
}

/** What one small read on the main thread may bring. */
export const maxMainRows = 200

/** A list of up to `limit`, read in small pages with the event loop's other work between them; `page` goes on after `last`. */
export async function inPages<T>(limit: number, page: (last: T | undefined, rows: number) => readonly T[]): Promise<T[]> {
  const all: T[] = []
  while (all.length < limit) {
    const rows = Math.min(maxMainRows, limit - all.length)
    const some = page(all.at(-1), rows)
    all.push(...some)
    if (some.length < rows) break
    if (all.length < limit) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return all
}
