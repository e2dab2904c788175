/**
 * One client of a line-and-literal protocol (IMAP, ManageSieve) over any Duplex: a byte-exact reader with back-pressure, a
 * writer that coalesces, STARTTLS, and compression.
 *
 * Reader: lines end with CRLF and nothing else; what is buffered is bounded, a client that sends more is made to wait.
 * Writer: what is written is sent when the session waits for input, or at the end of the event loop's turn; `settle` waits
 * until little enough is left. A client that takes no byte of its answer for `writeTimeoutMs` is dropped; nobody else waits.
 * After the client is gone writes do nothing, `settle` throws {@link ConnectionClosed} and reads answer null.
 */
import type { Duplex } from 'node:stream'
import { TLSSocket, type SecureContext } from 'node:tls'
import { DeflateStream } from './deflate-stream.ts'

export class ConnectionClosed extends Error {
  constructor() {
    super('The client is gone')
    this.name = 'ConnectionClosed'
  }
}

export interface ConnectionOptions {
  readonly writeTimeoutMs: number
}

/** Unread bytes above which the client is made to wait. */
const maxUnreadBytes = 65_536
/** Unsent bytes above which `settle` waits. */
const maxUnsentBytes = 262_144
/** One write to the stream is at most this, so that progress of a slow client can be seen. */
const maxWriteBytes = 65_536
/** Chunks of a line that are kept apart; a client that sends single bytes must not cost an object each. */
const maxChunks = 64

const lineFeed = 0x0a
const carriageReturn = 0x0d

export class Connection {
  #stream: Duplex
  readonly #options: ConnectionOptions
  #detach: () => void = () => {}
  #closed = false
  /** Nothing more will come. */
  #ended = false
  /** We say nothing more. */
  #ending: Promise<void> | null = null
  #abort: AbortController | null = null

  #chunks: Buffer[] = []
  #unread = 0
  /** Bytes at the start of the chunks that are known to hold no line feed. */
  #searched = 0
  #waiting: (() => void) | null = null

  #text = ''
  #queue: Buffer[] = []
  #queued = 0
  #scheduled = false
  #handed = 0
  #sentAtArming = 0
  #writeTimer: NodeJS.Timeout | null = null
  #settling: (() => void)[] = []

  constructor(stream: Duplex, options: ConnectionOptions) {
    this.#stream = stream
    this.#options = options
    this.#attach()
  }

  /** Nothing more can be sent to this client. */
  get closed(): boolean {
    return this.#closed
  }

  /** Aborted when the client is gone. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#closed) this.#abort.abort()
    return this.#abort.signal
  }

  /** What TLS was agreed, or null in clear. */
  get cipher(): string | null {
    return this.#stream instanceof TLSSocket ? `${this.#stream.getProtocol() ?? ''} ${this.#stream.getCipher()?.name ?? ''}`.trim() : null
  }

  // -- reading ------------------------------------------------------------------------------------------------------------

  /** A whole line is here already: reading it will not wait. */
  get lineReady(): boolean {
    return this.#findLineEnd() !== -1
  }

