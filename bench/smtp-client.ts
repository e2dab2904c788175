/**
 * A raw SMTP (RFC 5321) or LMTP (RFC 2033) client for load: one message after the other on a kept connection, commands
 * pipelined where the server announces it (RFC 2920).
 */
import { connect, type Socket } from 'node:net'
import { loopback, requireLoopback } from './loopback.ts'

export interface SmtpPlace {
  readonly host?: string
  readonly port: number
  readonly lmtp: boolean
}

export interface Envelope {
  readonly sender: string
  readonly recipient: string
}

const replyTimeoutMs = 60_000
const endOfData = Buffer.from('.\r\n')

/** Dot-stuffed, with its end: ready for the wire, so that making it is no part of the time. */
export function wireMessage(message: Buffer): Buffer {
  const stuffed = Buffer.from(message.toString('latin1').replace(/^\./gm, '..'), 'latin1')
  const whole = stuffed.subarray(-2).toString('latin1') === '\r\n' ? stuffed : Buffer.concat([stuffed, Buffer.from('\r\n')])
  return Buffer.concat([whole, endOfData])
}

export class SmtpClient {
  readonly #socket: Socket
  readonly #replies: string[] = []
  #waiting: { readonly resolve: (reply: string) => void; readonly reject: (error: Error) => void } | null = null
  #rest = ''
  #pipelines = false
  #failure: Error | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.setTimeout(replyTimeoutMs, () => socket.destroy(new Error('no reply in time')))
    socket.on('data', (text: string) => this.#take(text))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  /** After the greeting and the answer to EHLO or LHLO. */
  static async connect({ host = loopback, port, lmtp }: SmtpPlace): Promise<SmtpClient> {
    requireLoopback(host)
    const client = new SmtpClient(connect({ host, port }))
    await client.#expect('2')
    client.#socket.write(`${lmtp ? 'LHLO' : 'EHLO'} load.example.com\r\n`)
    await client.#expect('2')
    return client
  }

  /** One message of `wireMessage` to one recipient; resolves with the last reply, rejects unless the server took it. */
  async send({ sender, recipient }: Envelope, message: Buffer): Promise<string> {
    const commands = [`MAIL FROM:<${sender}>\r\n`, `RCPT TO:<${recipient}>\r\n`, 'DATA\r\n']
    if (this.#pipelines) this.#socket.write(commands.join(''))
    for (const command of commands) {
      if (!this.#pipelines) this.#socket.write(command)
      await this.#expect(command === 'DATA\r\n' ? '3' : '2')
    }
    this.#socket.write(message)
    return await this.#expect('2')
  }

  async quit(): Promise<void> {
    this.#socket.write('QUIT\r\n')
    await this.#expect('2')
    this.#socket.destroy()
  }

  close(): void {
    this.#socket.destroy()
  }

  async #expect(kind: string): Promise<string> {
    const reply = this.#replies.shift() ?? (await this.#next())
    if (reply[0] !== kind) throw new Error(`the server said ${reply}`)
    return reply
  }

  #next(): Promise<string> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#waiting = { resolve, reject }
    return promise
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\r\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (/^250[ -]PIPELINING/i.test(line)) this.#pipelines = true
      if (line[3] === '-') continue
      const waiting = this.#waiting
      this.#waiting = null
      if (waiting === null) this.#replies.push(line)
      else waiting.resolve(line)
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#waiting?.reject(this.#failure)
    this.#waiting = null
  }
}
