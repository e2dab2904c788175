/**
 * Removal of bodies that nobody names any more (B3), by listing what is old enough: keys begin with the time after which nobody
 * can be given them by a put (body-key.ts), so no body goes that is put meanwhile, on whatever node.
 *
 * One sweep looks at a bounded number of objects and notes in the bucket how far it came; the next one, of whatever node, goes on
 * from there. Sweeping twice at once does no harm.
 */
import type { Blobs } from '../../core/ports/blobs.ts'
import { partsOf, textOf, textsOf } from './answers.ts'
import { firstIdAfter, isBodyId } from './body-key.ts'
import type { S3Requests } from './requests.ts'
import { abortUpload } from './uploads.ts'

export interface SweepParts {
  readonly requests: S3Requests
  /** Of the keys of bodies. */
  readonly prefix: string
  /** Key of the note of how far the last one came. */
  readonly positionKey: string
  readonly maxObjects: number
  readonly stopped: () => boolean
}

export interface Swept {
  readonly removed: number
  readonly freedBytes: number
}

interface Listed {
  readonly id: string
  readonly bytes: number
}

const listedTogether = 1_000
const deletesAtOnce = 16
const maxListBytes = 4 * 1_048_576
const maxAnswerBytes = 65_536

export async function sweepBodies(parts: SweepParts, { putBeforeMs, inUse }: Parameters<Blobs['sweep']>[0]): Promise<Swept> {
  const { prefix } = parts
  const swept = { removed: 0, freedBytes: 0 }
  const end = prefix + firstIdAfter(putBeforeMs)
  let after = await readPosition(parts)
  let looked = 0
  let more = true
  while (more && looked < parts.maxObjects && !parts.stopped()) {
    const page = await list(parts, after, end)
    const unused = await unusedOf(page.listed, inUse)
    await removeAll(parts, unused.map(({ id }) => prefix + id))
    swept.removed += unused.length
    swept.freedBytes += unused.reduce((sum, { bytes }) => sum + bytes, 0)
    looked += page.listed.length
    after = page.last ?? after
    more = page.more
  }
  await writePosition(parts, more ? after : '')
  if (!more && !parts.stopped()) await abortOldUploads(parts, end)
  return swept
}

async function unusedOf(listed: readonly Listed[], inUse: Parameters<Blobs['sweep']>[0]['inUse']): Promise<readonly Listed[]> {
  if (listed.length === 0) return []
  const used = await inUse(listed.map(({ id }) => id))
  return listed.filter(({ id }) => !used.has(id))
}

async function list({ requests, prefix }: SweepParts, after: string, end: string): Promise<{ readonly listed: readonly Listed[]; readonly last: string | null; readonly more: boolean }> {
  const query = { 'list-type': '2', prefix, 'max-keys': String(listedTogether), ...(after !== '' && { 'start-after': after }) }
  const xml = (await requests.send({ method: 'GET', key: '', query, maxBytes: maxListBytes, expected: [200] })).body.toString('utf8')
  const listed: Listed[] = []
  let last: string | null = null
  for (const contents of partsOf(xml, 'Contents')) {
    const key = textOf(contents, 'Key') ?? ''
    if (key >= end) return { listed, last, more: false }
    last = key
    const id = key.slice(prefix.length)
    // What else lies there is not ours.
    if (key.startsWith(prefix) && isBodyId(id)) listed.push({ id, bytes: Number(textOf(contents, 'Size') ?? 0) })
  }
  return { listed, last, more: textOf(xml, 'IsTruncated') === 'true' && last !== null }
}

async function removeAll({ requests }: SweepParts, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += deletesAtOnce) {
    await Promise.all(keys.slice(at, at + deletesAtOnce).map((key) => requests.send({ method: 'DELETE', key, maxBytes: maxAnswerBytes, expected: [200, 204, 404] })))
  }
}

/** Uploads in parts whose writer died. A page at a time: there are few. */
async function abortOldUploads({ requests, prefix }: SweepParts, end: string): Promise<void> {
  const xml = (await requests.send({ method: 'GET', key: '', query: { uploads: '', prefix }, maxBytes: maxListBytes, expected: [200] })).body.toString('utf8')
  for (const one of partsOf(xml, 'Upload')) {
    const [key = '', uploadId = ''] = [...textsOf(one, 'Key'), ...textsOf(one, 'UploadId')]
    if (key.startsWith(prefix) && key < end && uploadId !== '') await abortUpload(requests, key, uploadId)
  }
}

async function readPosition({ requests, positionKey, prefix }: SweepParts): Promise<string> {
  const { status, body } = await requests.send({ method: 'GET', key: positionKey, maxBytes: maxAnswerBytes, expected: [200, 404] })
  const position = status === 200 ? body.toString('utf8') : ''
  return position.startsWith(prefix) ? position : ''
}

async function writePosition({ requests, positionKey }: SweepParts, position: string): Promise<void> {
  if (position === '') await requests.send({ method: 'DELETE', key: positionKey, maxBytes: maxAnswerBytes, expected: [200, 204, 404] })
  else await requests.send({ method: 'PUT', key: positionKey, body: Buffer.from(position), maxBytes: maxAnswerBytes, expected: [200] })
}
