/**
 * The main thread's end of the writer: gathers what one turn of the event loop asks, keeps a bounded amount on its way and the
 * rest here, in order.
 */
import { MailError } from '../../core/errors.ts'
import { Thread } from './threads.ts'
import type { OperationArgs, OperationName, OperationResult, WriteRequest } from './write/operations.ts'
import type { WriterData } from './write/writer-thread.ts'

/** On their way to the thread: enough for some full groups. */
const maxPosted = 1_024
const maxPostedBytes = 32 * 1024 * 1024
/** Callers hold their own data while they wait; more of them than this is a flood that must be told so. */
const maxWaiting = 100_000
const requestBytes = 200

interface Waiting {
  readonly operation: string
  readonly args: unknown
  readonly bytes: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export class WriteQueue {
  readonly #thread: Thread
  #waiting: Waiting[] = []
  #postedBytes = 0
  #flushing: NodeJS.Immediate | null = null
  #closed = false
  #emptied: () => void = () => undefined

  constructor(data: WriterData) {
    this.#thread = new Thread({ script: new URL('./write/writer-thread.ts', import.meta.url), data, name: 'store writer' })
    this.#thread.onReplies = () => this.#flush()
    this.#thread.start()
  }

  /**
   * One write; resolves after its commit. `payloadBytes` is what its byte arrays weigh together. Their contents are copied
   * before this returns to the event loop's next turn: they must not be changed until the write has resolved.
   */
  write<K extends OperationName>(operation: K, args: OperationArgs<K>, payloadBytes = 0): Promise<OperationResult<K>> {
    return new Promise<OperationResult<K>>((resolve, reject) => {
      if (this.#closed) return reject(new MailError('unavailable', 'the store is closed'))
      if (this.#waiting.length >= maxWaiting) return reject(new MailError('unavailable', 'too many writes wait'))
      this.#waiting.push({ operation, args, bytes: requestBytes + payloadBytes, resolve: resolve as (value: unknown) => void, reject })
      this.#flushing ??= setImmediate(() => this.#flush())
    })
  }

  /** Takes no more writes; resolves when those that were asked are answered and the thread has ended. */
  async close(): Promise<void> {
    this.#closed = true
    this.#flush()
    if (this.#waiting.length > 0) await new Promise<void>((resolve) => (this.#emptied = resolve))
    await this.#thread.close()
  }

  #flush(): void {
    if (this.#flushing !== null) clearImmediate(this.#flushing)
    this.#flushing = null
    const requests: WriteRequest[] = []
    let taken = 0
    while (taken < this.#waiting.length && this.#thread.outstanding < maxPosted && this.#postedBytes < maxPostedBytes) {
      const { operation, args, bytes, resolve, reject } = this.#waiting[taken++]!
      this.#postedBytes += bytes
      const id = this.#thread.expect(
        (value) => {
          this.#postedBytes -= bytes
          resolve(value)
        },
        (error) => {
          this.#postedBytes -= bytes
          reject(error)
        },
      )
      requests.push({ id, operation, args, bytes })
    }
    if (taken === 0) return
    this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken)
    this.#post(requests)
    if (this.#waiting.length === 0) this.#emptied()
  }

  #post(requests: readonly WriteRequest[]): void {
    try {
      this.#thread.post(requests)
    } catch (error) {
      // One of them holds what can't cross to a thread (a function): that one is its caller's mistake, not the others'.
      if (requests.length > 1) for (const request of requests) this.#post([request])
      else for (const { id } of requests) this.#thread.refuse(id, error as Error)
    }
  }
}
