/**
 * LMTP (RFC 2033) to core: kept connections, MAIL + RCPTs + DATA in one write (RFC 2920), the message exactly as it was kept.
 *
 * Invariants: a connection carries one transaction at a time; a connection whose state is in doubt is closed, not reused;
 * a transaction whose replies were lost is asked once more, under the same id, on a fresh connection. Core files a
 * transaction id once, so a second time does no harm.
 */
import type { Socket } from 'node:net'
import { connectPrivately, type PrivatePlace } from '../json-lines.ts'
import { transactionParameter, type SmtpReply, type TransactionId } from '../link-types.ts'

export interface LmtpPoolOptions {
  readonly place: PrivatePlace
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

export class LmtpLost extends Error {}

const maxReplyBytes = 64 * 1024
const maxWaiting = 10_000

interface LmtpConnection {
  readonly exchange: (message: LmtpMessage) => Promise<readonly SmtpReply[]>
  readonly usable: () => boolean
  readonly close: () => void
}

export function createLmtpPool(options: LmtpPoolOptions): LmtpPool {
  const idle: LmtpConnection[] = []
  const open = new Set<LmtpConnection>()
  const waiting: { give: (fresh: LmtpConnection | null) => void; refuse: (error: LmtpLost) => void }[] = []
  let opening = 0
  let closed = false

  const connect = async (): Promise<LmtpConnection> => {
    opening += 1
    try {
      const connection = await openLmtp(options, () => open.delete(connection))
      open.add(connection)
      return connection
    } finally {
      opening -= 1
    }
  }

  const take = async (fresh: boolean): Promise<LmtpConnection> => {
    for (;;) {
      if (closed) throw new LmtpLost('closed')
      const kept = fresh ? undefined : idle.pop()
      if (kept?.usable()) return kept
      if (kept !== undefined) continue
      if (open.size + opening < options.maxConnections) return connect()
      if (fresh && idle.length > 0) {
        idle.pop()!.close()
        continue
      }
      if (waiting.length >= maxWaiting) throw new LmtpLost('too many messages are waiting for core')
      const given = await new Promise<LmtpConnection | null>((give, refuse) => waiting.push({ give, refuse }))
      if (given?.usable() && !fresh) return given
      given?.close()
    }
  }

  const give = (connection: LmtpConnection): void => {
    const usable = connection.usable() && !closed
    const next = waiting.shift()
    if (next !== undefined) next.give(usable ? connection : null)
    else if (usable) idle.push(connection)
    if (!usable) connection.close()
  }

  const attempt = async (message: LmtpMessage, fresh: boolean): Promise<readonly SmtpReply[]> => {
    const connection = await take(fresh).catch((error: unknown) => {
      // A failed connect leaves a place free that somebody may be waiting for.
      waiting.shift()?.give(null)
      throw error
    })
    try {
      return await connection.exchange(message)
    } finally {
      give(connection)
    }
  }

  return {
    async deliver(message) {
      try {
        return await attempt(message, false)
      } catch (error) {
        if (!(error instanceof LmtpLost)) throw error
        return attempt(message, true)
      }
    },
    close() {
      closed = true
      for (const { refuse } of waiting.splice(0)) refuse(new LmtpLost('closed'))
      for (const connection of open) connection.close()
    },
  }
}

/** Collects whole replies from a socket and hands them out in groups. */
function readReplies(socket: Socket, onLost: (error: LmtpLost) => void) {
  let text = ''
  let lines: string[] = []
  let got: SmtpReply[] = []
  let want = 0
  let resolve: ((replies: SmtpReply[]) => void) | null = null
  let reject: ((error: LmtpLost) => void) | null = null
  let lost: LmtpLost | null = null

  const lose = (error: LmtpLost): void => {
    if (lost !== null) return
    lost = error
    socket.destroy()
    reject?.(error)
    onLost(error)
  }
  const takeLine = (line: string): void => {
    lines.push(line)
    if (line[3] === '-') return
    got.push(parseReply(lines))
    lines = []
    if (got.length > want) lose(new LmtpLost('a reply that nobody asked for'))
    else if (got.length === want) {
      const replies = got
      got = []
      want = 0
      resolve?.(replies)
    }
  }
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    text += chunk
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = text.slice(0, text[end - 1] === '\r' ? end - 1 : end)
      text = text.slice(end + 1)
      takeLine(line)
    }
    if (text.length > maxReplyBytes || lines.length > 1000) lose(new LmtpLost('an endless reply'))
  })
  socket.on('error', (error) => lose(new LmtpLost(error.message)))
  socket.on('close', () => lose(new LmtpLost('connection closed')))
  return {
    lose,
    isLost: () => lost !== null,
    next: (count: number): Promise<SmtpReply[]> =>
      new Promise((yes, no) => {
        if (lost !== null) return no(lost)
        want = count
        resolve = yes
        reject = no
      }),
  }
}

export function parseReply(lines: readonly string[]): SmtpReply {
  const code = Number(lines[0]!.slice(0, 3))
  const texts = lines.map((line) => line.slice(4))
  const enhanced = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(texts[0]!)?.[1] ?? ''
  const text = texts.map((line) => (enhanced !== '' && line.startsWith(enhanced) ? line.slice(enhanced.length + 1) : line))
  return { code: code >= 200 && code < 600 ? code : 451, enhanced, text: text.join('\n') }
}

async function openLmtp(options: LmtpPoolOptions, onClose: () => void): Promise<LmtpConnection> {
  const socket = connectPrivately(options.place)
  const replies = readReplies(socket, onClose)
  const timed = async <T>(work: Promise<T>): Promise<T> => {
    const timer = setTimeout(() => replies.lose(new LmtpLost('core does not answer')), options.replyTimeoutMs)
    try {
      return await work
    } finally {
      clearTimeout(timer)
    }
  }
  const [greeting] = await timed(replies.next(1))
  if (greeting!.code !== 220) replies.lose(new LmtpLost(`greeted with ${greeting!.code}`))
  socket.write(`LHLO ${options.hostname}\r\n`)
  const [hello] = await timed(replies.next(1))
  if (hello!.code !== 250) replies.lose(new LmtpLost(`LHLO answered with ${hello!.code}`))
  const speaksUtf8 = /^SMTPUTF8\b/im.test(hello!.text)

  const envelope = (message: LmtpMessage): string => {
    const utf8 = message.smtpUtf8 && speaksUtf8 ? ' SMTPUTF8' : ''
    const recipients = message.recipients.map((recipient) => `RCPT TO:${recipient}\r\n`).join('')
    return `MAIL FROM:${message.sender}${utf8} ${transactionParameter}=${message.transaction}\r\n${recipients}DATA\r\n`
  }

  const exchange = async (message: LmtpMessage): Promise<readonly SmtpReply[]> => {
    socket.write(envelope(message))
    const opening = await replies.next(message.recipients.length + 2)
    const refused = opening.find((reply, index) => reply.code >= 400 || (index < opening.length - 1 && reply.code >= 300))
    if (refused !== undefined) {
      // After a 354 only a message could follow: nothing has been handed over yet, so leave.
      if (opening.at(-1)!.code === 354) replies.lose(new LmtpLost('refused'))
      else {
        socket.write('RSET\r\n')
        await replies.next(1)
      }
      return [refused]
    }
    socket.cork()
    for (const chunk of message.chunks) socket.write(chunk)
    socket.uncork()
    return replies.next(message.recipients.length)
  }
  return {
    exchange: (message) => timed(exchange(message)),
    usable: () => !replies.isLost() && socket.writable,
    close: () => replies.lose(new LmtpLost('closed')),
  }
}
