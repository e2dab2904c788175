/**
 * The one place where answers go around the typed responses: FETCH as ready bytes (RFC 9051 §6.4.5, §7.5.2).
 *
 * Stored ENVELOPE, BODY and BODYSTRUCTURE are copied, never decoded; flags and UIDs come from the session's view; bodies
 * are read only where a section needs them, neighbours together. What is yielded is whole responses, except inside a
 * message of many megabytes: should reading fail there, {@link BrokenResponse} says that the connection is of no use more.
 */
import type { Mail, SelectedView } from '../../core/mail.ts'
import type { AccountId, StoredMessage } from '../../core/mailbox/mailbox.ts'
import { digest } from '../../message/digest.ts'
import { openForms, parserVersion, type Forms } from '../../message/imap-form.ts'
import { decodeTransfer } from '../../message/transfer-encoding.ts'
import { emailIdOf } from './email-id.ts'
import { FetchOutput } from './fetch-output.ts'
import { cutBytes, placeOf, type Place } from './section.ts'
import { formatDateTime } from './wire/date.ts'
import { encodeFlags, encodeString, type Untagged } from './wire/encoder.ts'
import type { FetchItem, SimpleItem } from './wire/fetch-items.ts'

export interface FetchRequest {
  readonly mail: Mail
  readonly account: AccountId
  readonly view: SelectedView
  /** Ascending UIDs of the session's view. */
  readonly uids: Uint32Array
  readonly items: readonly FetchItem[]
  /** Messages that this FETCH has made \Seen: of those `also` is told too. */
  readonly seenNow: ReadonlySet<number>
  readonly also: readonly SimpleItem[]
}

/** A part cannot be decoded (RFC 3516 §4.3). */
export class UnknownEncoding extends Error {
  constructor() {
    super('Unknown transfer encoding')
    this.name = 'UnknownEncoding'
  }
}

/** A response was begun that cannot be finished. */
export class BrokenResponse extends Error {
  constructor(cause: unknown) {
    super('A FETCH response could not be finished', { cause })
    this.name = 'BrokenResponse'
  }
}

type Writing = AsyncGenerator<Untagged, number, void>
type Bytes = (start: number, end: number) => Promise<Uint8Array> | Uint8Array

/** Sections above this are read and sent piece by piece. */
const maxWholeBytes = 4_194_304
const pieceBytes = 1_048_576

/** Yields the responses; returns how many of the messages do not exist any more. */
export async function* writeFetch(request: FetchRequest): Writing {
  const needs = needsOf(request.items)
  if (needs.view) return yield* writeFromView(request)
  const output = new FetchOutput(request.uids.length <= 4)
  const { mail, account, view } = request
  let found = 0
  for await (const slice of mail.messages.read(account, view.mailbox.id, request.uids, { forms: needs.forms, text: false })) {
    found += slice.length
    yield* writeSlice(request, slice, needs, output)
  }
  yield { type: 'ready', chunks: output.take() }
  return request.uids.length - found
}

interface Needs {
  /** The view answers alone. */
  readonly view: boolean
  readonly forms: boolean
  /** Whole messages are asked for, so their bytes may be read many at a time. */
  readonly whole: boolean
}

function needsOf(items: readonly FetchItem[]): Needs {
  const isWhole = (item: FetchItem): boolean => item.item === 'section' && item.section.part.length === 0 && item.section.text.kind === 'whole'
  return {
    view: items.every((item) => item.item === 'uid' || item.item === 'flags' || item.item === 'modseq'),
    forms: items.some((item) => ['envelope', 'body', 'bodystructure', 'preview', 'binary'].includes(item.item) || (item.item === 'section' && !isWhole(item))),
    whole: items.some((item) => isWhole(item) && item.item === 'section' && item.partial === null),
  }
}

async function* writeFromView({ view, uids, items }: FetchRequest): Writing {
  const output = new FetchOutput(uids.length <= 20)
  for (const uid of uids) {
    const sequence = view.sequenceOf(uid)
    const parts = items.map((item) => viewItem(item, view, sequence, uid))
    output.text(`* ${sequence} FETCH (${parts.join(' ')})\r\n`)
    if (output.full) yield { type: 'ready', chunks: output.take() }
  }
  yield { type: 'ready', chunks: output.take() }
  return 0
}

