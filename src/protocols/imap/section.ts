/**
 * Where the bytes of a section lie: FETCH BODY[…] over trace prefix and stored body. RFC 9051 §6.4.5.
 *
 * Offsets of the stored forms count from the body's first byte; a client counts from the first byte of the trace prefix
 * that stands before it.
 */
import type { StoredMessage } from '../../core/mailbox/mailbox.ts'
import { fieldSelector } from '../../message/header-fields.ts'
import type { Forms } from '../../message/imap-form.ts'
import type { Partial, Section, SectionText } from './wire/fetch-items.ts'

/** Bytes that are there already, a half-open range still to be read (then some fields of it, perhaps), or no such part. */
export type Place =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'range'; readonly start: number; readonly end: number }
  | { readonly kind: 'fields'; readonly start: number; readonly end: number; readonly select: (header: Uint8Array) => Uint8Array }
  | { readonly kind: 'nothing' }

const nothing: Place = { kind: 'nothing' }

/** `forms` may be null for `BODY[]` alone. */
export function placeOf(section: Section, partial: Partial | null, message: StoredMessage, forms: Forms | null): Place {
  return cut(wholePlace(section, message, forms), partial)
}

/** The bytes of a `fields` place, from what its range holds. */
export function cutBytes(bytes: Uint8Array, partial: Partial | null): Uint8Array {
  return partial === null ? bytes : bytes.subarray(Math.min(partial.offset, bytes.length), Math.min(partial.offset + partial.length, bytes.length))
}

type Fields = Extract<SectionText, { kind: 'fields' }>

const selectors = new WeakMap<Fields, (header: Uint8Array) => Uint8Array>()

/** Made once a command, whose item it belongs to. */
function selectorOf(fields: Fields): (header: Uint8Array) => Uint8Array {
  let selector = selectors.get(fields)
  if (selector === undefined) {
    selector = fieldSelector(fields.names, fields.not)
    selectors.set(fields, selector)
  }
  return selector
}

function cut(place: Place, partial: Partial | null): Place {
  if (partial === null) return place
  if (place.kind === 'bytes') return { kind: 'bytes', bytes: cutBytes(place.bytes, partial) }
  if (place.kind !== 'range') return place
  const start = Math.min(place.start + partial.offset, place.end)
  return { kind: 'range', start, end: Math.min(start + partial.length, place.end) }
}

function wholePlace(section: Section, message: StoredMessage, forms: Forms | null): Place {
  const { part, text } = section
  if (part.length === 0 && text.kind === 'whole') return { kind: 'range', start: 0, end: message.sizeBytes }
  if (forms === null) return nothing
  return part.length === 0 ? ofMessage(section, message, forms) : ofPart(section, message, forms)
}

function ofMessage({ text }: Section, message: StoredMessage, forms: Forms): Place {
  const { prefix, sizeBytes } = message
  const bodyStart = Math.min(prefix.length + forms.bodyStart, sizeBytes)
  switch (text.kind) {
    case 'text':
      return { kind: 'range', start: bodyStart, end: sizeBytes }
    case 'header': {
      const header = wholeHeader(prefix, forms.header)
      return header === null ? { kind: 'range', start: 0, end: bodyStart } : { kind: 'bytes', bytes: header }
    }
    case 'fields': {
      const select = selectorOf(text)
      const header = wholeHeader(prefix, forms.header)
      return header === null ? { kind: 'fields', start: 0, end: bodyStart, select } : { kind: 'bytes', bytes: select(header) }
    }
    case 'whole':
    case 'mime':
      return nothing
  }
}

function wholeHeader(prefix: Uint8Array, header: Uint8Array | null): Uint8Array | null {
  if (header === null || prefix.length === 0) return header
  return Buffer.concat([prefix, header])
}

function ofPart({ part, text }: Section, message: StoredMessage, forms: Forms): Place {
  const place = forms.part(part)
  if (place === null) return nothing
  const shift = message.prefix.length
  const range = (start: number, end: number): { start: number; end: number } => ({ start: start + shift, end: end + shift })
  if (text.kind === 'whole') return { kind: 'range', ...range(place.bodyStart, place.bodyEnd) }
  if (text.kind === 'mime') return { kind: 'range', ...range(place.headerStart, place.bodyStart) }
  // HEADER and TEXT of a part are those of the message that it holds (RFC 9051 §6.4.5.1).
  if (place.message === null) return nothing
  const { headerStart, bodyStart, bodyEnd } = place.message
  if (text.kind === 'text') return { kind: 'range', ...range(bodyStart, bodyEnd) }
  const header = range(headerStart, bodyStart)
  if (text.kind === 'header') return { kind: 'range', ...header }
  return { kind: 'fields', ...header, select: selectorOf(text) }
}
