/**
 * LMTP (RFC 2033) to core: kept connections, MAIL + RCPTs + DATA in one write (RFC 2920), the message exactly as it was kept.
 *
 * Invariants: a connection carries one transaction at a time; a connection whose state is in doubt is closed, not reused;
 * a transaction whose replies were lost is asked once more, under the same id, on a fresh connection. Core files a
 * transaction id once, so a second time does no harm.
 */
import type { Socket } from 'node:net'
import { connectPrivately, type PrivatePlace } from '../json-lines.ts'
import { tokenLine, transactionParameter, type SmtpReply, type TransactionId } from '../link-types.ts'
import { LmtpLost, LmtpReplies } from './lmtp-replies.ts'

export interface LmtpPoolOptions {
  readonly place: PrivatePlace
  /** Shown where the place is a port. */
  readonly token?: string
  readonly hostname: string
  readonly maxConnections: number
  readonly replyTimeoutMs: number
}

export interface LmtpMessage {
  readonly transaction: TransactionId
  /** `<user@host>` or `<>`. */
  readonly sender: string
  readonly recipients: readonly string[]
  readonly smtpUtf8: boolean
  /** Dot-stuffed, with the closing dot line. */
  readonly chunks: readonly Buffer[]
}

export interface LmtpPool {
  /**
   * Hands one message over. Answers the final reply of each recipient, in order; or, when nothing was handed over, one
   * refusal for all. Rejects with LmtpLost when core's answer is unknown.
   */
  deliver(message: LmtpMessage): Promise<readonly SmtpReply[]>
  close(): void
}

export function createLmtpPool(options: LmtpPoolOptions): LmtpPool {
  return new KeptConnections(options)
}

const maxWaiting = 10_000

interface Waiting {
  /** null = look again: a place has become free, or the connection that was to come is broken. */
  readonly give: (connection: LmtpConnection | null) => void
  readonly refuse: (error: LmtpLost) => void
}

class KeptConnections implements LmtpPool {
  readonly #options: LmtpPoolOptions
  readonly #idle: LmtpConnection[] = []
  readonly #open = new Set<LmtpConnection>()
  #waiting: Waiting[] = []
  #opening = 0
  #closed = false

  constructor(options: LmtpPoolOptions) {
    this.#options = options
  }

  async deliver(message: LmtpMessage): Promise<readonly SmtpReply[]> {
    try {
      return await this.#attempt(message, false)
    } catch (error) {
      if (!(error instanceof LmtpLost)) throw error
      return this.#attempt(message, true)
    }
  }

  close(): void {
    this.#closed = true
    for (const { refuse } of this.#waiting.splice(0)) refuse(new LmtpLost('closed'))
    for (const connection of this.#open) connection.close()
  }

  async #attempt(message: LmtpMessage, fresh: boolean): Promise<readonly SmtpReply[]> {
    const connection = await this.#take(fresh)
    try {
      return await connection.exchange(message)
    } finally {
      this.#giveBack(connection)
    }
  }

  async #take(fresh: boolean): Promise<LmtpConnection> {
    for (;;) {
      if (this.#closed) throw new LmtpLost('closed')
      const kept = this.#idle.pop()
      if (kept?.usable && !fresh) return kept
      kept?.close()
      if (this.#open.size + this.#opening < this.#options.maxConnections) return this.#connect()
      if (kept !== undefined) continue
      if (this.#waiting.length >= maxWaiting) throw new LmtpLost('too many messages are waiting for core')
      const given = await new Promise<LmtpConnection | null>((give, refuse) => this.#waiting.push({ give, refuse }))
      if (given?.usable && !fresh) return given
      given?.close()
    }
  }

  async #connect(): Promise<LmtpConnection> {
    this.#opening += 1
    try {
      const connection: LmtpConnection = await LmtpConnection.open(this.#options, (closed) => this.#open.delete(closed))
      this.#open.add(connection)
      return connection
    } catch (error) {
      this.#waiting.shift()?.give(null)
      throw error
    } finally {
      this.#opening -= 1
    }
  }

  #giveBack(connection: LmtpConnection): void {
    const usable = connection.usable && !this.#closed
    if (!usable) connection.close()
    const next = this.#waiting.shift()
    if (next !== undefined) next.give(usable ? connection : null)
    else if (usable) this.#idle.push(connection)
  }
}

class LmtpConnection {
  readonly #socket: Socket
  readonly #replies: LmtpReplies
  readonly #replyTimeoutMs: number
  #speaksUtf8 = false

  private constructor(options: LmtpPoolOptions, onClose: (connection: LmtpConnection) => void) {
    this.#socket = connectPrivately(options.place)
    if ('port' in options.place && options.token !== undefined) this.#socket.write(tokenLine(options.token))
    this.#replies = new LmtpReplies(this.#socket, () => onClose(this))
    this.#replyTimeoutMs = options.replyTimeoutMs
  }

  static async open(options: LmtpPoolOptions, onClose: (connection: LmtpConnection) => void): Promise<LmtpConnection> {
    const connection = new LmtpConnection(options, onClose)
    await connection.#timed(connection.#greet(options.hostname))
    return connection
  }

  get usable(): boolean {
    return !this.#replies.isLost && this.#socket.writable
  }

  close(): void {
    this.#replies.lose(new LmtpLost('closed'))
  }

  exchange(message: LmtpMessage): Promise<readonly SmtpReply[]> {
    return this.#timed(this.#transaction(message))
  }

  async #greet(hostname: string): Promise<void> {
    const [greeting] = await this.#replies.next(1)
    if (greeting!.code !== 220) throw this.#doubt(`greeted with ${greeting!.code}`)
    this.#socket.write(`LHLO ${hostname}\r\n`)
    const [hello] = await this.#replies.next(1)
    if (hello!.code !== 250) throw this.#doubt(`LHLO answered with ${hello!.code}`)
    this.#speaksUtf8 = /^SMTPUTF8\b/im.test(hello!.text)
  }

  async #transaction(message: LmtpMessage): Promise<readonly SmtpReply[]> {
    this.#socket.write(this.#envelope(message))
    const opening = await this.#replies.next(message.recipients.length + 2)
    const refused = opening.find(({ code }, index) => code >= 400 || (code >= 300 && index < opening.length - 1))
    if (refused !== undefined) {
      // After a 354 only a message could follow: nothing has been handed over yet, so leave.
      if (opening.at(-1)!.code === 354) this.#doubt('refused')
      else {
        this.#socket.write('RSET\r\n')
        await this.#replies.next(1)
      }
      return [refused]
    }
    this.#socket.cork()
    for (const chunk of message.chunks) this.#socket.write(chunk)
    this.#socket.uncork()
    return this.#replies.next(message.recipients.length)
  }

  #envelope({ sender, recipients, smtpUtf8, transaction }: LmtpMessage): string {
    const utf8 = smtpUtf8 && this.#speaksUtf8 ? ' SMTPUTF8' : ''
    const rcpts = recipients.map((recipient) => `RCPT TO:${recipient}\r\n`).join('')
    return `MAIL FROM:${sender}${utf8} ${transactionParameter}=${transaction}\r\n${rcpts}DATA\r\n`
  }

  #doubt(why: string): LmtpLost {
    const error = new LmtpLost(why)
    this.#replies.lose(error)
    return error
  }

  async #timed<T>(work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#doubt('core does not answer'), this.#replyTimeoutMs)
    try {
      return await work
    } finally {
      clearTimeout(timer)
    }
  }
}
