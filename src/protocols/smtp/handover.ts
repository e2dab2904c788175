/**
 * Core's end of the hand-over: due outbox rows go to Haraka for delivery, over one kept private connection.
 *
 * Invariants: the bytes are sent as they are (prefix, then body); a batch gets one answer, which says of each row whether
 * Haraka has it; a batch whose answer was lost rejects with HandoverLost, and the caller lets the lease of its rows run out.
 * A row that reaches the same Haraka twice is queued once.
 */
import type { Socket } from 'node:net'
import { connectPrivately, type PrivatePlace } from './json-lines.ts'
import type { HandoverAnswer, HandoverFrame } from './handover-frames.ts'
import type { SmtpReply } from './link-types.ts'

export interface OutgoingBatch {
  /** '' for the null sender. */
  readonly sender: string
  readonly rows: readonly { readonly id: string; readonly recipient: string }[]
  /** Trace and signature lines of ours, before the message. */
  readonly prefix: Uint8Array
  readonly body: Uint8Array
}

export interface HandoverResult {
  readonly accepted: readonly string[]
  readonly refused: readonly { readonly id: string; readonly reply: SmtpReply }[]
}

export interface Handover extends Disposable {
  hand(batch: OutgoingBatch): Promise<HandoverResult>
  /** What Haraka put off after a temporary refusal is tried now. */
  retryNow(): Promise<void>
}

export class HandoverLost extends Error {}

export interface HandoverOptions {
  readonly place: PrivatePlace
  readonly token: string
  readonly answerTimeoutMs?: number
}

interface Waiting {
  readonly resolve: (answer: HandoverAnswer) => void
  readonly reject: (error: HandoverLost) => void
}

export function createHandover(options: HandoverOptions): Handover {
  const waiting = new Map<number, Waiting>()
  let socket: Socket | null = null
  let nextId = 1

  const lose = (lost: Socket, why: string): void => {
    lost.destroy()
    if (socket !== lost) return
    socket = null
    for (const { reject } of waiting.values()) reject(new HandoverLost(why))
    waiting.clear()
  }

  const connect = (): Socket => {
    const opened = connectPrivately(options.place)
    let text = ''
    opened.setEncoding('utf8')
    opened.on('data', (chunk: string) => {
      text += chunk
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const answer = JSON.parse(text.slice(0, end)) as HandoverAnswer
        text = text.slice(end + 1)
        waiting.get(answer.id)?.resolve(answer)
        waiting.delete(answer.id)
      }
    })
    opened.on('error', (error) => lose(opened, error.message))
    opened.on('close', () => lose(opened, 'the connection to ingress was closed'))
    const hello: HandoverFrame = { token: options.token, bytes: 0 }
    opened.write(`${JSON.stringify(hello)}\n`)
    return opened
  }

  const send = async (frame: Exclude<HandoverFrame, { token: string }>, body: Uint8Array[]): Promise<HandoverAnswer> => {
    socket ??= connect()
    const used = socket
    const answered = new Promise<HandoverAnswer>((resolve, reject) => waiting.set(frame.id, { resolve, reject }))
    const late = setTimeout(() => lose(used, 'ingress does not answer'), options.answerTimeoutMs ?? 60_000)
    used.cork()
    used.write(`${JSON.stringify(frame)}\n`)
    for (const piece of body) if (piece.length > 0) used.write(piece)
    used.uncork()
    try {
      return await answered
    } finally {
      clearTimeout(late)
    }
  }

  return {
    async hand({ sender, rows, prefix, body }) {
      const { accepted, refused } = await send(
        { id: nextId++, sender, rows, bytes: prefix.length + body.length },
        [prefix, body],
      )
      return { accepted, refused }
    },
    async retryNow() {
      await send({ id: nextId++, retry: true, bytes: 0 }, [])
    },
    [Symbol.dispose]() {
      if (socket !== null) lose(socket, 'closed')
    },
  }
}
