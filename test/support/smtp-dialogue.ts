/** A raw SMTP client for tests: it sends exactly the bytes it is told to, and reads whole replies. */
import net from 'node:net'
import tls from 'node:tls'

export interface Reply {
  readonly code: number
  /** All lines, without their codes. */
  readonly lines: readonly string[]
  readonly text: string
}

export interface SmtpDialogue extends AsyncDisposable {
  /** Writes bytes as they are. */
  write(bytes: string | Uint8Array): void
  /** The next whole reply; rejects when the connection closes before it. */
  reply(): Promise<Reply>
  /** One command line, and its reply. */
  say(line: string): Promise<Reply>
  /** EHLO, MAIL, RCPTs, DATA and the bytes behind it; answers the last reply. Stops at the first refusal. */
  send(mail: { from: string; to: readonly string[]; data: string | Uint8Array; mailParameters?: string }): Promise<Reply>
  startTls(): Promise<void>
  /** Resolves when the other side has closed. */
  closed: Promise<void>
  destroy(): void
}

const replyTimeoutMs = 20_000

export async function dial(
  port: number,
  options: { host?: string; implicitTls?: boolean; greet?: boolean } = {},
): Promise<SmtpDialogue> {
  const host = options.host ?? '127.0.0.1'
  let socket: net.Socket = options.implicitTls
    ? tls.connect({ host, port, rejectUnauthorized: false })
    : net.connect({ host, port, noDelay: true })
  let text = ''
  let lines: string[] = []
  const replies: Reply[] = []
  const waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = []
  let ended = false
  const { promise: closed, resolve: noteClosed } = Promise.withResolvers<void>()

  const end = (): void => {
    ended = true
    noteClosed()
    for (const { reject } of waiting.splice(0)) reject(new Error(`closed before a reply; unread: ${text}`))
  }
  const take = (chunk: string): void => {
    text += chunk
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      const line = text.slice(0, at).replace(/\r$/, '')
      text = text.slice(at + 1)
      lines.push(line)
      if (line[3] === '-') continue
      const bodies = lines.map((each) => each.slice(4))
      const reply = { code: Number(line.slice(0, 3)), lines: bodies, text: bodies.join('\n') }
      lines = []
      const next = waiting.shift()
      if (next === undefined) replies.push(reply)
      else next.resolve(reply)
    }
  }
  const attach = (to: net.Socket): void => {
    to.setEncoding('utf8')
    to.on('data', take)
    to.on('error', end)
    to.on('close', end)
  }
  attach(socket)

  const reply = (): Promise<Reply> => {
    const ready = replies.shift()
    if (ready !== undefined) return Promise.resolve(ready)
    if (ended) return Promise.reject(new Error('closed'))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no reply in time')), replyTimeoutMs)
      waiting.push({
        resolve: (got) => {
          clearTimeout(timer)
          resolve(got)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
    })
  }
  const write = (bytes: string | Uint8Array): void => void socket.write(bytes)
  const say = (line: string): Promise<Reply> => {
    write(`${line}\r\n`)
    return reply()
  }

  const dialogue: SmtpDialogue = {
    write,
    reply,
    say,
    async send({ from, to, data, mailParameters = '' }) {
      const commands = [`MAIL FROM:<${from}>${mailParameters}`, ...to.map((recipient) => `RCPT TO:<${recipient}>`), 'DATA']
      for (const command of commands) {
        const answer = await say(command)
        if (answer.code >= 400) return answer
      }
      write(data)
      return reply()
    },
    async startTls() {
      const answer = await say('STARTTLS')
      if (answer.code !== 220) throw new Error(`STARTTLS: ${answer.code} ${answer.text}`)
      socket.removeAllListeners('data')
      socket.removeAllListeners('close')
      const plain = socket
      await new Promise<void>((resolve, reject) => {
        const secure = tls.connect({ socket: plain, rejectUnauthorized: false }, () => resolve())
        secure.once('error', reject)
        socket = secure
      })
      attach(socket)
    },
    closed,
    destroy: () => void socket.destroy(),
    async [Symbol.asyncDispose]() {
      socket.destroy()
      await closed
    },
  }
  if (options.greet !== false) {
    const greeting = await reply()
    if (greeting.code !== 220) throw new Error(`greeted with ${greeting.code} ${greeting.text}`)
    await say('EHLO client.example')
  }
  return dialogue
}

/** Text with CR LF line ends, dot-stuffed, with the closing dot line. */
export function dataOf(message: Uint8Array): Buffer {
  const stuffed = Buffer.from(message).toString('latin1').replace(/(^|\r\n)\./g, '$1..')
  const closed = stuffed === '' || stuffed.endsWith('\r\n') ? stuffed : `${stuffed}\r\n`
  return Buffer.from(`${closed}.\r\n`, 'latin1')
}

export function plainCredentials(user: string, password: string): string {
  return Buffer.from(`\0${user}\0${password}`).toString('base64')
}
