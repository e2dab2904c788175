/**
 * Newline-framed JSON on a socket: the framing of the link and of the hand-over (design §2).
 *
 * Invariants: a line is one JSON value and never longer than `maxLineBytes`; lines that are sent in one turn of the event
 * loop leave in one write; `onClose` is called exactly once, and `onLine` never after it.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { chmod, unlink } from 'node:fs/promises'
import net from 'node:net'

/** Where a private server listens: a Unix socket, or TCP inside the province's private network. */
export type PrivatePlace = { readonly path: string } | { readonly host: string; readonly port: number }

const lineFeed = 0x0a

export interface JsonLines {
  send(value: unknown): void
  close(reason?: Error): void
}

export interface JsonLinesEvents {
  readonly maxLineBytes: () => number
  readonly onLine: (value: unknown) => void
  readonly onClose: (reason: Error | null) => void
}

export function openJsonLines(socket: net.Socket, events: JsonLinesEvents): JsonLines {
  let waiting: string[] = []
  let pending: Buffer[] = []
  let pendingBytes = 0
  let closed = false

  const finish = (reason: Error | null): void => {
    if (closed) return
    closed = true
    waiting = []
    pending = []
    socket.destroy()
    events.onClose(reason)
  }

  const flush = (): void => {
    if (closed || waiting.length === 0) return
    const text = waiting.join('')
    waiting = []
    socket.write(text)
  }

  const takeLines = (complete: Buffer): void => {
    for (const line of complete.toString('utf8').split('\n')) {
      if (line === '') continue
      if (closed) return
      let value: unknown
      try {
        value = JSON.parse(line)
      } catch {
        // What is not JSON is not our peer: the text is not repeated, it may hold a password.
        finish(new Error('a line that is not JSON'))
        return
      }
      events.onLine(value)
    }
  }

  socket.on('data', (chunk: Buffer) => {
    if (closed) return
    const lastLineFeed = chunk.lastIndexOf(lineFeed)
    if (lastLineFeed >= 0) {
      pending.push(chunk.subarray(0, lastLineFeed))
      const complete = pending.length === 1 ? pending[0]! : Buffer.concat(pending)
      const rest = chunk.subarray(lastLineFeed + 1)
      pending = rest.length > 0 ? [rest] : []
      pendingBytes = rest.length
      takeLines(complete)
    } else {
      pending.push(chunk)
      pendingBytes += chunk.length
    }
    if (pendingBytes > events.maxLineBytes()) finish(new Error('a line over the limit'))
  })
  socket.on('error', (error) => finish(error))
  socket.on('close', () => finish(null))

  return {
    send(value) {
      if (closed) return
      // One write a turn: the answers to all questions of one turn leave together.
      if (waiting.length === 0) setImmediate(flush)
      waiting.push(`${JSON.stringify(value)}\n`)
    },
    close(reason) {
      flush()
      finish(reason ?? null)
    },
  }
}

/** Compares secrets in a time that does not depend on where they differ, nor on their length. */
export function sameSecret(given: unknown, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(expected))
}

/** Listens on a private place; a stale Unix socket is removed first, a new one is for its owner alone. */
export async function listenPrivately(server: net.Server, place: PrivatePlace): Promise<void> {
  if ('path' in place) {
    await unlink(place.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
  if ('path' in place) await chmod(place.path, 0o600)
}

export function connectPrivately(place: PrivatePlace): net.Socket {
  return 'path' in place ? net.connect({ path: place.path }) : net.connect({ ...place, noDelay: true })
}
