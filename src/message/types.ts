/**
 * What the parser makes of a message: structure with byte offsets, nothing decoded that nobody asked for.
 * RFC 5322, RFC 2045-2049, RFC 2183, RFC 2231, RFC 9051 §2.6.3, §7.5.2.
 *
 * Invariants: every offset counts bytes from the first byte of the parsed buffer (the body as it is stored, without the
 * trace prefix of a single recipient); 0 <= headerStart <= bodyStart <= bodyEnd <= length; children lie inside their parent.
 */

/** One header field: raw bytes are `buffer.subarray(start, end)`, folding and the final CRLF included. */
export interface HeaderField {
  /** Lower-case ASCII name, without the colon. */
  readonly name: string
  readonly start: number
  /** First byte after the colon. */
  readonly valueStart: number
  readonly end: number
}

export interface Parameter {
  /** Lower case. */
  readonly name: string
  /** As it stands in the message (unquoted, RFC 2231 continuations joined under the base name, not charset-decoded). */
  readonly value: string
}

export interface Disposition {
  readonly type: string
  readonly parameters: readonly Parameter[]
}

/** An address of RFC 5322 §3.4 as ENVELOPE wants it; group start has `host: null`, group end has all null. */
export interface EnvelopeAddress {
  /** Raw display name (RFC 2047 words not decoded), as latin1 of the bytes. */
  readonly name: string | null
  readonly mailbox: string | null
  readonly host: string | null
}

/** RFC 9051 §7.5.2 ENVELOPE. Strings are the raw bytes as latin1, unfolded. */
export interface Envelope {
  readonly date: string | null
  readonly subject: string | null
  readonly from: readonly EnvelopeAddress[]
  readonly sender: readonly EnvelopeAddress[]
  readonly replyTo: readonly EnvelopeAddress[]
  readonly to: readonly EnvelopeAddress[]
  readonly cc: readonly EnvelopeAddress[]
  readonly bcc: readonly EnvelopeAddress[]
  readonly inReplyTo: string | null
  readonly messageId: string | null
}

export interface Part {
  /** Lower case, e.g. `text`, `multipart`. */
  readonly type: string
  readonly subtype: string
  readonly parameters: readonly Parameter[]
  readonly contentId: string | null
  readonly description: string | null
  /** Lower case; `7bit` when absent. */
  readonly encoding: string
  readonly md5: string | null
  readonly disposition: Disposition | null
  readonly language: readonly string[]
  readonly location: string | null
  readonly headerStart: number
  readonly bodyStart: number
  readonly bodyEnd: number
  /** Lines of the body (counted for every part; IMAP shows it for text and message/rfc822). */
  readonly lines: number
  /** Of a multipart; empty for all others. */
  readonly children: readonly Part[]
  /** Of a message/rfc822 (or message/global) that is inside the limits. */
  readonly message: { readonly envelope: Envelope; readonly root: Part } | null
}

/** Which limit stopped the parser; the message is still whole on disk and is fetched whole. */
export type ParserLimit = 'depth' | 'parts' | 'header-bytes' | 'header-fields'

export interface ParsedMessage {
  readonly root: Part
  readonly envelope: Envelope
  readonly fields: readonly HeaderField[]
  readonly limits: readonly ParserLimit[]
}

/** One place of the part tree, as FETCH BODY[section] needs it (offsets as in {@link Part}). */
export interface PartPlace {
  readonly headerStart: number
  readonly bodyStart: number
  readonly bodyEnd: number
  /** `null` unless the part is a message/rfc822: the place of the inner message (its header and text). */
  readonly message: { readonly headerStart: number; readonly bodyStart: number; readonly bodyEnd: number } | null
  readonly encoding: string
}

/** What delivery keeps of a message, computed once (design §5.5). */
export interface Digest {
  /** Packed forms, opened by `openForms` (imap-form.ts). */
  readonly forms: Uint8Array
  /** Packed, compressed, folded search text, opened by `openSearchText` (search-text.ts). */
  readonly text: Uint8Array
  /** Without angle brackets, lower-case host; null when absent. */
  readonly messageId: string | null
  /** In-Reply-To and References, oldest first, without duplicates, at most 100. */
  readonly references: readonly string[]
  /** RFC 5256 §2.1 base subject, folded (NFC, lower case, no accents). */
  readonly baseSubject: string
  /** Date field in epoch milliseconds, or null. */
  readonly sentAtMs: number | null
  /** Decoded, NFC. */
  readonly subject: string
  /** Addresses (`local@domain`) of the From field, in order. */
  readonly from: readonly string[]
  /** First 256 characters of readable text, NFC, white space folded. */
  readonly preview: string
  readonly limits: readonly ParserLimit[]
}
