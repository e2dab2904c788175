/**
 * The connection to Redis: one, for commands and bells alike (RESP 3). It is kept up by itself, and says at once when Redis
 * is away, so that nobody waits for it: what asks meanwhile is refused `unavailable` and does without.
 *
 * Invariants: a command takes `answerMs` at most; one that took longer, or a ping that did, means that Redis is away, and the
 * connection is made anew; nothing is queued while it is away, so nothing happens later than it was asked for.
 */
import { createClient, ErrorReply } from 'redis'
import { MailError } from '../../core/errors.ts'

export interface ConnectionOptions {
  /** `redis://[user:password@]host[:port][/database]`, `rediss://…` with TLS. */
  readonly url: string
  /** Shown by `CLIENT LIST`. */
  readonly name: string
  readonly events: ConnectionEvents
  readonly pace?: ConnectionPace
}

export interface ConnectionEvents {
  /** It answers; after every connection made anew too. */
  readonly onUp: () => void
  /** Once for each time that it went away. Never holds the URL. */
  readonly onAway: (reason: string) => void
}

export interface ConnectionPace {
  readonly answerMs: number
  readonly connectMs: number
  readonly pingEveryMs: number
  readonly firstRetryMs: number
  readonly lastRetryMs: number
}

export const defaultConnectionPace: ConnectionPace = { answerMs: 1_000, connectMs: 2_000, pingEveryMs: 2_000, firstRetryMs: 50, lastRetryMs: 2_000 }

export type Client = ReturnType<typeof newClient>

function newClient(url: string, name: string, connectMs: number) {
  return createClient({
    url,
    name,
    RESP: 3,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // Made anew here, with the state that belongs to it.
    socket: { reconnectStrategy: false, connectTimeout: connectMs, keepAlive: true, noDelay: true },
  })
}

export class Connection implements AsyncDisposable {
  readonly #options: ConnectionOptions
  readonly #pace: ConnectionPace
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #client: Client | null = null
  /** Settled when the present client is no good any more. */
  #broken = Promise.withResolvers<string>()

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#pace = options.pace ?? defaultConnectionPace
    this.#running = this.#keepUp()
  }

  get isUp(): boolean {
    return this.#client !== null
  }

  /** Refuses `unavailable`: then it may have happened all the same. What Redis answers as an error is a bug of ours. */
  async run<T>(command: (client: Client) => Promise<T>): Promise<T> {
    const client = this.#client
    if (client === null) throw away('it cannot be reached')
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      this.#lose(client, 'no answer in time')
      late.reject(away('no answer in time'))
    }, this.#pace.answerMs)
    try {
      return await Promise.race([command(client), late.promise])
    } catch (error) {
      throw isAnswer(error) || error instanceof MailError ? error : away((error as Error).message)
    } finally {
      clearTimeout(timer)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    if (this.#client !== null) this.#lose(this.#client, 'closed')
    await this.#running
  }

  #lose(client: Client, reason: string): void {
    if (this.#client === client) this.#broken.resolve(reason)
  }

  async #keepUp(): Promise<void> {
    let isKnownAway = false
    let retryMs = this.#pace.firstRetryMs
    while (!this.#stop.signal.aborted) {
      const reason = await this.#connectOnce(() => {
        isKnownAway = false
        retryMs = this.#pace.firstRetryMs
      })
      if (this.#stop.signal.aborted) return
      if (!isKnownAway) this.#options.events.onAway(reason)
      isKnownAway = true
      await pause(retryMs, this.#stop.signal)
      retryMs = Math.min(retryMs * 2, this.#pace.lastRetryMs)
    }
  }

  /** Resolves with the reason when the connection is lost, or could not be made. */
  async #connectOnce(onUp: () => void): Promise<string> {
    const { url, name, events } = this.#options
    const broken = (this.#broken = Promise.withResolvers<string>())
    const client = newClient(url, name, this.#pace.connectMs)
    client.on('error', (error: Error) => broken.resolve(error.message))
    client.on('end', () => broken.resolve('the connection was closed'))
    try {
      const reason = await Promise.race([client.connect().then(() => null), broken.promise, this.#late()])
      if (reason !== null) return reason
      this.#client = client
      onUp()
      events.onUp()
      void this.#ping(client, broken.promise)
      return await broken.promise
    } catch (error) {
      return (error as Error).message
    } finally {
      this.#client = null
      // It may have closed by itself, or never opened.
      if (client.isOpen) client.destroy()
    }
  }

  /** The greeting of a Redis that hangs never comes, although the connection was made. */
  async #late(): Promise<string> {
    await pause(2 * this.#pace.connectMs, this.#stop.signal)
    return 'no greeting in time'
  }

  async #ping(client: Client, broken: Promise<string>): Promise<void> {
    const ended = new AbortController()
    void broken.then(() => ended.abort())
    const signal = AbortSignal.any([ended.signal, this.#stop.signal])
    while (await pause(this.#pace.pingEveryMs, signal)) {
      try {
        await this.run((asked) => asked.ping())
      } catch (error) {
        // A Redis that is loading, or out of memory, answers with an error: it is no use to us then.
        this.#lose(client, (error as Error).message)
        return
      }
    }
  }
}

function away(reason: string): MailError {
  return new MailError('unavailable', 'Redis is away', { reason })
}

/** Answers that say that this Redis cannot serve now, or not us. */
const cannotServe = /^(LOADING|READONLY|MASTERDOWN|NOREPLICAS|OOM|MISCONF|BUSY|TRYAGAIN|CLUSTERDOWN|NOAUTH|WRONGPASS|NOPERM)\b/

/** An error that Redis answered to what was asked. */
function isAnswer(error: unknown): boolean {
  return error instanceof ErrorReply && !cannotServe.test(error.message)
}

/** False when the signal ended it. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve(true)
    }, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
