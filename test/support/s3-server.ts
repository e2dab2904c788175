/**
 * A small S3-speaking server of the test's own: objects in memory, every request's signature (SigV4, written here by the
 * document and not by the client's library) and checksum verified, ranges, conditions, listings, uploads in parts; and faults on
 * demand. It answers as S3 does, also in what clients trip over: 200 with an error inside, 206 for a range, XML with entities.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface S3Call {
  readonly method: string
  readonly key: string
  readonly query: URLSearchParams
  readonly bytes: number
  readonly range: string | null
}

/** What happens instead of an answer, or to it. */
export type S3Fault =
  | { readonly status: number; readonly code: string }
  /** No answer, ever. */
  | 'silence'
  /** The connection ends in the middle of the body of the answer. */
  | 'cut'
  /** The request is carried out, its answer is lost. */
  | 'lost'
  /** A byte of the body of the answer is another one. */
  | 'corrupt'

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string
  readonly bucket: string
  readonly accessKey: string
  readonly secretKey: string
  readonly objects: Map<string, Buffer>
  readonly uploads: Map<string, { readonly key: string; readonly parts: Map<number, Buffer> }>
  readonly calls: S3Call[]
  /** Asked for each request. */
  fault: (call: S3Call) => S3Fault | null
  /** Before an answer to the call. */
  delay: ((call: S3Call) => Promise<void>) | null
}

const region = 'vn-test-1'
export const s3Region = region