function viewItem({ item }: FetchItem, view: SelectedView, sequence: number, uid: number): string {
  if (item === 'uid') return `UID ${uid}`
  return item === 'flags' ? `FLAGS ${encodeFlags(view.flagsAt(sequence))}` : `MODSEQ (${view.modseqAt(sequence)})`
}

async function* writeSlice(request: FetchRequest, slice: readonly StoredMessage[], needs: Needs, output: FetchOutput): AsyncGenerator<Untagged, void, void> {
  for (let at = 0; at < slice.length; ) {
    const run = needs.whole ? runOfSmall(slice, at) : 0
    if (run > 1) {
      const messages = slice.slice(at, at + run)
      let next = 0
      for await (const bytes of request.mail.messages.manyBytes(messages)) {
        yield* writeMessage(request, messages[next++]!, output, (start, end) => bytes.subarray(start, end))
      }
      at += run
    } else {
      const message = slice[at++]!
      yield* writeMessage(request, message, output, (start, end) => request.mail.messages.bytes(message, { start, end }))
    }
  }
}

/** How many messages from here on may be read whole. */
function runOfSmall(slice: readonly StoredMessage[], from: number): number {
  let at = from
  while (at < slice.length && slice[at]!.sizeBytes <= maxWholeBytes) at++
  return at - from
}

async function* writeMessage(request: FetchRequest, message: StoredMessage, output: FetchOutput, read: Bytes): AsyncGenerator<Untagged, void, void> {
  const sequence = request.view.sequenceOf(message.uid)
  if (sequence === 0) return
  const forms = message.forms === null ? null : await presentForms(request.mail, message)
  const sections = await readSections(request.items, message, forms, read)
  output.text(`* ${sequence} FETCH (`)
  const parts: MessageParts = { request, message, sequence, forms, output }
  const large: LargeWriting = { output, read, begun: false }
  let first = true
  for (const item of request.items) {
    if (!first) output.text(' ')
    first = false
    if (item.item !== 'section' && item.item !== 'binary') writeSimple(item.item, parts)
    else {
      const section = sections.get(item)!
      if (section instanceof Uint8Array) writeBytes(item, section, output)
      else if (section === null) output.text(`${item.label} ${item.item === 'binary' && item.sizeOnly ? 0 : 'NIL'}`)
      else yield* writeLarge(item.label, section, large)
    }
  }
  if (request.seenNow.has(message.uid)) {
    for (const item of request.also) {
      output.text(' ')
      writeSimple(item, parts)
    }
  }
  output.text(')\r\n')
  if (output.full) yield { type: 'ready', chunks: output.take() }
}

interface MessageParts {
  readonly request: FetchRequest
  readonly message: StoredMessage
  readonly sequence: number
  readonly forms: Forms | null
  readonly output: FetchOutput
}

function writeSimple(item: SimpleItem, { request, message, sequence, forms, output }: MessageParts): void {
  switch (item) {
    case 'uid':
      return output.text(`UID ${message.uid}`)
    case 'flags':
      return output.text(`FLAGS ${encodeFlags(request.view.flagsAt(sequence))}`)
    case 'modseq':
      return output.text(`MODSEQ (${request.view.modseqAt(sequence)})`)
    case 'internaldate':
      return output.text(`INTERNALDATE "${formatDateTime(message.receivedAtMs)}"`)
    case 'size':
      return output.text(`RFC822.SIZE ${message.sizeBytes}`)
    case 'envelope':
      output.text('ENVELOPE ')
      return output.bytes(forms!.envelope)
    case 'body':
      output.text('BODY ')
      return output.bytes(forms!.body)
    case 'bodystructure':
      output.text('BODYSTRUCTURE ')
      return output.bytes(forms!.bodystructure)
    case 'emailid':
      return output.text(`EMAILID (${emailIdOf(message)})`)
    case 'threadid':
      return output.text(`THREADID (${message.threadId})`)
    case 'preview':
      return output.text(`PREVIEW ${encodeString(previewOf(forms!))}`)
  }
}

