/**
 * The hand-over's frames: a line of JSON that names the number of bytes behind it, then those bytes as they are. First a
 * frame with the token; then one for each batch of outbox rows, each answered by a line of JSON.
 */
import type { Socket } from 'node:net'
import type { SmtpReply } from './link-types.ts'

export type HandoverFrame =
  | { readonly token: string; readonly bytes: 0 }
  | {
      readonly id: number
      readonly sender: string
      readonly rows: readonly { readonly id: string; readonly recipient: string }[]
      readonly bytes: number
    }

export interface HandoverAnswer {
  readonly id: number
  accepted: string[]
  readonly refused: { id: string; reply: SmtpReply }[]
}

export const maxHeadBytes = 4 * 1024 * 1024

export interface FrameEvents {
  /** Frames are worked on one after the other: the next one is read when this has resolved. */
  readonly onFrame: (frame: HandoverFrame, body: Buffer) => Promise<void>
  readonly maxBodyBytes: () => number
  /** Of a frame's line; that of a batch to very many when it is not given. */
  readonly maxHeadBytes?: () => number
}

/** Reads frames until the socket closes; closes it on anything that is not one. */
export function readFrames(socket: Socket, events: FrameEvents): void {
  const reader = new FrameReader(socket, events)
  socket.on('data', (chunk: Buffer) => reader.take(chunk))
}

class FrameReader {
  readonly #socket: Socket
  readonly #events: FrameEvents
  #pending: Buffer[] = []
  #pendingBytes = 0
  #head: HandoverFrame | null = null
  #working = false

  constructor(socket: Socket, events: FrameEvents) {
    this.#socket = socket
    this.#events = events
  }

  take(chunk: Buffer): void {
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    if (this.#working) return
    this.#working = true
    void this.#work().catch(() => this.#socket.destroy())
  }

  async #work(): Promise<void> {
    while (!this.#socket.destroyed && (this.#head !== null || this.#readHead())) {
      const frame = this.#head
      if (frame === null || this.#pendingBytes < frame.bytes) break
      const body = this.#cut(frame.bytes)
      this.#head = null
      // What comes in meanwhile waits in the kernel, not here.
      this.#socket.pause()
      await this.#events.onFrame(frame, body)
      this.#socket.resume()
    }
    this.#working = false
  }

  #readHead(): boolean {
    const whole = this.#join()
    const end = whole.indexOf(0x0a)
    if (end < 0) {
      if (this.#pendingBytes > (this.#events.maxHeadBytes?.() ?? maxHeadBytes)) this.#socket.destroy()
      return false
    }
    this.#head = parseHead(this.#cut(end + 1).toString('utf8'))
    if (this.#head !== null && this.#head.bytes <= this.#events.maxBodyBytes()) return true
    this.#socket.destroy()
    return false
  }

  #join(): Buffer {
    const whole = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending)
    this.#pending = [whole]
    return whole
  }

  #cut(bytes: number): Buffer {
    const whole = this.#join()
    const rest = whole.subarray(bytes)
    this.#pending = rest.length > 0 ? [rest] : []
    this.#pendingBytes = rest.length
    return whole.subarray(0, bytes)
  }
}

function parseHead(text: string): HandoverFrame | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null // Not our peer: the caller closes.
  }
  if (typeof value !== 'object' || value === null || !('bytes' in value)) return null
  return Number.isSafeInteger(value.bytes) && Number(value.bytes) >= 0 ? (value as HandoverFrame) : null
}
