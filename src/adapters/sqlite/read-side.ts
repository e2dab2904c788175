/**
 * Reads: small ones on the main thread's own connection, long ones in reader threads (design §5.6). A write that has resolved
 * is seen by every read that begins after it, on either way: all connections share one write-ahead log.
 */
import { MailError } from '../../core/errors.ts'
import { Connection, refusalOf } from './connection.ts'
import type { ReadArgs, ReadName, ReadResult } from './read/reads.ts'
import type { ReaderData } from './read/reader-thread.ts'
import { Thread } from './threads.ts'

export interface ReadSideOptions {
  readonly file: string
  readonly readers: number
  readonly mainCacheBytes: number
  readonly readerCacheBytes: number
}

export class ReadSide {
  readonly #main: Connection
  readonly #threads: readonly Thread[]
  #closed = false

  constructor({ file, readers, mainCacheBytes, readerCacheBytes }: ReadSideOptions) {
    this.#main = new Connection({ file, access: 'read', cacheBytes: mainCacheBytes })
    const data: ReaderData = { file, cacheBytes: readerCacheBytes }
    const script = new URL('./read/reader-thread.ts', import.meta.url)
    this.#threads = Array.from({ length: readers }, (_, i) => new Thread({ script, data, name: `store reader ${i + 1}` }))
    // The first is there, and warm, before it is asked; the others begin when it is busy. Should it fail, whoever asks hears of it.
    this.far('warmUp', {}).catch(() => undefined)
  }

  /** A small read, at once: the caller bounds it to some 200 rows. Refuses `unavailable`. */
  here<T>(read: (connection: Connection) => T): T {
    if (this.#closed) throw new MailError('unavailable', 'the store is closed')
    try {
      return read(this.#main)
    } catch (error) {
      throw refusalOf(error) ?? error
    }
  }

  /** A long read, in the thread that has least to do. Refuses `unavailable`. */
  async far<K extends ReadName>(read: K, args: ReadArgs<K>): Promise<ReadResult<K>> {
    if (this.#closed) throw new MailError('unavailable', 'the store is closed')
    const thread = this.#threads.reduce((least, other) => (other.outstanding < least.outstanding ? other : least))
    return new Promise<ReadResult<K>>((resolve, reject) => {
      const id = thread.expect(resolve as (value: unknown) => void, reject)
      thread.post({ id, read, args })
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(this.#threads.map((thread) => thread.close()))
    this.#main[Symbol.dispose]()
  }
}