/** RFC 8970 §3.3 would have no more. */
const maxPreviewCharacters = 200

function previewOf({ preview }: Forms): string {
  return preview.length <= maxPreviewCharacters ? preview : [...preview].slice(0, maxPreviewCharacters).join('')
}

function writeBytes(item: BytesItem, bytes: Uint8Array, output: FetchOutput): void {
  if (item.item === 'binary' && item.sizeOnly) return output.text(`${item.label} ${bytes.length}`)
  output.text(`${item.label} `)
  // RFC 3516 §4.3: a literal8 says that there are NULs.
  if (item.item === 'binary' && bytes.includes(0)) output.text('~')
  output.literal(bytes)
}

interface Range {
  readonly start: number
  readonly end: number
}

type ReadySection = Uint8Array | Range | null
type BytesItem = Exclude<FetchItem, { item: SimpleItem }>

/** All bytes that the response needs, read before its first byte is written; large ranges stay ranges. */
async function readSections(items: readonly FetchItem[], message: StoredMessage, forms: Forms | null, read: Bytes): Promise<Map<FetchItem, ReadySection>> {
  const sections = new Map<FetchItem, ReadySection>()
  for (const item of items) {
    if (item.item === 'binary') sections.set(item, await readDecoded(item, message, forms!, read))
    if (item.item !== 'section') continue
    const place = placeOf(item.section, item.partial, message, forms)
    const section = await readPlace(place, read)
    sections.set(item, place.kind === 'fields' && section instanceof Uint8Array ? cutBytes(place.select(section), item.partial) : section)
  }
  return sections
}

/** RFC 9051 §6.4.5: the part as it was before it was encoded. Whole in memory, as no more than one message may be. */
async function readDecoded(item: Extract<FetchItem, { item: 'binary' }>, message: StoredMessage, forms: Forms, read: Bytes): Promise<Uint8Array | null> {
  const place = placeOf({ part: item.part, text: { kind: 'whole' } }, null, message, forms)
  if (place.kind !== 'range') return null
  const encoding = item.part.length === 0 ? 'binary' : forms.part(item.part)!.encoding
  if (!decodable.has(encoding)) throw new UnknownEncoding()
  const bytes = await read(place.start, place.end)
  return cutBytes(decodeTransfer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), encoding), item.partial)
}

/** Every encoding that the stored forms know by name. */
const decodable: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary', 'base64', 'quoted-printable', 'x-uuencode'])

async function readPlace(place: Place, read: Bytes): Promise<ReadySection> {
  switch (place.kind) {
    case 'nothing':
      return null
    case 'bytes':
      return place.bytes
    case 'fields':
      return read(place.start, place.end)
    case 'range':
      return place.end - place.start > maxWholeBytes ? place : read(place.start, place.end)
  }
}

interface LargeWriting {
  readonly output: FetchOutput
  readonly read: Bytes
  /** Some of the response is with the client already. */
  begun: boolean
}

async function* writeLarge(label: string, range: Range, writing: LargeWriting): AsyncGenerator<Untagged, void, void> {
  const { output, read } = writing
  for (let at = range.start; at < range.end; ) {
    const end = Math.min(at + pieceBytes, range.end)
    let piece: Uint8Array
    try {
      piece = await read(at, end)
    } catch (error) {
      // What was only collected is dropped with the command.
      throw writing.begun ? new BrokenResponse(error) : error
    }
    if (at === range.start) output.text(`${label} {${range.end - range.start}}\r\n`)
    output.bytes(piece)
    at = end
    writing.begun = true
    yield { type: 'ready', chunks: output.take() }
  }
}

/** The stored forms, or new ones when an older parser made them (design §5.5). */
async function presentForms(mail: Mail, message: StoredMessage): Promise<Forms> {
  const forms = openForms(message.forms!)
  if (forms.version === parserVersion) return forms
  const bytes = await mail.messages.bytes(message)
  return openForms(digest(bytes.subarray(message.prefix.length)).forms)
}
