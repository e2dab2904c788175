/**
 * The bytes of one message as DATA brings them: RFC 5321 §4.5.2 (transparency), RFC 2033 §4.2. Ends at CRLF . CRLF and at
 * nothing else; a dot is taken away only from a line that starts with one, and a line starts after CRLF only. So every
 * byte that the sender meant comes out, bare CR, bare LF and NUL included.
 */

const terminator = Buffer.from('\r\n.\r\n')
const stuffedLine = Buffer.from('\r\n.')
const dot = 0x2e
/** Of the terminator, what is not part of the message. */
const dotLineBytes = 3

export interface MessageInput {
  /** The end has come. */
  readonly ended: boolean
  /** Nothing of it is kept: it is too large, or was given up. */
  readonly discarded: boolean
  /** Takes the next bytes; answers how many were the message's: fewer than `chunk.length` only when it has ended. */
  take(chunk: Buffer): number
  /** Keeps nothing of it any more; its end is still found. */
  discard(): void
  /** The message without its stuffing, once it has ended; null when it is too large or discarded. Shares memory with what was taken. */
  bytes(): Buffer | null
}

/** @param maxBytes of the message without its stuffing; beyond that nothing of it is kept */
export function readMessage(maxBytes: number): MessageInput {
  let chunks: Buffer[] = []
  let keptBytes = 0
  let ended = false
  let discarded = false
  // The command line before the first byte ended in CRLF, so a dot at the very start is at the start of a line.
  let tail: Buffer = Buffer.from('\r\n')

  const discard = (): void => {
    discarded = true
    chunks = []
  }
  const keep = (chunk: Buffer): void => {
    keptBytes += chunk.length
    if (!discarded) chunks.push(chunk)
    // Stuffing at most doubles a message of nothing but dots; what it really has is counted when it has ended.
    if (keptBytes <= 2 * maxBytes + dotLineBytes) return
    discard()
  }

  return {
    get ended() {
      return ended
    },
    get discarded() {
      return discarded
    },
    discard,
    take(chunk) {
      const used = endOf(tail, chunk)
      const own = used < 0 ? chunk : chunk.subarray(0, used)
      keep(own)
      if (used >= 0) {
        ended = true
        return used
      }
      tail = lastBytes(tail, chunk)
      return chunk.length
    },
    bytes() {
      if (discarded) return null
      const stuffed = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      const message = unstuff(stuffed.subarray(0, stuffed.length - dotLineBytes))
      return message.length > maxBytes ? null : message
    },
  }
}

/** Where in `chunk` the terminator ends, or -1. It may have begun in `tail`. */
function endOf(tail: Buffer, chunk: Buffer): number {
  const seam = Buffer.concat([tail, chunk.subarray(0, terminator.length - 1)])
  const across = seam.indexOf(terminator)
  if (across >= 0) return across + terminator.length - tail.length
  const within = chunk.indexOf(terminator)
  return within < 0 ? -1 : within + terminator.length
}

/** So much as the terminator could have begun with. */
function lastBytes(tail: Buffer, chunk: Buffer): Buffer {
  const wanted = terminator.length - 1
  if (chunk.length >= wanted) return Buffer.from(chunk.subarray(chunk.length - wanted))
  const both = Buffer.concat([tail, chunk])
  return both.subarray(Math.max(0, both.length - wanted))
}

function unstuff(stuffed: Buffer): Buffer {
  let start = stuffed[0] === dot ? 1 : 0
  let at = stuffed.indexOf(stuffedLine, start)
  if (at < 0) return stuffed.subarray(start)
  const pieces: Buffer[] = []
  for (; at >= 0; at = stuffed.indexOf(stuffedLine, start)) {
    pieces.push(stuffed.subarray(start, at + stuffedLine.length - 1))
    start = at + stuffedLine.length
  }
  pieces.push(stuffed.subarray(start))
  return Buffer.concat(pieces)
}
