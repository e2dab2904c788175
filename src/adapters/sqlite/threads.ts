/**
 * A worker thread as the main thread sees it: requests with numbers, replies in any order. A thread that dies rejects what it
 * was asked with `unavailable` (for a write that means: it may have happened) and a new one is started for the next request.
 */
import { Worker } from 'node:worker_threads'
import { MailError } from '../../core/errors.ts'
import { errorOf } from './replies.ts'
import type { Reply } from './replies.ts'

interface Asked {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export interface ThreadOptions {
  readonly script: URL
  readonly data: unknown
  readonly name: string
}

export class Thread {
  readonly #options: ThreadOptions
  readonly #asked = new Map<number, Asked>()
  /** Called after each message of replies. */
  onReplies: () => void = () => undefined
  #worker: Worker | null = null
  #lastId = 0
  #closed = false

  constructor(options: ThreadOptions) {
    this.#options = options
  }

  /** Requests that have no reply yet. */
  get outstanding(): number {
    return this.#asked.size
  }

  /** Notes a request; the caller posts the number with it. */
  expect(resolve: (value: unknown) => void, reject: (error: Error) => void): number {
    const id = ++this.#lastId
    this.#asked.set(id, { resolve, reject })
    return id
  }

  /** Gives up a request that was not posted. */
  refuse(id: number, error: Error): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    asked?.reject(error)
  }

  /** Otherwise it begins with the first message. */
  start(): void {
    this.#worker ??= this.#begin()
  }

  post(message: unknown): void {
    this.#worker ??= this.#begin()
    this.#worker.postMessage(message)
  }

  /** After the replies to all that was posted. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    if (worker === null) return
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.postMessage('close')
    await exited
  }

  #begin(): Worker {
    // Without the process's own arguments: some of them (`--eval`, `--input-type`) a thread can't begin with.
    const worker = new Worker(this.#options.script, { workerData: this.#options.data, name: this.#options.name, execArgv: [] })
    let cause: Error | null = null
    worker.on('message', (replies: readonly Reply[]) => this.#receive(replies))
    worker.on('error', (error) => (cause = error as Error))
    worker.on('exit', () => this.#ended(cause))
    return worker
  }

  #receive(replies: readonly Reply[]): void {
    for (const reply of replies) {
      const asked = this.#asked.get(reply.id)
      if (asked === undefined) continue
      this.#asked.delete(reply.id)
      const error = errorOf(reply)
      if (error !== null) asked.reject(error)
      else asked.resolve('value' in reply ? reply.value : undefined)
    }
    this.onReplies()
  }

  #ended(cause: Error | null): void {
    this.#worker = null
    const lost = [...this.#asked.values()]
    this.#asked.clear()
    const message = this.#closed ? 'the store is closed' : `the ${this.#options.name} ended: ${cause?.message ?? 'without a reason'}`
    for (const { reject } of lost) reject(new MailError('unavailable', message))
    this.onReplies()
  }
}
