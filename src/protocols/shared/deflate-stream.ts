/**
 * A stream whose bytes travel compressed over another one: RFC 4978, raw DEFLATE of RFC 1951.
 *
 * What is written together goes out together, flushed, so the other side can read all of it. One chunk at a time is between
 * the two streams in each direction: a side that does not take its bytes holds back the one that makes them, and memory is
 * bounded by zlib's windows. Bytes that are not DEFLATE destroy the stream. The stream owns the one it wraps.
 */
import { Duplex } from 'node:stream'
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib'

/** Quick, and small: a window of 8 KiB and little memory make about 50 KiB a connection in this direction. */
const deflateOptions = { level: 1, windowBits: 13, memLevel: 6, chunkSize: 16_384 }
/** The client chooses the window of what it sends: up to 32 KiB. */
const inflateOptions = { windowBits: 15, chunkSize: 16_384 }
/** A few letters can stand for a thousand times as much, so what is inflated is taken in small steps. */
const readMarkBytes = 32_768

type Done = (error?: Error | null) => void

export class DeflateStream extends Duplex {
  readonly #inner: Duplex
  readonly #deflate: DeflateRaw = createDeflateRaw(deflateOptions)
  readonly #inflate: InflateRaw = createInflateRaw(inflateOptions)

  /** `unread`: what was read from `inner` already and is compressed. */
  constructor(inner: Duplex, unread: Buffer) {
    super({ allowHalfOpen: true, readableHighWaterMark: readMarkBytes })
    this.#inner = inner
    this.#receiveFrom(inner, unread)
    this.#deflate.on('data', (chunk: Buffer) => {
      if (!inner.write(chunk)) this.#deflate.pause()
    })
    inner.on('drain', () => this.#deflate.resume())
    this.#deflate.on('error', (error) => this.destroy(error))
    inner.on('error', (error) => this.destroy(error))
    inner.on('close', () => this.destroy())
  }

  #receiveFrom(inner: Duplex, unread: Buffer): void {
    const inflate = this.#inflate
    inflate.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) inflate.pause()
    })
    // Whether the client says so inside DEFLATE or by closing its side: nothing more comes.
    const ended = (): void => {
      if (!this.readableEnded) this.push(null)
    }
    inflate.on('end', ended)
    inflate.on('error', (error) => {
      // A connection that is cut ends inside a block, which is an end like any other.
      if ((error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR') ended()
      else this.destroy(error)
    })
    if (unread.length > 0) inflate.write(unread)
    inner.on('data', (chunk: Buffer) => {
      if (!inflate.write(chunk)) inner.pause()
    })
    inflate.on('drain', () => inner.resume())
    inner.on('end', () => inflate.end())
    inner.resume()
  }

  override _read(): void {
    this.#inflate.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#deflate.write(chunk)
    this.#flush(done)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    for (const { chunk } of chunks) this.#deflate.write(chunk)
    this.#flush(done)
  }

  override _final(done: Done): void {
    this.#deflate.end(() => {
      this.#inner.end()
      done()
    })
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#deflate.destroy()
    this.#inflate.destroy()
    this.#inner.destroy()
    done(error)
  }

  /** Done once all of it is with the inner stream, and that has room again. */
  #flush(done: Done): void {
    this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
      if (this.#inner.writableNeedDrain) this.#inner.once('drain', () => done())
      else done()
    })
  }
}
