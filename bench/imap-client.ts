/**
 * A raw IMAP client that costs little (RFC 9051 §2.2, §7): one command at a time, its answer counted in bytes and kept only
 * when it is asked for. The end of an answer is its tagged line at the end of what has come.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { loopback, requireLoopback } from './loopback.ts'

export interface ImapPlace {
  readonly host?: string
  readonly port: number
  readonly tls?: boolean
}

export interface ImapAnswer {
  /** The tagged line without its CRLF. */
  readonly line: string
  readonly ok: boolean
  readonly bytes: number
  /** From the command's last byte written to the answer's last byte read. */
  readonly ms: number
  /** Everything, when it was to be kept. */
  readonly text: string
}

interface Waiting {
  readonly tag: string
  readonly startedMs: number
  readonly kept: Buffer[] | null
  bytes: number
  readonly resolve: (answer: ImapAnswer) => void
  readonly reject: (error: Error) => void
}

const answerTimeoutMs = 300_000
/** A tagged line with sets of UIDs in its code is longer than most, never longer than this. */
const tailBytes = 16_384

export class ImapClient {
  readonly #socket: Socket
  #waiting: Waiting | null = null
  #onPush: ((text: string) => void) | null = null
  #tail: Buffer = Buffer.alloc(0)
  #commands = 0
  #failure: Error | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
    socket.on('timeout', () => socket.destroy(new Error('no answer in time')))
  }

  /** After the greeting. */
  static async connect({ host = loopback, port, tls = false }: ImapPlace): Promise<ImapClient> {
    requireLoopback(host)
    // The certificate of a server under test is its own.
    const socket = tls ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port })
    const client = new ImapClient(socket)
    await client.#expect('*')
    return client
  }

  /** Connects and signs in. */
  static async signedIn(place: ImapPlace, user: string, password: string): Promise<ImapClient> {
    const client = await ImapClient.connect(place)
    await client.command(`LOGIN "${user}" "${password}"`)
    return client
  }

  /** Rejects when the answer is not OK. */
  async command(text: string | Buffer, { keep = false } = {}): Promise<ImapAnswer> {
    const tag = `q${(++this.#commands).toString(36)}z`
    const bytes = Buffer.concat([Buffer.from(`${tag} `), typeof text === 'string' ? Buffer.from(text) : text, Buffer.from('\r\n')])
    const answered = this.#expect(tag, keep)
    this.#socket.write(bytes)
    const answer = await answered
    if (!answer.ok) throw new Error(`${bytes.toString('utf8', 0, 80).trimEnd()}: ${answer.line}`)
    return answer
  }

  /** RFC 7888 LITERAL+. `date` is RFC 9051's date-time. */
  append(mailbox: string, message: Buffer, date: string): Promise<ImapAnswer> {
    return this.command(Buffer.concat([Buffer.from(`APPEND ${mailbox} "${date}" {${message.length}+}\r\n`), message]))
  }

  /** RFC 9051 §6.3.13; resolves when the server waits. What it then says goes to `onPush`, until the connection is closed. */
  async idle(onPush: (text: string) => void): Promise<void> {
    const begun = Promise.withResolvers<void>()
    this.#socket.setTimeout(0)
    this.#onPush = (text) => {
      if (!text.includes('+ ')) return
      this.#onPush = onPush
      begun.resolve()
    }
    this.#socket.write(`i${++this.#commands} IDLE\r\n`)
    await begun.promise
  }

  close(): void {
    this.#socket.destroy()
  }

  #expect(tag: string, keep = false): Promise<ImapAnswer> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    this.#socket.setTimeout(answerTimeoutMs)
    const { promise, resolve, reject } = Promise.withResolvers<ImapAnswer>()
    this.#tail = Buffer.alloc(0)
    this.#waiting = { tag, startedMs: performance.now(), kept: keep ? [] : null, bytes: 0, resolve, reject }
    return promise
  }

  #take(chunk: Buffer): void {
    const waiting = this.#waiting
    if (waiting === null) return this.#onPush?.(chunk.toString('latin1'))
    waiting.bytes += chunk.length
    waiting.kept?.push(chunk)
    this.#tail = chunk.length >= tailBytes ? chunk.subarray(-tailBytes) : Buffer.concat([this.#tail, chunk]).subarray(-tailBytes)
    const tail = this.#tail
    if (tail.at(-1) !== 0x0a) return
    const line = tail.toString('latin1', tail.lastIndexOf(0x0a, tail.length - 2) + 1, tail.length - 2)
    if (!line.startsWith(`${waiting.tag} `)) return
    this.#waiting = null
    waiting.resolve({
      line,
      ok: line.startsWith(`${waiting.tag} OK`),
      bytes: waiting.bytes,
      ms: performance.now() - waiting.startedMs,
      text: waiting.kept === null ? '' : Buffer.concat(waiting.kept).toString('utf8'),
    })
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#waiting?.reject(this.#failure)
    this.#waiting = null
  }
}