  /**
   * The next line without its CRLF; null when the client is gone (an unfinished line is dropped); `too-long` when no CRLF
   * comes within `maxBytes`: `skipLine` then passes over the rest of it.
   */
  async readLine(maxBytes: number): Promise<Buffer | 'too-long' | null> {
    for (;;) {
      const end = this.#findLineEnd()
      if (end !== -1) {
        if (end > maxBytes) return 'too-long'
        const line = this.#take(end + 2)
        return line.subarray(0, end)
      }
      if (this.#unread > maxBytes + 1) return 'too-long'
      if (!(await this.#more())) return null
    }
  }

  /** Up to `maxBytes` of what is buffered, still to be read; for the tag of a line that is too long. */
  head(maxBytes: number): Buffer {
    return Buffer.concat(this.#chunks.slice(0, maxBytes)).subarray(0, maxBytes)
  }

  /** Throws away everything up to the next CRLF; false when that does not come within `maxBytes` or the client is gone. */
  async skipLine(maxBytes: number): Promise<boolean> {
    for (let skipped = 0; skipped <= maxBytes; ) {
      const end = this.#findLineEnd()
      if (end !== -1) {
        this.#take(end + 2)
        return true
      }
      // The last byte may be the CR of the CRLF.
      const sure = Math.max(0, this.#unread - 1)
      if (sure > 0) this.#take(sure)
      skipped += sure
      if (!(await this.#more())) return false
    }
    return false
  }

  /** Up to `maxBytes` of what comes next, as soon as there is any; null when the client is gone. */
  async readChunk(maxBytes: number): Promise<Buffer | null> {
    while (this.#unread === 0) if (!(await this.#more())) return null
    const first = this.#chunks[0]!
    return this.#take(Math.min(maxBytes, first.length))
  }

  /** Passes over exactly so many bytes; false when the client is gone before. */
  async skipBytes(count: number): Promise<boolean> {
    for (let left = count; left > 0; ) {
      const chunk = await this.readChunk(left)
      if (chunk === null) return false
      left -= chunk.length
    }
    return true
  }

  /** Resolves when there is more to read; false when nothing will come any more. */
  async #more(): Promise<boolean> {
    if (this.#ended || this.#closed) return false
    this.flush()
    const before = this.#unread
    await new Promise<void>((resolve) => {
      this.#waiting = resolve
      if (this.#stream.isPaused()) this.#stream.resume()
    })
    return this.#unread > before
  }

  #findLineEnd(): number {
    let offset = 0
    for (const [index, chunk] of this.#chunks.entries()) {
      const next = offset + chunk.length
      if (next > this.#searched) {
        let at = chunk.indexOf(lineFeed, Math.max(0, this.#searched - offset))
        for (; at !== -1; at = chunk.indexOf(lineFeed, at + 1)) {
          const before = at > 0 ? chunk[at - 1] : index > 0 ? this.#chunks[index - 1]!.at(-1) : undefined
          if (before === carriageReturn) {
            this.#searched = offset + at
            return offset + at - 1
          }
        }
      }
      offset = next
    }
    this.#searched = offset
    return -1
  }

  /** Takes exactly `count` buffered bytes; without a copy when they lie in one chunk. */
  #take(count: number): Buffer {
    this.#searched = Math.max(0, this.#searched - count)
    this.#unread -= count
    const first = this.#chunks[0]!
    if (first.length > count) {
      this.#chunks[0] = first.subarray(count)
      return first.subarray(0, count)
    }
    if (first.length === count) {
      this.#chunks.shift()
      return first
    }
    const whole = Buffer.concat(this.#chunks)
    this.#chunks = whole.length > count ? [whole.subarray(count)] : []
    return whole.subarray(0, count)
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#unread += chunk.length
    if (this.#chunks.length > maxChunks) this.#chunks = [Buffer.concat(this.#chunks)]
    if (this.#unread > maxUnreadBytes) this.#stream.pause()
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.()
  }

  // -- writing ------------------------------------------------------------------------------------------------------------

  /** Bytes that were written here and not yet taken by the client's side of the network. */
  get unsentBytes(): number {
    return this.#text.length + this.#queued + this.#stream.writableLength
  }

  /** Text is latin1. A buffer is not copied: it must not change any more. */
  write(data: string | Uint8Array): void {
    if (this.#closed || this.#ending !== null) return
    if (typeof data === 'string') this.#text += data
    else {
      this.#textToQueue()
      this.#queue.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
      this.#queued += data.byteLength
    }
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.flush())
  }

  /** Sends now what was written, as far as the client takes it. */
  flush(): void {
    this.#scheduled = false
    if (this.#closed) return
    this.#textToQueue()
    if (this.#queue.length > 0) this.#pump()
  }

  /** Waits until the client has taken enough that more may be written. Throws ConnectionClosed. */
  async settle(): Promise<void> {
    if (this.#text.length + this.#queued >= maxWriteBytes) this.flush()
    while (!this.#closed && this.unsentBytes > maxUnsentBytes) {
      this.flush()
      if (this.unsentBytes <= maxUnsentBytes) break
      await new Promise<void>((resolve) => this.#settling.push(resolve))
    }
    if (this.#closed || this.#ending !== null) throw new ConnectionClosed()
  }

  /** Sends everything, then resolves. Throws ConnectionClosed. */
  async drain(): Promise<void> {
    this.flush()
    while (!this.#closed && this.unsentBytes > 0) {
      await new Promise<void>((resolve) => {
        this.#settling.push(resolve)
        this.#armWriteTimer()
        // An empty write's callback comes after all that was written before it: `drain` alone is not sent below the mark.
        if (this.#queue.length === 0) this.#stream.write('', () => this.#progress())
      })
    }
    if (this.#closed) throw new ConnectionClosed()
  }

  #textToQueue(): void {
    if (this.#text === '') return
    const bytes = Buffer.from(this.#text, 'latin1')
    this.#text = ''
    this.#queue.push(bytes)
    this.#queued += bytes.length
  }

  #pump(): void {
    while (this.#queue.length > 0 && this.#stream.writableLength < maxWriteBytes) {
      const bytes = this.#nextWrite()
      this.#queued -= bytes.length
      this.#handed += bytes.length
      this.#stream.write(bytes)
    }
    if (this.#queued + this.#stream.writableLength > 0) this.#armWriteTimer()
  }

  /** One buffer of at most `maxWriteBytes` from the head of the queue, small ones put together. */
  #nextWrite(): Buffer {
    const first = this.#queue[0]!
    if (first.length >= maxWriteBytes || this.#queue.length === 1) {
      if (first.length <= maxWriteBytes) {
        this.#queue.shift()
        return first
      }
      this.#queue[0] = first.subarray(maxWriteBytes)
      return first.subarray(0, maxWriteBytes)
    }
    let length = 0
    let count = 0
    while (count < this.#queue.length && length + this.#queue[count]!.length <= maxWriteBytes) length += this.#queue[count++]!.length
    return count === 1 ? this.#queue.shift()! : Buffer.concat(this.#queue.splice(0, count), length)
  }

  #progress(): void {
    this.#pump()
    this.#resumeWriters()
  }

  #resumeWriters(): void {
    const waiting = this.#settling
    this.#settling = []
    for (const resume of waiting) resume()
  }

  #armWriteTimer(): void {
    if (this.#writeTimer !== null) return
    this.#sentAtArming = this.#handed - this.#stream.writableLength
    this.#writeTimer = setTimeout(() => {
      this.#writeTimer = null
      const unsent = this.#queued + this.#stream.writableLength
      if (this.#closed || unsent === 0) return
      if (this.#handed - this.#stream.writableLength > this.#sentAtArming) this.#armWriteTimer()
      else this.destroy()
    }, this.#options.writeTimeoutMs)
    this.#writeTimer.unref()
  }

  // -- TLS, end -------------------------------------------------------------------------------------------------------------

  /**
   * Server side of a TLS handshake on this connection. What was read in clear and not used is thrown away, so that nothing
   * a man in the middle put before the handshake is taken for the client's (CVE-2011-0411). False when it failed: closed.
   */
  async startTls(context: SecureContext, timeoutMs: number): Promise<boolean> {
    try {
      await this.drain()
    } catch (error) {
      if (error instanceof ConnectionClosed) return false
      throw error
    }
    this.#detach()
    this.#stream.pause()
    this.#takeUnread()
    const secured = new TLSSocket(this.#stream, { isServer: true, secureContext: context, allowHalfOpen: true } as ConstructorParameters<typeof TLSSocket>[1])
    this.#stream = secured
    this.#attach()
    // Errors after the handshake come by this event, because no tls.Server owns the socket.
    secured.on('_tlsError', () => this.destroy())
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.destroy(), timeoutMs)
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      secured.once('secure', done)
      secured.once('close', done)
    })
    return !this.#closed
  }

  /**
   * Sends what is left as it is; from then on both directions are compressed (RFC 4978). What was read and not used is taken
   * for compressed, since a client has to wait before it says more. Throws ConnectionClosed.
   */
  async startDeflate(): Promise<void> {
    await this.drain()
    this.#detach()
    this.#stream.pause()
    this.#stream = new DeflateStream(this.#stream, this.#takeUnread())
    this.#attach()
  }

  #takeUnread(): Buffer {
    const unread = Buffer.concat(this.#chunks)
    this.#chunks = []
    this.#unread = 0
    this.#searched = 0
    return unread
  }

  /** Sends what is left, says that nothing more comes, and closes; what is written or read after the call is not. Never rejects. */
  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    if (this.#closed) return
    this.flush()
    this.#ended = true
    this.#chunks = []
    this.#unread = 0
    this.#wake()
    // The rest of what the client sends is of no interest, but a reset would take the last answer from it.
    this.#stream.removeAllListeners('data')
    this.#stream.resume()
    try {
      await this.drain()
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) throw error
    }
    if (this.#closed) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.destroy(), lingerMs)
      this.#stream.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      this.#stream.end()
    })
  }

  /** Closes at once. */
  destroy(): void {
    this.#stream.destroy()
    this.#close()
  }

  #attach(): void {
    const stream = this.#stream
    const receive = (chunk: Buffer): void => this.#receive(chunk)
    const progress = (): void => this.#progress()
    const ended = (): void => {
      this.#ended = true
      this.#wake()
    }
    const closed = (): void => this.#close()
    // A reset, a time-out: the client is gone, and `close` follows.
    const failed = (): void => this.destroy()
    stream.on('data', receive)
    stream.on('drain', progress)
    stream.on('end', ended)
    stream.on('close', closed)
    stream.on('error', failed)
    this.#detach = () => {
      stream.off('data', receive)
      stream.off('drain', progress)
      stream.off('end', ended)
      stream.off('close', closed)
    }
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#writeTimer !== null) clearTimeout(this.#writeTimer)
    this.#queue = []
    this.#queued = 0
    this.#text = ''
    this.#abort?.abort()
    this.#wake()
    this.#resumeWriters()
  }
}

/** A client gets this long to read our last words and close its side. */
const lingerMs = 2000