export async function s3Server(): Promise<S3Server> {
  const sockets = new Set<Socket>()
  const state: Omit<S3Server, 'endpoint' | typeof Symbol.asyncDispose> = {
    bucket: 'bodies-test',
    accessKey: 'AKTEST',
    secretKey: 'a secret/of+the test',
    objects: new Map(),
    uploads: new Map(),
    calls: [],
    fault: () => null,
    delay: null,
  }
  const server = createServer((request, response) => {
    answer(request, response, api).catch((error: unknown) => {
      response.destroy(error as Error)
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const api: S3Server = Object.assign(state, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  })
  return api
}

async function answer(request: IncomingMessage, response: ServerResponse, server: S3Server): Promise<void> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const body = Buffer.concat(pieces)
  const url = new URL(request.url!, server.endpoint)
  const key = keyOf(url, server)
  const call: S3Call = { method: request.method!, key: key ?? '', query: url.searchParams, bytes: body.length, range: request.headers.range ?? null }
  server.calls.push(call)
  await server.delay?.(call)
  const fault = server.fault(call)
  if (fault === 'silence') return
  if (fault !== null && typeof fault === 'object') return send(response, errorAnswer(fault.status, fault.code))
  const wrong = wrongSignature(request, url, body, server)
  const result = wrong ?? (key === null ? errorAnswer(404, 'NoSuchBucket') : perform({ call, request, body, server }))
  if (fault === 'lost') return void response.destroy()
  if (fault === 'corrupt' && result.body.length > 0) result.body[Math.floor(result.body.length / 2)]! ^= 1
  if (fault === 'cut') {
    response.writeHead(result.status, { ...result.headers, 'content-length': result.body.length + 1 })
    response.write(result.body.subarray(0, result.body.length / 2))
    return void setImmediate(() => response.destroy())
  }
  send(response, result, request.method === 'HEAD')
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

function send(response: ServerResponse, { status, headers, body }: Answer, isHead = false): void {
  response.writeHead(status, { 'content-length': body.length, ...headers })
  response.end(isHead ? undefined : body)
}

function keyOf({ pathname }: URL, { bucket }: S3Server): string | null {
  const path = decodeURIComponent(pathname).slice(1)
  if (path === bucket || path === `${bucket}/`) return ''
  return path.startsWith(`${bucket}/`) ? path.slice(bucket.length + 1) : null
}

/** RFC 3986 encoding as the SigV4 document wants it. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

function wrongSignature(request: IncomingMessage, url: URL, body: Buffer, server: S3Server): Answer | null {
  const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(request.headers.authorization ?? '')
  if (match === null) return errorAnswer(403, 'AccessDenied')
  const [, accessKey, day, asked, signedHeaders, signature] = match as unknown as [string, string, string, string, string, string]
  if (accessKey !== server.accessKey) return errorAnswer(403, 'InvalidAccessKeyId')
  const hash = String(request.headers['x-amz-content-sha256'])
  const signed = signedHeaders.split(';')
  for (const needed of ['host', 'x-amz-date', 'x-amz-content-sha256']) if (!signed.includes(needed)) return errorAnswer(403, 'AccessDenied')
  if (hash !== createHash('sha256').update(body).digest('hex')) return errorAnswer(400, 'XAmzContentSHA256Mismatch')
  const query = [...url.searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort()
  const canonical = [
    request.method,
    decodeURIComponent(url.pathname).split('/').map(encoded).join('/'),
    query.join('&'),
    ...signed.map((name) => `${name}:${String(request.headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    hash,
  ].join('\n')
  const date = String(request.headers['x-amz-date'])
  const sentMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!date.startsWith(day) || Math.abs(Date.now() - sentMs) > 15 * 60_000) return errorAnswer(403, 'RequestTimeTooSkewed')
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const signing = hmac(hmac(hmac(hmac(`AWS4${server.secretKey}`, day), asked), 's3'), 'aws4_request')
  const toSign = ['AWS4-HMAC-SHA256', date, `${day}/${asked}/s3/aws4_request`, createHash('sha256').update(canonical).digest('hex')].join('\n')
  return asked === region && hmac(signing, toSign).toString('hex') === signature ? null : errorAnswer(403, 'SignatureDoesNotMatch')
}

interface Work {
  readonly call: S3Call
  readonly request: IncomingMessage
  readonly body: Buffer
  readonly server: S3Server
}

function perform(work: Work): Answer {
  const { call, server } = work
  const { method, key, query } = call
  if (key === '') {
    if (method === 'HEAD') return plain(200)
    if (method === 'GET' && query.get('list-type') === '2') return listObjects(server, query)
    if (method === 'GET' && query.has('uploads')) return listUploads(server, query)
  } else if (query.has('uploads') || query.has('uploadId')) return performUpload(work)
  else if (method === 'PUT') {
    server.objects.set(key, work.body)
    return plain(200, { etag: tagOf(work.body) })
  } else if (method === 'DELETE') {
    server.objects.delete(key)
    return plain(204)
  } else if (method === 'GET' || method === 'HEAD') return get(work)
  return errorAnswer(405, 'MethodNotAllowed')
}

function get({ call, request, server }: Work): Answer {
  const object = server.objects.get(call.key)
  if (object === undefined) return errorAnswer(404, 'NoSuchKey')
  const etag = tagOf(object)
  if (request.headers['if-match'] !== undefined && request.headers['if-match'] !== etag) return errorAnswer(412, 'PreconditionFailed')
  const match = /^bytes=(\d+)-(\d+)$/.exec(call.range ?? '')
  if (match === null) return { status: 200, headers: { etag }, body: Buffer.from(object) }
  const start = Number(match[1])
  const end = Math.min(Number(match[2]) + 1, object.length)
  if (start >= object.length || start >= end) return errorAnswer(416, 'InvalidRange')
  return { status: 206, headers: { etag, 'content-range': `bytes ${start}-${end - 1}/${object.length}` }, body: Buffer.from(object.subarray(start, end)) }
}

function performUpload({ call, body, server }: Work): Answer {
  const { method, key, query } = call
  if (method === 'POST' && query.has('uploads')) {
    const id = `${randomUUID()}&<`
    server.uploads.set(id, { key, parts: new Map() })
    return xml(`<InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><UploadId>${escaped(id)}</UploadId></InitiateMultipartUploadResult>`)
  }
  const id = query.get('uploadId') ?? ''
  const upload = server.uploads.get(id)
  if (upload === undefined || upload.key !== key) return errorAnswer(404, 'NoSuchUpload')
  if (method === 'DELETE') {
    server.uploads.delete(id)
    return plain(204)
  }
  if (method === 'PUT') {
    upload.parts.set(Number(query.get('partNumber')), body)
    return plain(200, { etag: tagOf(body) })
  }
  const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>&quot;([0-9a-f]+)&quot;<\/ETag>/g)]
  const parts = named.map(([, number, tag]) => ({ part: upload.parts.get(Number(number)), tag }))
  if (parts.length === 0 || parts.some(({ part, tag }) => part === undefined || tagOf(part) !== `"${tag}"`)) return errorAnswer(400, 'InvalidPart')
  server.uploads.delete(id)
  server.objects.set(key, Buffer.concat(parts.map(({ part }) => part!)))
  return xml(`<CompleteMultipartUploadResult><Key>${escaped(key)}</Key></CompleteMultipartUploadResult>`)
}

function listObjects({ objects }: S3Server, query: URLSearchParams): Answer {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('start-after') ?? ''
  const max = Math.min(Number(query.get('max-keys') ?? 1_000), 1_000)
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort()
  const listed = keys.slice(0, max).map((key) => `<Contents><Key>${escaped(key)}</Key><LastModified>2026-11-02T01:00:00.000Z</LastModified><Size>${objects.get(key)!.length}</Size></Contents>`)
  return xml(`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${keys.length > max}</IsTruncated>${listed.join('')}</ListBucketResult>`)
}

function listUploads({ uploads }: S3Server, query: URLSearchParams): Answer {
  const prefix = query.get('prefix') ?? ''
  const listed = [...uploads].filter(([, { key }]) => key.startsWith(prefix)).map(([id, { key }]) => `<Upload><Key>${escaped(key)}</Key><UploadId>${escaped(id)}</UploadId></Upload>`)
  return xml(`<ListMultipartUploadsResult>${listed.join('')}</ListMultipartUploadsResult>`)
}

function tagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`
}

function plain(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: Buffer.alloc(0) }
}

function xml(text: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`) }
}

function errorAnswer(status: number, code: string): Answer {
  return { status, headers: { 'content-type': 'application/xml' }, body: Buffer.from(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`) }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
