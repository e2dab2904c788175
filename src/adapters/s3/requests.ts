/**
 * Requests to an S3-type store (AWS, MinIO, Ceph): signed (SigV4, aws4fetch), bounded in number, time and size, and asked again when
 * the failure passes by itself. Everything that is asked here may be asked twice.
 *
 * What the store says becomes a refusal: no room → `storage-full`; all else that is not an answer → `unavailable`, with its code.
 */
import { createHash } from 'node:crypto'
import { AwsV4Signer } from 'aws4fetch'
import { MailError } from '../../core/errors.ts'
import { textOf } from './answers.ts'

export interface S3Place {
  /** `https://s3.example.vn`, without a path. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  /** Bucket in the path instead of the host name. */
  readonly pathStyle: boolean
  readonly accessKey: string
  readonly secretKey: string
}

export interface S3Pace {
  readonly tries: number
  readonly firstPauseMs: number
  /** Until an answer begins, and between its pieces. */
  readonly silentMs: number
  /** More for each MiB that goes out before the answer. */
  readonly sendMsAMebibyte: number
  readonly requestsAtOnce: number
}

export const defaultS3Pace: S3Pace = { tries: 4, firstPauseMs: 100, silentMs: 10_000, sendMsAMebibyte: 1_000, requestsAtOnce: 64 }

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD'
  /** Empty for the bucket itself. */
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** The answer's body is no larger, or it is none of ours. */
  readonly maxBytes: number
  /** Statuses that the caller wants to see; others are refusals. */
  readonly expected: readonly number[]
}

export interface S3Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

const passingStatuses: ReadonlySet<number> = new Set([408, 409, 425, 429, 500, 502, 503, 504])
const passingCodes: ReadonlySet<string> = new Set(['RequestTimeout', 'SlowDown', 'InternalError', 'ServiceUnavailable', 'OperationAborted'])
const fullCodes: ReadonlySet<string> = new Set(['QuotaExceeded', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded', 'EntityTooLarge', 'InsufficientStorage'])
const mebibyte = 1_048_576
/** Of an answer that is an error. */
const maxErrorBytes = 65_536

export class S3Requests {
  readonly #place: S3Place
  readonly #pace: S3Pace
  readonly #stop = new AbortController()
  readonly #keys = new Map<string, ArrayBuffer>()
  readonly #waiting: (() => void)[] = []
  #open = 0

  constructor(place: S3Place, pace: S3Pace) {
    this.#place = place
    this.#pace = pace
  }

  close(): void {
    this.#stop.abort()
  }

  async send(request: S3Request): Promise<S3Answer> {
    await this.#enter()
    try {
      let pauseMs = this.#pace.firstPauseMs
      for (let tries = 1; ; tries++) {
        const answer = await this.#try(request).catch((error: unknown) => failureOf(error))
        if (!('failure' in answer) && request.expected.includes(answer.status)) return answer
        const failure = 'failure' in answer ? answer : refusalOf(answer)
        if (this.#stop.signal.aborted) throw new MailError('unavailable', 'the store of bodies is closed')
        if (!failure.passing || tries >= this.#pace.tries) throw failure.failure
        await pause(pauseMs * (0.5 + Math.random()), this.#stop.signal)
        pauseMs *= 3
      }
    } finally {
      this.#leave()
    }
  }

  async #try({ method, key, query = {}, headers = {}, body, maxBytes }: S3Request): Promise<S3Answer> {
    const { accessKey, secretKey, region } = this.#place
    const signer = new AwsV4Signer({
      method,
      url: this.#url(key, query),
      // Signed with the rest: a body that arrives damaged is refused by the store.
      headers: { ...headers, 'x-amz-content-sha256': createHash('sha256').update(body ?? '').digest('hex') },
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      service: 's3',
      region,
      cache: this.#keys,
    })
    if (this.#keys.size > 100) this.#keys.clear()
    const signed = await signer.sign()
    const silence = new AbortController()
    const { silentMs, sendMsAMebibyte } = this.#pace
    const timer = setTimeout(() => silence.abort(new DOMException('no answer in time', 'TimeoutError')), silentMs + (sendMsAMebibyte * (body?.length ?? 0)) / mebibyte)
    try {
      const signal = AbortSignal.any([this.#stop.signal, silence.signal])
      const answer = await fetch(signed.url, { method, headers: signed.headers, redirect: 'manual', signal, ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }) })
      const bytes = await readAll(answer, answer.status < 300 ? maxBytes : maxErrorBytes, () => timer.refresh())
      return { status: answer.status, headers: answer.headers, body: bytes }
    } finally {
      clearTimeout(timer)
    }
  }

  #url(key: string, query: Readonly<Record<string, string>>): string {
    const { endpoint, bucket, pathStyle } = this.#place
    const url = new URL(endpoint)
    if (!pathStyle) url.host = `${bucket}.${url.host}`
    const path = key.split('/').map(encodeURIComponent).join('/')
    url.pathname = pathStyle ? `/${bucket}${path === '' ? '' : `/${path}`}` : `/${path}`
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url.href
  }

  async #enter(): Promise<void> {
    if (this.#stop.signal.aborted) throw new MailError('unavailable', 'the store of bodies is closed')
    // Whoever leaves hands its place on.
    if (this.#open >= this.#pace.requestsAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#open++
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#open--
    else next()
  }
}

/** Refuses what is longer than it may be; fetch itself, what ended before its announced length. */
async function readAll(answer: Response, maxBytes: number, onPiece: () => void): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  if (answer.body !== null) {
    for await (const piece of answer.body) {
      onPiece()
      bytes += piece.length
      if (bytes > maxBytes) throw new MailError('unavailable', 'the store of bodies answered more than was asked for', { status: answer.status })
      pieces.push(piece)
    }
  }
  return Buffer.concat(pieces)
}

interface Failed {
  readonly failure: unknown
  readonly passing: boolean
}

/** Of a request without an answer. */
function failureOf(error: unknown): Failed {
  if (error instanceof MailError) return { failure: error, passing: true }
  const { name, message, cause } = error as Error
  // fetch throws TypeError for every fault of the network, and the signal's reason for time that ran out; nothing else passes.
  if (!(error instanceof TypeError) && name !== 'TimeoutError' && name !== 'AbortError') return { failure: error, passing: false }
  const reason = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : message
  return { failure: new MailError('unavailable', 'the store of bodies cannot be reached', { reason }), passing: true }
}

function refusalOf({ status, body }: S3Answer): Failed {
  const code = textOf(body.toString('utf8'), 'Code') ?? ''
  if (status === 507 || fullCodes.has(code)) return { failure: new MailError('storage-full', 'the store of bodies has no room left', { status, code }), passing: false }
  return { failure: new MailError('unavailable', 'the store of bodies refused', { status, code }), passing: passingStatuses.has(status) || passingCodes.has(code) }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
