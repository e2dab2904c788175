/**
 * The bytes of one message as they came over SMTP (RFC 5321 §4.5.2, dot-stuffed, with the closing `.` line), kept as they
 * are for LMTP, which wants them the same way.
 *
 * Why not Haraka's own reading of DATA: it cuts at LF, copies every line, rescans an unfinished line with every packet and
 * refolds lines over its limit. Here each byte is looked at once.
 *
 * Invariants: the message ends at CR LF `.` CR LF and at nothing else. A CR or LF on its own never ends a line; it is noted,
 * and the message is refused as a whole when its true end has come (RFC 5321 §2.3.8: they must not be sent; servers that
 * disagree about them let one message become two, "SMTP smuggling"). NUL and other 8-bit bytes are kept: RFC 5321 §4.1.1.4
 * lets a server take them, and the bytes are the sender's.
 */

const carriageReturn = 0x0d
const lineFeed = 0x0a
const dot = 0x2e

/** Where in the line grammar the next byte stands. */
const lineStart = 0
const inLine = 1
const afterReturn = 2
const afterDot = 3
const afterDotReturn = 4
type Position = 0 | 1 | 2 | 3 | 4

/** Packets below this are copied together: a sender of single bytes must not cost an object each. */
const smallChunkBytes = 2048
const firstBlockBytes = 4 * 1024
const blockBytes = 16 * 1024

/** Bytes of all messages that are kept at the moment, shared by all connections of the process. */
export interface KeptBudget {
  heldBytes: number
  readonly maxHeldBytes: number
}

export class KeptMessage {
  readonly #maxMessageBytes: number
  readonly #budget: KeptBudget
  #position: Position = lineStart
  #refused: 'too-large' | 'no-room' | null = null
  #heldBytes = 0
  #kept: Buffer[] = []
  #block: Buffer | null = null
  #blockUsed = 0
  /** Bytes as they came, with the closing dot line once `ended`. */
  bytes = 0
  bareLineEnds = false
  ended = false

  constructor(maxMessageBytes: number, budget: KeptBudget) {
    this.#maxMessageBytes = maxMessageBytes
    this.#budget = budget
  }

  /** More than the limit came; what was kept has been dropped. */
  get tooLarge(): boolean {
    return this.#refused === 'too-large'
  }

  /** The process holds too much already; what was kept has been dropped. */
  get noRoom(): boolean {
    return this.#refused === 'no-room'
  }

  /** Takes the next bytes. Answers how many of them belong to the message: fewer than `chunk.length` only at its end. */
  take(chunk: Buffer): number {
    const scan = scanLines(chunk, this.#position)
    this.#position = scan.position
    this.bareLineEnds ||= scan.bareLineEnds
    this.ended = scan.ended
    this.#store(scan.used === chunk.length ? chunk : chunk.subarray(0, scan.used))
    if (this.ended) this.#closeBlock()
    return scan.used
  }

  /** What came, dot-stuffed, with the closing dot line; empty after `tooLarge` or `noRoom`. */
  chunks(): readonly Buffer[] {
    return this.#refused === null ? this.#kept : []
  }

  /** Gives the memory back. */
  drop(): void {
    this.#budget.heldBytes -= this.#heldBytes
    this.#heldBytes = 0
    this.#kept = []
    this.#block = null
    this.#blockUsed = 0
  }

  #store(chunk: Buffer): void {
    this.bytes += chunk.length
    // The closing dot line is not part of the message: three bytes of grace.
    if (this.#refused === null && this.bytes > this.#maxMessageBytes + 3) this.#refused = 'too-large'
    const { heldBytes, maxHeldBytes } = this.#budget
    if (this.#refused === null && heldBytes + chunk.length > maxHeldBytes) this.#refused = 'no-room'
    if (this.#refused !== null) return this.drop()
    this.#budget.heldBytes += chunk.length
    this.#heldBytes += chunk.length
    if (chunk.length >= smallChunkBytes) {
      this.#closeBlock()
      this.#kept.push(chunk)
      return
    }
    if (this.#block === null || this.#blockUsed + chunk.length > this.#block.length) {
      this.#closeBlock()
      this.#block = Buffer.allocUnsafeSlow(this.#kept.length === 0 ? firstBlockBytes : blockBytes)
    }
    chunk.copy(this.#block, this.#blockUsed)
    this.#blockUsed += chunk.length
  }

  #closeBlock(): void {
    if (this.#block !== null && this.#blockUsed > 0) this.#kept.push(this.#block.subarray(0, this.#blockUsed))
    this.#block = null
    this.#blockUsed = 0
  }
}

interface LineScan {
  readonly position: Position
  readonly used: number
  readonly ended: boolean
  readonly bareLineEnds: boolean
}

function scanLines(chunk: Buffer, from: Position): LineScan {
  let position = from
  let bareLineEnds = false
  const length = chunk.length
  for (let index = 0; index < length; index++) {
    let byte = chunk[index]!
    if (position === inLine) {
      // Most bytes are of this kind: run over them.
      while (byte !== carriageReturn && byte !== lineFeed) {
        index += 1
        if (index >= length) return { position, used: length, ended: false, bareLineEnds }
        byte = chunk[index]!
      }
    }
    if (byte === lineFeed) {
      if (position === afterDotReturn) return { position: lineStart, used: index + 1, ended: true, bareLineEnds }
      if (position === afterReturn) {
        position = lineStart
        continue
      }
      bareLineEnds = true
      position = inLine
      continue
    }
    // A CR that no LF follows.
    if (position === afterReturn || position === afterDotReturn) bareLineEnds = true
    if (byte === carriageReturn) position = position === afterDot ? afterDotReturn : afterReturn
    else if (byte === dot && position === lineStart) position = afterDot
    else position = inLine
  }
  return { position, used: length, ended: false, bareLineEnds }
}

/** The message without dot-stuffing and without the closing dot line, as readers other than LMTP want it. */
export function* unstuffed(chunks: readonly Buffer[], bytes: number): Generator<Buffer> {
  let left = bytes - 3
  let atLineStart = true
  for (const whole of chunks) {
    const chunk = whole.length > left ? whole.subarray(0, Math.max(left, 0)) : whole
    left -= chunk.length
    let start = 0
    if (chunk.length > 0 && atLineStart && chunk[0] === dot) start = 1
    for (;;) {
      // Lines end with CR LF and nothing else here; a message with other line ends never gets this far.
      const next = chunk.indexOf('\n.', start, 'latin1')
      if (next < 0) break
      yield chunk.subarray(start, next + 1)
      start = next + 2
    }
    if (start < chunk.length) yield chunk.subarray(start)
    if (chunk.length > 0) atLineStart = chunk[chunk.length - 1] === lineFeed
    if (left <= 0) return
  }
}
