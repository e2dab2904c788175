/** Collects FETCH answers in large buffers, so that thousands of small pieces become few writes. */

const bufferBytes = 65_536
/** Larger pieces go out as they are instead of being copied. */
const maxCopiedBytes = 16_384

export class FetchOutput {
  #buffer: Buffer
  #start = 0
  #at = 0
  #chunks: Buffer[] = []
  #bytes = 0

  /** `few`: hardly anything will be written, so no large buffer is made for it. */
  constructor(few: boolean) {
    this.#buffer = Buffer.allocUnsafe(few ? 1024 : bufferBytes)
  }

  /** Enough has come together to be sent. */
  get full(): boolean {
    return this.#bytes + this.#at - this.#start >= bufferBytes
  }

  /** Latin1. */
  text(text: string): void {
    if (this.#at + text.length > this.#buffer.length) this.#turn(text.length)
    this.#at += this.#buffer.write(text, this.#at, 'latin1')
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length > maxCopiedBytes) {
      this.#cut()
      this.#push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
      return
    }
    if (this.#at + bytes.length > this.#buffer.length) this.#turn(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** `{n}` and the bytes. */
  literal(bytes: Uint8Array): void {
    this.text(`{${bytes.length}}\r\n`)
    this.bytes(bytes)
  }

  /** What was collected; it must not be altered any more. */
  take(): Buffer[] {
    this.#cut()
    const chunks = this.#chunks
    this.#chunks = []
    this.#bytes = 0
    return chunks
  }

  #cut(): void {
    if (this.#at > this.#start) this.#push(this.#buffer.subarray(this.#start, this.#at))
    this.#start = this.#at
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
  }

  #turn(needed: number): void {
    this.#cut()
    this.#buffer = Buffer.allocUnsafe(Math.max(needed, bufferBytes))
    this.#start = 0
    this.#at = 0
  }
}
