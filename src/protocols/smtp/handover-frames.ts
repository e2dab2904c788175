/**
 * The hand-over's frames: a line of JSON that names the number of bytes behind it, then those bytes as they are. First a
 * frame with the token; then one for each batch of outbox rows, each answered by a line of JSON.
 */
import type { Socket } from 'node:net'
import type { SmtpReply } from './link-types.ts'

export type HandoverFrame =
  | { readonly token: string; readonly bytes: 0 }
  /** Try now what Haraka put off. */
  | { readonly id: number; readonly retry: true; readonly bytes: 0 }
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

const maxHeadBytes = 4 * 1024 * 1024

export interface FrameEvents {
  /** Frames are worked on one after the other: the next one is read when this has resolved. */
  readonly onFrame: (frame: HandoverFrame, body: Buffer) => Promise<void>
  readonly maxBodyBytes: () => number
}

/** Reads frames until the socket closes; closes it on anything that is not one. */
export function readFrames(socket: Socket, events: FrameEvents): void {
  let pending: Buffer[] = []
  let pendingBytes = 0
  let head: HandoverFrame | null = null
  let working = false

  const join = (): Buffer => {
    const whole = pending.length === 1 ? pending[0]! : Buffer.concat(pending)
    pending = [whole]
    return whole
  }
  const keepFrom = (whole: Buffer, start: number): void => {
    const rest = whole.subarray(start)
    pending = rest.length > 0 ? [rest] : []
    pendingBytes = rest.length
  }
  const readHead = (): boolean => {
    const whole = join()
    const end = whole.indexOf(0x0a)
    if (end < 0) {
      if (pendingBytes > maxHeadBytes) socket.destroy()
      return false
    }
    head = parseHead(whole.toString('utf8', 0, end))
    if (head === null || head.bytes > events.maxBodyBytes()) {
      socket.destroy()
      return false
    }
    keepFrom(whole, end + 1)
    return true
  }
  const work = async (): Promise<void> => {
    if (working) return
    working = true
    while (!socket.destroyed && (pendingBytes > 0 || head?.bytes === 0)) {
      if (head === null && !readHead()) break
      if (head === null || pendingBytes < head.bytes) break
      const frame: HandoverFrame = head
      const whole = pendingBytes > 0 ? join() : Buffer.alloc(0)
      head = null
      keepFrom(whole, frame.bytes)
      await events.onFrame(frame, whole.subarray(0, frame.bytes))
    }
    working = false
  }
  socket.on('data', (chunk: Buffer) => {
    pending.push(chunk)
    pendingBytes += chunk.length
    void work().catch(() => socket.destroy())
  })
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
