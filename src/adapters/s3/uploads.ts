/** Writing an object: in one request, or in parts above a size. Either is there whole or not at all, and durable when this resolves (B1). */
import { MailError } from '../../core/errors.ts'
import { textOf } from './answers.ts'
import type { S3Requests } from './requests.ts'

export interface UploadSizes {
  /** Above it in parts. */
  readonly maxSingleBytes: number
  /** S3 wants 5 MiB at least, but for the last one, and 10,000 parts at most. */
  readonly partBytes: number
}

export const defaultUploadSizes: UploadSizes = { maxSingleBytes: 16 * 1_048_576, partBytes: 8 * 1_048_576 }

const partsAtOnce = 4
const maxAnswerBytes = 65_536
const type = { 'content-type': 'application/octet-stream' }

export async function upload(requests: S3Requests, key: string, object: Buffer, { maxSingleBytes, partBytes }: UploadSizes): Promise<void> {
  if (object.length > maxSingleBytes) return await inParts(requests, key, object, partBytes)
  await requests.send({ method: 'PUT', key, body: object, headers: type, maxBytes: maxAnswerBytes, expected: [200] })
}

async function inParts(requests: S3Requests, key: string, object: Buffer, partBytes: number): Promise<void> {
  const begun = await requests.send({ method: 'POST', key, query: { uploads: '' }, headers: type, maxBytes: maxAnswerBytes, expected: [200] })
  const uploadId = textOf(begun.body.toString('utf8'), 'UploadId')
  if (uploadId === null || uploadId === '') throw strange('no upload id')
  try {
    const tags = await sendParts(requests, { key, uploadId, object, partBytes })
    await complete(requests, { key, uploadId, tags, bytes: object.length })
  } catch (error) {
    await abortUpload(requests, key, uploadId).catch(() => undefined) // The sweep takes away what is left of it.
    throw error
  }
}

async function sendParts(
  requests: S3Requests,
  { key, uploadId, object, partBytes }: { readonly key: string; readonly uploadId: string; readonly object: Buffer; readonly partBytes: number },
): Promise<readonly string[]> {
  const tags: string[] = Array.from({ length: Math.ceil(object.length / partBytes) }, () => '')
  let next = 0
  const worker = async (): Promise<void> => {
    for (let part = next++; part < tags.length; part = next++) {
      const body = object.subarray(part * partBytes, (part + 1) * partBytes)
      const answer = await requests.send({ method: 'PUT', key, query: { partNumber: String(part + 1), uploadId }, body, maxBytes: maxAnswerBytes, expected: [200] })
      const tag = answer.headers.get('etag')
      if (tag === null) throw strange('a part without an ETag')
      tags[part] = tag
    }
  }
  await Promise.all(Array.from({ length: partsAtOnce }, worker))
  return tags
}

async function complete(
  requests: S3Requests,
  { key, uploadId, tags, bytes }: { readonly key: string; readonly uploadId: string; readonly tags: readonly string[]; readonly bytes: number },
): Promise<void> {
  const parts = tags.map((tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${tag.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}</ETag></Part>`)
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
  const answer = await requests.send({ method: 'POST', key, query: { uploadId }, headers: { 'content-type': 'application/xml' }, body, maxBytes: maxAnswerBytes, expected: [200, 404] })
  // 404: an earlier try of this request did it, and its answer was lost. 200 may hold an error: S3 sends the status before it is done.
  if (answer.status === 200 && !answer.body.includes('<Error')) return
  const { status, headers } = await requests.send({ method: 'HEAD', key, maxBytes: 0, expected: [200, 404] })
  if (status !== 200 || Number(headers.get('content-length')) !== bytes) throw strange('the upload was not completed')
}

export async function abortUpload(requests: S3Requests, key: string, uploadId: string): Promise<void> {
  await requests.send({ method: 'DELETE', key, query: { uploadId }, maxBytes: maxAnswerBytes, expected: [200, 204, 404] })
}

function strange(reason: string): MailError {
  return new MailError('unavailable', 'the store of bodies gave a strange answer', { reason })
}
