/**
 * Core's end of the hand-over: due outbox rows go to Haraka for delivery, over one kept private connection.
 *
 * Invariants: the bytes are sent as they are (prefix, then body); a batch gets one answer, which says of each row whether
 * Haraka has it; a batch whose answer was lost rejects with HandoverLost, and the caller lets the lease of its rows run out.
 * A row that reaches the same Haraka twice is queued once; one that Haraka had put off is tried at once then.
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

const defaultAnswerTimeoutMs = 60_000

export function createHandover(options: HandoverOptions): Handover {
  return new KeptHandover(options)
}

class KeptHandover implements Handover {
  readonly #options: HandoverOptions
  readonly #waiting = new Map<number, Waiting>()
  #socket: Socket | null = null
  #nextId = 1

  constructor(options: HandoverOptions) {
    this.#options = options
  }

  async hand({ sender, rows, prefix, body }: OutgoingBatch): Promise<HandoverResult> {
    const frame = { id: this.#nextId++, sender, rows, bytes: prefix.length + body.length }
    const { accepted, refused } = await this.#send(frame, [prefix, body])
    return { accepted, refused }
  }

  [Symbol.dispose](): void {
    if (this.#socket !== null) this.#lose(this.#socket, 'closed')
  }

  async #send(frame: Exclude<HandoverFrame, { token: string }>, body: readonly Uint8Array[]): Promise<HandoverAnswer> {
    this.#socket ??= this.#connect()
    const socket = this.#socket
    const answered = new Promise<HandoverAnswer>((resolve, reject) => this.#waiting.set(frame.id, { resolve, reject }))
    const timeoutMs = this.#options.answerTimeoutMs ?? defaultAnswerTimeoutMs
    const late = setTimeout(() => this.#lose(socket, 'ingress does not answer'), timeoutMs)
    socket.cork()
    socket.write(`${JSON.stringify(frame)}\n`)
    for (const piece of body) if (piece.length > 0) socket.write(piece)
    socket.uncork()
    try {
      return await answered
    } finally {
      clearTimeout(late)
    }
  }

  #connect(): Socket {
    const socket = connectPrivately(this.#options.place)
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        this.#takeAnswer(socket, text.slice(0, end))
        text = text.slice(end + 1)
      }
    })
    socket.on('error', (error) => this.#lose(socket, error.message))
    socket.on('close', () => this.#lose(socket, 'the connection to ingress was closed'))
    const hello: HandoverFrame = { token: this.#options.token, bytes: 0 }
    socket.write(`${JSON.stringify(hello)}\n`)
    return socket
  }

  #takeAnswer(socket: Socket, line: string): void {
    let answer: HandoverAnswer
    try {
      answer = JSON.parse(line) as HandoverAnswer
    } catch {
      return this.#lose(socket, 'ingress answered something else') // Whoever it is, it is not ours.
    }
    this.#waiting.get(answer.id)?.resolve(answer)
    this.#waiting.delete(answer.id)
  }

  #lose(socket: Socket, why: string): void {
    socket.destroy()
    if (this.#socket !== socket) return
    this.#socket = null
    for (const { reject } of this.#waiting.values()) reject(new HandoverLost(why))
    this.#waiting.clear()
  }
}
