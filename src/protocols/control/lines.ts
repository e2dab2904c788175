/** Newline-framed text in chunks of bytes: whole lines out, decoded as UTF-8. A line over the limit is an error. */

export class LineTooLongError extends Error {}

export class LineReader {
  readonly #maxBytes: number
  #rest: Buffer[] = []
  #restBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
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
    if (this.#restBytes > this.#maxBytes) throw new LineTooLongError(`a line of more than ${this.#maxBytes} bytes`)
    this.#rest.push(part)
  }

  #take(part: Buffer): Buffer {
    this.#keep(part)
    const line = Buffer.concat(this.#rest)
    this.#rest = []
    this.#restBytes = 0
    return line
  }
}
