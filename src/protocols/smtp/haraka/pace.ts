/**
 * How slowly a client may bring a command line or a message. The timeouts of RFC 5321 §4.5.3.2 count from the last byte, so
 * one byte a minute would hold a connection for ever; these count from the first.
 *
 * Looked at when bytes come; a client of which none come meets Haraka's own timeout.
 */

/** Slower than any line that mail has gone over; a message of 50 MB may take a working day. */
const minBytesPerSecond = 1024

export class Pace {
  readonly #graceMs: number
  #startedMs: number | null = null
  #bytes = 0

  /** @param graceMs before the speed counts: a line is busy, a disk asleep */
  constructor(graceMs: number) {
    this.#graceMs = graceMs
  }

  /** Bytes of the line or message that is being received; false when they come too slowly. */
  take(bytes: number, nowMs: number): boolean {
    this.#startedMs ??= nowMs
    this.#bytes += bytes
    return nowMs - this.#startedMs <= this.#graceMs + (this.#bytes * 1000) / minBytesPerSecond
  }

  /** It is whole: the next one starts with its own first byte. */
  finish(): void {
    this.#startedMs = null
    this.#bytes = 0
  }
}
