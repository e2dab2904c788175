/**
 * Message bodies in an S3-type store: what large installations keep their tens of terabytes in (design §1), beside the metadata
 * in MongoDB.
 *
 * Of the port's promises: B1 by S3's own (an object is there, for everybody, when its request was answered), B2 by checksums of all
 * that is read (object-form.ts), B3 and B4 by the names of the objects (body-key.ts).
 */
import { MailError } from '../../core/errors.ts'
import type { BlobId } from '../../core/mailbox/mailbox.ts'
import type { Blobs } from '../../core/ports/blobs.ts'
import { textOf } from './answers.ts'
import { dayMs, hashOf, isBodyId, nameOf } from './body-key.ts'
import { blocksOf, damaged, headLength, readHead, packObject, unpackObject, unpackRange, type ObjectHead } from './object-form.ts'
import { defaultS3Pace, S3Requests, type S3Answer, type S3Pace, type S3Place } from './requests.ts'
import { sweepBodies, type Swept } from './sweep.ts'
import { defaultUploadSizes, upload, type UploadSizes } from './uploads.ts'

export interface S3BlobsOptions {
  readonly place: S3Place
  readonly clock: { nowMs(): number }
  /** Before every key, '' or with a '/' at its end: buckets may be shared. */
  readonly prefix?: string
  /** The same content put again within it is the same object. A body is swept no earlier than at its end. */
  readonly periodMs?: number
  readonly pace?: S3Pace
  readonly uploads?: UploadSizes
  /** Looked at by one sweep. */
  readonly maxSwept?: number
}

/** A GET that brings the head of any object, and most messages whole. */
const firstReadBytes = 65_536
/** Bodies are bounded by the largest message; this is what a broken store could make us hold. */
const maxObjectBytes = 1.25 * 1_073_741_824
const maxKnownHeads = 500
const readsAhead = 8
/** After one of these, no more than the next is read ahead: it is held in memory. */
const largeBytes = 4 * 1_048_576
const readyForMs = 5_000
const defaultMaxSwept = 5_000_000

export function openS3Blobs(options: S3BlobsOptions): Blobs {
  return new S3Blobs(options)
}

class S3Blobs implements Blobs {
  readonly #options: S3BlobsOptions
  readonly #requests: S3Requests
  readonly #prefix: string
  /** Heads of objects that are read piece by piece, the longest unused first. */
  readonly #heads = new Map<BlobId, { readonly head: ObjectHead; readonly tag: string }>()
  #sweeping: Promise<unknown> = Promise.resolve()
  #ready: { readonly untilMs: number } | null = null
  #stopped = false

  constructor(options: S3BlobsOptions) {
    this.#options = options
    this.#requests = new S3Requests(options.place, options.pace ?? defaultS3Pace)
    this.#prefix = `${options.prefix ?? ''}bodies/`
  }

