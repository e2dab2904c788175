/**
 * DKIM signatures (RFC 6376, RFC 8463) by the mailauth library, in a thread that begins with the first message that leaves.
 * A thread that dies refuses what it was asked, and the next message starts another.
 */
import { Worker } from 'node:worker_threads'
import { MailError } from '../../core/errors.ts'
import type { MessageSigner } from '../../core/ports/signing.ts'
import { dkimKeys, type DkimKey } from './dkim-keys.ts'
import type { SigningReply, SigningRequest } from './signing-thread.ts'

export interface DkimSettings {
  /** Folder of the keys; made when there is one to keep. */
  readonly directory: string
  readonly selector: string
  /** Signs for itself and for all domains below it with one key (RFC 7489 §3.1.1: relaxed alignment); null: each domain its own. */
  readonly domain: string | null
}

export interface DkimSigner extends MessageSigner, AsyncDisposable {}

const script = new URL('./signing-thread.ts', import.meta.url)

export function createDkimSigner(settings: DkimSettings): DkimSigner {
  const keys = new Map<string, Promise<readonly DkimKey[]>>()
  const thread = new SigningThread()

  const keysOf = (domain: string): Promise<readonly DkimKey[]> => {
    const known = keys.get(domain)
    if (known !== undefined) return known
    const reading = dkimKeys(settings.directory, domain, settings.selector)
    keys.set(domain, reading)
    // What failed is tried again with the next message.
    reading.catch(() => keys.delete(domain))
    return reading
  }

  return {
    async sign(from, message) {
      const domain = signingDomain(from.toLowerCase(), settings.domain)
      const own = await keysOf(domain).catch((error: Error) => {
        throw new MailError('unavailable', `DKIM keys of ${domain}: ${error.message}`)
      })
      return Buffer.from(await thread.sign({ domain, keys: own, message }), 'latin1')
    },
    [Symbol.asyncDispose]: () => thread.close(),
  }
}

function signingDomain(domain: string, above: string | null): string {
  return above !== null && (domain === above || domain.endsWith(`.${above}`)) ? above : domain
}

interface Asked {
  readonly resolve: (signatures: string) => void
  readonly reject: (error: MailError) => void
}

class SigningThread {
  readonly #asked = new Map<number, Asked>()
  #worker: Worker | null = null
  #lastId = 0
  #closed = false

  sign(what: Omit<SigningRequest, 'id'>): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new MailError('unavailable', 'signing has ended'))
      const request: SigningRequest = { id: ++this.#lastId, ...what }
      this.#asked.set(request.id, { resolve, reject })
      this.#worker ??= this.#begin()
      this.#worker.postMessage(request)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
  }

  #begin(): Worker {
    const worker = new Worker(script, { name: 'dkim signer', execArgv: [] })
    // It never keeps the process alive: who waits for a signature does.
    worker.unref()
    let cause = 'without a reason'
    worker.on('message', (reply: SigningReply) => this.#receive(reply))
    worker.on('error', (error: Error) => (cause = error.message))
    worker.on('exit', () => this.#ended(cause))
    return worker
  }

  #receive(reply: SigningReply): void {
    const asked = this.#asked.get(reply.id)
    this.#asked.delete(reply.id)
    if ('signatures' in reply) asked?.resolve(reply.signatures)
    else asked?.reject(new MailError('unavailable', `not signed: ${reply.failed}`))
  }

  #ended(cause: string): void {
    this.#worker = null
    const lost = [...this.#asked.values()]
    this.#asked.clear()
    for (const { reject } of lost) reject(new MailError('unavailable', `the dkim signer ended: ${cause}`))
  }
}
