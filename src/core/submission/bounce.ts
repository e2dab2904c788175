/**
 * A bounce: RFC 3464 delivery status notification in a multipart/report (RFC 6522), with a text in Vietnamese and English.
 * Pure: facts in, bytes out. It has the null sender and Auto-Submitted (RFC 3834 §5), so that nothing answers it.
 */
import { encodeHeaderText } from '../../message/compose.ts'
import { scanHeader } from '../../message/header.ts'
import { headerDate } from '../delivery/trace.ts'
import { bounceSubject, bounceText, momentText, type FailedRecipient } from '../text/bounce.ts'

export interface Bounce {
  readonly to: string
  readonly hostname: string
  readonly mainDomain: string
  /** Unique; makes the Message-ID and the boundary. */
  readonly id: string
  readonly nowMs: number
  readonly arrivedAtMs: number
  readonly utcOffsetMinutes: number
  readonly failed: readonly BouncedRecipient[]
  /** Trace lines and body of the message that came back. */
  readonly original: Uint8Array
  readonly wholeBytes: number
  /** Decoded subject of the original. */
  readonly subject: string
  readonly messageId: string | null
}

export interface BouncedRecipient extends FailedRecipient {
  readonly host: string | null
}

/** Header of the original that goes along when the message itself is too large. */
const maxHeaderBytes = 64 * 1024
/** RFC 5322 §2.1.1. */
const maxLineBytes = 998

export function composeBounce(bounce: Bounce): Uint8Array {
  const boundary = `=_congvu_${bounce.id}`
  const arrived = headerDate(bounce.arrivedAtMs, bounce.utcOffsetMinutes)
  const head = [
    `From: ${encodeHeaderText('Hệ thống thư (Mail Delivery System)')} <postmaster@${bounce.mainDomain}>`,
    `To: <${bounce.to}>`,
    `Subject: ${encodeHeaderText(bounceSubject(bounce.subject.slice(0, 200)))}`,
    `Date: ${headerDate(bounce.nowMs, bounce.utcOffsetMinutes)}`,
    `Message-ID: <${bounce.id}@${bounce.hostname}>`,
    ...(bounce.messageId === null ? [] : [`In-Reply-To: <${bounce.messageId}>`, `References: <${bounce.messageId}>`]),
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"`,
    '',
    'This is a delivery report in MIME format.',
  ]
  const text = Buffer.from(bounceText(bounce.failed, bounce.subject, momentText(bounce.arrivedAtMs, bounce.utcOffsetMinutes)).replaceAll('\n', '\r\n'))
  const open = `\r\n--${boundary}\r\n`
  return Buffer.concat([
    Buffer.from(head.join('\r\n') + '\r\n'),
    Buffer.from(`${open}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(text)}`),
    Buffer.from(`${open}Content-Type: message/delivery-status\r\n\r\n${statusPart(bounce, arrived)}`),
    Buffer.from(open),
    ...originalPart(bounce.original, bounce.wholeBytes),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
}

/** RFC 3464 §2.2, §2.3: one block on the message, one on each recipient. */
function statusPart(bounce: Bounce, arrived: string): string {
  const message = [`Reporting-MTA: dns; ${bounce.hostname}`, `Arrival-Date: ${arrived}`]
  const recipients = bounce.failed.map((one) => [
    `Final-Recipient: ${/^[\x00-\x7f]*$/.test(one.address) ? 'rfc822' : 'utf-8'}; ${oneLine(one.address)}`,
    'Action: failed',
    `Status: ${one.status}`,
    ...(one.host === null ? [] : [`Remote-MTA: dns; ${ascii(oneLine(one.host))}`]),
    `Diagnostic-Code: smtp; ${ascii(oneLine(one.reply))}`,
    `Last-Attempt-Date: ${headerDate(bounce.nowMs, bounce.utcOffsetMinutes)}`,
  ])
  return [message, ...recipients].map((block) => `${block.join('\r\n')}\r\n`).join('\r\n')
}

/** message/rfc822 may not be encoded (RFC 2046 §5.2.1), so what is large or breaks the rules for lines goes as its header. */
function originalPart(original: Uint8Array, wholeBytes: number): Buffer[] {
  const buffer = Buffer.from(original.buffer, original.byteOffset, original.byteLength)
  if (buffer.length <= wholeBytes && hasPlainLines(buffer)) {
    return [Buffer.from(`Content-Type: message/rfc822\r\nContent-Transfer-Encoding: ${encodingOf(buffer)}\r\n\r\n`), buffer]
  }
  const header = cutHeader(buffer)
  if (hasPlainLines(header)) {
    return [Buffer.from(`Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: ${encodingOf(header)}\r\n\r\n`), header]
  }
  return [Buffer.from(`Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(header)}`)]
}

/** The header with its blank line, at most {@link maxHeaderBytes}, whole fields only. */
export function cutHeader(original: Buffer): Buffer {
  const { fields, bodyStart } = scanHeader(original)
  if (bodyStart <= maxHeaderBytes) return original.subarray(0, bodyStart)
  const last = fields.findLast((field) => field.end <= maxHeaderBytes)
  return original.subarray(0, last?.end ?? maxHeaderBytes)
}

/** CRLF only, no NUL, no line above the limit. */
function hasPlainLines(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf('\r\n', start)
    const line = bytes.subarray(start, end < 0 ? bytes.length : end)
    if (line.length > maxLineBytes || line.includes(0x0a) || line.includes(0x0d)) return false
    start = end < 0 ? bytes.length : end + 2
  }
  return true
}

function encodingOf(bytes: Buffer): '7bit' | '8bit' {
  return bytes.some((byte) => byte > 0x7f) ? '8bit' : '7bit'
}

function base64Lines(bytes: Buffer): string {
  return bytes.toString('base64').replace(/.{76}/g, '$&\r\n') + '\r\n'
}

/** Replies come from outside: one line, of a length that a header line may have. */
function oneLine(text: string): string {
  return text.replace(/[\x00-\x20\x7f]+/g, ' ').trim().slice(0, 900)
}

function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}