  async put(bytes: Uint8Array): Promise<BlobId> {
    const { clock, periodMs = dayMs, uploads = defaultUploadSizes } = this.#options
    // The name is of the time before: a put that takes long is none of a later day.
    const { id, hash } = nameOf(bytes, clock.nowMs(), periodMs)
    await upload(this.#requests, this.#prefix + id, await packObject(bytes, hash), uploads)
    return id
  }

  async read(id: BlobId, range?: { readonly start: number; readonly end: number }): Promise<Uint8Array> {
    if (range === undefined) return await unpackObject((await this.#get(id, {}, maxObjectBytes)).body, hashOf(id))
    for (;;) {
      const bytes = await this.#readRange(id, range)
      if (bytes !== null) return bytes
      // Put again between two requests, by another version of the compressor: what is known of it does not fit any more.
      this.#heads.delete(id)
    }
  }

  async *readMany(ids: readonly BlobId[]): AsyncIterable<Uint8Array> {
    const reading: Promise<Uint8Array>[] = []
    let next = 0
    let ahead = readsAhead
    const startOne = (): void => {
      const one = this.read(ids[next++]!)
      one.catch(() => undefined) // Whoever awaits it hears of it; nobody may, when the reader stops early.
      reading.push(one)
    }
    while (next < ids.length || reading.length > 0) {
      while (next < ids.length && reading.length < ahead) startOne()
      const body = await reading.shift()!
      ahead = body.length > largeBytes ? 1 : readsAhead
      yield body
    }
  }

  async ready(): Promise<void> {
    if (this.#ready !== null && performance.now() < this.#ready.untilMs) return
    await this.#requests.send({ method: 'HEAD', key: '', maxBytes: 0, expected: [200] })
    this.#ready = { untilMs: performance.now() + readyForMs }
  }

  sweep(asked: Parameters<Blobs['sweep']>[0]): Promise<Swept> {
    const parts = {
      requests: this.#requests,
      prefix: this.#prefix,
      positionKey: `${this.#options.prefix ?? ''}sweep-position`,
      maxObjects: this.#options.maxSwept ?? defaultMaxSwept,
      stopped: () => this.#stopped,
    }
    const one = this.#sweeping.then(() => sweepBodies(parts, asked))
    this.#sweeping = one.catch(() => undefined) // The caller has `one` and hears of it; the following sweep only waits its turn.
    return one
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#requests.close()
    await this.#sweeping
  }

  /** Null when the object was replaced meanwhile. */
  async #readRange(id: BlobId, range: { readonly start: number; readonly end: number }): Promise<Uint8Array | null> {
    const known = this.#heads.get(id) ?? null
    const first = known === null ? await this.#firstBytes(id) : null
    const { head, tag } = known ?? first!
    this.#remember(id, head, tag)
    const end = Math.min(range.end, head.bodyBytes)
    const start = Math.min(range.start, end)
    const blocks = blocksOf(head, start, end)
    if (blocks.length === 0) return Buffer.alloc(0)
    const from = blocks[0]!.at
    const to = blocks.at(-1)!.at + blocks.at(-1)!.bytes
    if (first !== null && to <= first.bytes.length) return await unpackRange(head, first.bytes.subarray(from), start, end)
    const answer = await this.#get(id, { range: `bytes=${from}-${to - 1}`, 'if-match': tag }, to - from)
    if (answer.status === 412) return null
    if (answer.status !== 206) throw damaged('range')
    return await unpackRange(head, answer.body, start, end)
  }

  async #firstBytes(id: BlobId): Promise<{ readonly head: ObjectHead; readonly tag: string; readonly bytes: Buffer }> {
    const answer = await this.#get(id, { range: `bytes=0-${firstReadBytes - 1}` }, firstReadBytes)
    const tag = answer.headers.get('etag') ?? ''
    let bytes = answer.body
    const headBytes = headLength(bytes)
    if (headBytes > bytes.length) bytes = (await this.#get(id, { range: `bytes=0-${headBytes - 1}` }, headBytes)).body
    return { head: readHead(bytes, hashOf(id)), tag, bytes }
  }

  #remember(id: BlobId, head: ObjectHead, tag: string): void {
    this.#heads.delete(id)
    // A body of one block is read with its head: there is nothing to save.
    if (head.blocks.length < 2) return
    this.#heads.set(id, { head, tag })
    for (const oldest of this.#heads.keys()) {
      if (this.#heads.size <= maxKnownHeads) break
      this.#heads.delete(oldest)
    }
  }

  async #get(id: BlobId, headers: Readonly<Record<string, string>>, maxBytes: number): Promise<S3Answer> {
    if (!isBodyId(id)) throw new MailError('message-unknown', 'no such body')
    const answer = await this.#requests.send({ method: 'GET', key: this.#prefix + id, headers, maxBytes, expected: [200, 206, 404, 412] })
    if (answer.status !== 404) return answer
    // A bucket that is not there is no body that was lost.
    const code = textOf(answer.body.toString('utf8'), 'Code')
    if (code === 'NoSuchBucket') throw new MailError('unavailable', 'the bucket of the bodies does not exist', { code })
    throw new MailError('message-unknown', 'no such body')
  }
}
