/** The kept message under the face of Haraka's message stream, for the plugins that hand it to a scanner: unstuffed, no copy. */
import { Readable, Transform } from 'node:stream'
import type { HarakaMessageStream } from './haraka-types.ts'
import { unstuffed, type KeptMessage } from './kept-message.ts'

export function keptStream(kept: KeptMessage): HarakaMessageStream {
  let unpipe: (() => void) | null = null
  return {
    pipe(destination, options = {}) {
      const source = Readable.from(unstuffed(kept.chunks(), kept.bytes), { objectMode: false, highWaterMark: 64 * 1024 })
      const read = options.clamd_style ? source.pipe(lengthPrefixed()) : source
      read.pipe(destination, { end: options.end !== false })
      unpipe = () => {
        read.unpipe(destination)
        source.destroy()
      }
      destination.once('close', unpipe)
      return destination
    },
    unpipe() {
      unpipe?.()
      unpipe = null
    },
    destroy() {
      unpipe?.()
      unpipe = null
    },
    on: () => undefined,
  }
}

export const emptyStream: HarakaMessageStream = {
  pipe: (destination, options = {}) => (options.end === false ? destination : destination.end()),
  unpipe: () => undefined,
  destroy: () => undefined,
  on: () => undefined,
}

/** The framing of clamd's INSTREAM: each piece behind its length, a zero length at the end. */
function lengthPrefixed(): Transform {
  const prefix = (length: number): Buffer => {
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeUInt32BE(length)
    return bytes
  }
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (chunk.length > 0) {
        this.push(prefix(chunk.length))
        this.push(chunk)
      }
      done()
    },
    flush(done) {
      this.push(prefix(0))
      done()
    },
  })
}
