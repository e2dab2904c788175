/**
 * The index thread as the main side sees it. It begins with the first request; one that dies refuses what it was asked with
 * `unavailable`, and the next request begins a new one.
 */
import { Worker } from 'node:worker_threads'
import { MailError } from '../../core/errors.ts'
import type { Reply, RequestName, Requests, ThreadData } from './requests.ts'

interface Asked {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/** A message that is too large to be looked through in this ends the thread; its caller is refused, and knows what to do. */
const resourceLimits = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 512 }

const script = new URL('./index-thread.ts', import.meta.url)

export class IndexThread {
  readonly #data: ThreadData
  readonly #asked = new Map<number, Asked>()
  #worker: Worker | null = null
  #lastId = 0
  #closed: Promise<void> | null = null

  constructor(data: ThreadData) {
    this.#data = data
  }

  async ask<K extends RequestName>(ask: K, args: Requests[K]['args'], handOver: readonly ArrayBuffer[] = []): Promise<Requests[K]['answer']> {
    if (this.#closed !== null) throw new MailError('unavailable', 'the full-text indexes are closed')
    this.#worker ??= this.#begin()
    const id = ++this.#lastId
    const worker = this.#worker
    return new Promise<Requests[K]['answer']>((resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as (answer: unknown) => void, reject })
      worker.postMessage({ id, ask, args }, [...handOver])
    })
  }

  /** After the replies to all that was asked. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const worker = this.#worker
    if (worker === null) return
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.postMessage('close')
    await ended
  }

  #begin(): Worker {
    const worker = new Worker(script, { workerData: this.#data, name: 'full-text indexes', resourceLimits })
    let cause: Error | null = null
    worker.on('message', (reply: Reply) => this.#receive(reply))
    worker.on('error', (error) => (cause = error as Error))
    worker.on('exit', () => {
      this.#worker = null
      const lost = [...this.#asked.values()]
      this.#asked.clear()
      for (const { reject } of lost) reject(new MailError('unavailable', `the full-text thread ended: ${cause?.message ?? 'without a reason'}`))
    })
    return worker
  }

  #receive(reply: Reply): void {
    const asked = this.#asked.get(reply.id)
    this.#asked.delete(reply.id)
    if (asked === undefined) return
    if ('answer' in reply) return asked.resolve(reply.answer)
    if ('refusal' in reply) return asked.reject(new MailError(reply.refusal.code, reply.refusal.message, reply.refusal.detail))
    const error = new Error(reply.bug.message)
    error.stack = reply.bug.stack
    asked.reject(error)
  }
}
