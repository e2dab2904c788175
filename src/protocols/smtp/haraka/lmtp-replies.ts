/** Replies of an LMTP server (RFC 2033, RFC 5321 §4.2), read from a socket and handed out in groups. */
import type { Socket } from 'node:net'
import type { SmtpReply } from '../link-types.ts'

/** The connection is gone or in doubt: what core did with the transaction is unknown. */
export class LmtpLost extends Error {}

const maxReplyBytes = 64 * 1024
const maxReplyLines = 1000

export class LmtpReplies {
  readonly #socket: Socket
  readonly #onLost: () => void
  #text = ''
  #lines: string[] = []
  #got: SmtpReply[] = []
  #want = 0
  #waiting: { resolve: (replies: SmtpReply[]) => void; reject: (error: LmtpLost) => void } | null = null
  #lost: LmtpLost | null = null

  constructor(socket: Socket, onLost: () => void) {
    this.#socket = socket
    this.#onLost = onLost
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => this.#read(chunk))
    socket.on('error', (error) => this.lose(new LmtpLost(error.message)))
    socket.on('close', () => this.lose(new LmtpLost('connection closed')))
  }

  get isLost(): boolean {
    return this.#lost !== null
  }

  /** The next `count` replies, together; one caller at a time. */
  next(count: number): Promise<SmtpReply[]> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) return reject(this.#lost)
      this.#want = count
      this.#waiting = { resolve, reject }
    })
  }

  lose(error: LmtpLost): void {
    if (this.#lost !== null) return
    this.#lost = error
    this.#socket.destroy()
    this.#waiting?.reject(error)
    this.#onLost()
  }

  #read(chunk: string): void {
    this.#text += chunk
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, this.#text[end - 1] === '\r' ? end - 1 : end)
      this.#text = this.#text.slice(end + 1)
      this.#takeLine(line)
    }
    if (this.#text.length > maxReplyBytes || this.#lines.length > maxReplyLines) this.lose(new LmtpLost('an endless reply'))
  }

  #takeLine(line: string): void {
    this.#lines.push(line)
    if (line[3] === '-') return
    this.#got.push(parseReply(this.#lines))
    this.#lines = []
    // A 421 before the end of an idle connection comes here too.
    if (this.#got.length > this.#want) return this.lose(new LmtpLost('a reply that nobody asked for'))
    if (this.#got.length < this.#want) return
    const replies = this.#got
    this.#got = []
    this.#want = 0
    this.#waiting?.resolve(replies)
    this.#waiting = null
  }
}

export function parseReply(lines: readonly string[]): SmtpReply {
  const code = Number(lines[0]!.slice(0, 3))
  const texts = lines.map((line) => line.slice(4))
  const enhanced = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(texts[0]!)?.[1] ?? ''
  const text = texts.map((line) => (enhanced !== '' && line.startsWith(enhanced) ? line.slice(enhanced.length + 1) : line))
  // What is no reply is a temporary failure: the message stays with its sender.
  return { code: code >= 200 && code < 600 ? code : 451, enhanced, text: text.join('\n') }
}
