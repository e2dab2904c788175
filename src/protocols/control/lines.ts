/** Newline-framed text in chunks of bytes: whole lines out, decoded as UTF-8. A line over the limit is an error. */

export class LineTooLongError extends Error {}

/** Lines that begin with one of these (ASCII) may be longer. */
export interface LongerLines {
  readonly starts: readonly string[]
  readonly maxBytes: number
}

export class LineReader {
  readonly #maxBytes: number
  readonly #longer: LongerLines | null
  #rest: Buffer[] = []
  #restBytes = 0

  constructor(maxBytes: number, longer: LongerLines | null = null) {
    this.#maxBytes = maxBytes
    this.#longer = longer
  }

  /** The lines that end in this chunk, without their line ends. Throws LineTooLongError. */
  push(chunk: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      lines.push(this.#take(chunk.subarray(start, end)).toString('utf8').replace(/\r$/, ''))
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
    return lines
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return
    this.#restBytes += part.length
    this.#rest.push(part)
    if (this.#restBytes <= this.#maxBytes) return
    const most = this.#isLonger() ? this.#longer!.maxBytes : this.#maxBytes
    if (this.#restBytes > most) throw new LineTooLongError(`a line of more than ${most} bytes`)
  }

  #isLonger(): boolean {
    if (this.#longer === null) return false
    const { starts } = this.#longer
    const length = Math.max(...starts.map((start) => start.length))
    let head = this.#rest[0]!
    if (head.length < length) head = Buffer.concat(this.#rest, Math.min(this.#restBytes, length))
    const text = head.toString('latin1', 0, length)
    return starts.some((start) => text.startsWith(start))
  }

  #take(part: Buffer): Buffer {
    this.#keep(part)
    const line = Buffer.concat(this.#rest)
    this.#rest = []
    this.#restBytes = 0
    return line
  }
}
