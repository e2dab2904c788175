/**
 * Replies of other servers are input from outside: one command's reply may be this large and take this long, whatever the
 * server says meanwhile. Haraka keeps all lines of a reply, each of up to 4 MB, and its timeout counts from the last byte.
 */
import type { EventEmitter } from 'node:events'

/** RFC 5321 §4.5.3.1.5 has lines of 512 bytes; an EHLO of a hundred extensions is not a tenth of it. */
const maxReplyBytes = 64 * 1024
/** Of the timeout between two bytes; some servers send a long reply line by line. */
const maxTimeouts = 5

/** A connection to another server. */
export interface OutsideSocket extends EventEmitter {
  write(data: unknown, ...rest: unknown[]): unknown
  destroy(): void
}

/** @param timeoutMs between two bytes; `nowMs` never steps back */
export function boundReplies(socket: OutsideSocket, timeoutMs: number, nowMs: () => number = () => performance.now()): void {
  let bytes = 0
  let sinceMs: number | null = null
  const write = socket.write.bind(socket)
  socket.write = (data, ...rest) => {
    bytes = 0
    sinceMs = null
    return write(data, ...rest)
  }
  socket.on('data', (chunk: Buffer | string) => {
    bytes += chunk.length
    // From its first byte: before that, the wait is Haraka's to end.
    sinceMs ??= nowMs()
    const over = bytes > maxReplyBytes ? 'too long a reply' : nowMs() - sinceMs > maxTimeouts * timeoutMs ? 'too slow a reply' : null
    if (over === null) return
    socket.emit('error', new Error(over))
    socket.destroy()
  })
}
