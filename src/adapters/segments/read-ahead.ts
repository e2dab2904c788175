/**
 * Stretches of segment files that were read ahead, for a client that fetches one message after the other: what it wants next
 * lies mostly behind what it got. Like the read-ahead of a file system, only where a second read has followed the first.
 *
 * What is in here may be older than the file: a reader for whom it does not hold a sound record asks the file. After a sweep
 * has marked records `clear` must be called, because marks are written in place.
 */
import type { SegmentFile } from './segment-file.ts'

/** A read so far behind an earlier one, or less, goes on from it. */
const continuesBytes = 65_536
const stretchBytes = 131_072
const maxStretches = 8
const maxRemembered = 32

export interface Stretch {
  readonly file: SegmentFile
  /** Where in the file the bytes begin. */
  readonly at: number
  readonly bytes: Buffer
}

export class ReadAhead {
  #stretches: Stretch[] = []
  /** Where reads were that nothing was read ahead for, the last one last. */
  #reads: { readonly file: SegmentFile; readonly at: number }[] = []

  /** A stretch that holds `bytes` bytes from `at` on, or null. */
  find(file: SegmentFile, at: number, bytes: number): Stretch | null {
    return this.#stretches.find((stretch) => stretch.file === file && stretch.at <= at && at + bytes <= stretch.at + stretch.bytes.length) ?? null
  }

  /** How much to read at `at` when `bytes` are wanted and no stretch holds them. */
  bytesToRead(file: SegmentFile, at: number, bytes: number): number {
    const goesOn = this.#stretches.some((stretch) => continues(stretch, file, at)) || this.#takeRead(file, at)
    if (goesOn) return Math.max(bytes, stretchBytes)
    this.#reads.push({ file, at })
    if (this.#reads.length > maxRemembered) this.#reads.shift()
    return bytes
  }

  /** Takes the place of the one that it goes on from. */
  keep(stretch: Stretch): void {
    this.#stretches = this.#stretches.filter((one) => !continues(one, stretch.file, stretch.at))
    this.#stretches.push(stretch)
    if (this.#stretches.length > maxStretches) this.#stretches.shift()
  }

  /** A stretch that is of no use any more. */
  drop(stretch: Stretch): void {
    this.#stretches = this.#stretches.filter((one) => one !== stretch)
  }

  clear(): void {
    this.#stretches = []
    this.#reads = []
  }

  #takeRead(file: SegmentFile, at: number): boolean {
    const earlier = this.#reads.findIndex((read) => read.file === file && at > read.at && at - read.at <= continuesBytes)
    if (earlier >= 0) this.#reads.splice(earlier, 1)
    return earlier >= 0
  }
}

function continues(stretch: Stretch, file: SegmentFile, at: number): boolean {
  return stretch.file === file && at >= stretch.at && at <= stretch.at + stretch.bytes.length + continuesBytes
}
