/**
 * The mail that is measured with: `corpusMessage(i)` and `plainMessage(i, size)` are the same bytes for the same arguments,
 * on every machine. About 55 % plain text of 2-6 KB, 25 % multipart/alternative of 5-15 KB, 12 % with one attachment of
 * 18-50 KB, 5 % Vietnamese text in base64, 3 % with a message inside; half of the texts are Vietnamese. RFC 5322, RFC 2045.
 *
 * Needles for searches: `needle-in-body-xyzzy` in one of 500, `needle-subject` in one of 1,000.
 */
import { base64Lines, drawBelow, drawFrom, drawnBytes, encodedWord, english, people, pick, quotedPrintable, senderDomains, utf8Word, vietnamese, wordLines, type Draw, type Person } from './corpus-text.ts'

export const bodyNeedle = 'needle-in-body-xyzzy'
export const subjectNeedle = 'needle-subject'

interface Draft {
  readonly index: number
  readonly draw: Draw
  readonly vietnamese: boolean
  readonly words: readonly string[]
  readonly from: Person
  readonly to: Person
  readonly domain: string
  readonly date: Date
}

/** The i-th message of the corpus. The order of the draws is part of its bytes. */
export function corpusMessage(index: number): Buffer {
  const draw = drawFrom(index + 1)
  const kind = draw()
  const inVietnamese = draw() < 0.5
  const draft: Draft = {
    index,
    draw,
    vietnamese: inVietnamese,
    words: inVietnamese ? vietnamese : english,
    from: pick(draw, people),
    to: pick(draw, people),
    domain: pick(draw, senderDomains),
    date: corpusDate(index),
  }
  const header = headerLines(draft)
  const { contentType, body } = kindOf(kind)(draft)
  return Buffer.from(`${[...header, contentType].join('\r\n')}\r\n\r\n${body}`)
}

/** Instant of the i-th message: a little less than an hour after the one before, from 1 January 2023. */
export const corpusDate = (index: number): Date => new Date(Date.UTC(2023, 0, 1) + index * 3_137_000)

/** A message of text, about `size` bytes long (at least 400); never a line of a dot alone. */
export function plainMessage(index: number, size: number): Buffer {
  const draw = drawFrom(index + 77777)
  const header =
    `From: Load Test <load@example.com>\r\nTo: <user@bench.test>\r\nSubject: load ${index} ${utf8Word('thử tải')}\r\n` +
    `Date: Mon, 02 Jan 2023 10:00:00 +0700\r\nMessage-ID: <load.${index}@example.com>\r\nMIME-Version: 1.0\r\n` +
    'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
  return Buffer.from(header + wordLines(draw, index % 2 ? vietnamese : english, size - Buffer.byteLength(header) - 4))
}

function headerLines({ index, draw, words, from, to, domain, date }: Draft): string[] {
  const id = `<${index}.${drawBelow(draw, 1e9).toString(36)}@${domain}>`
  const subject = subjectOf(index, draw, words)
  const [day, time] = [dayText(date), timeText(date)]
  const lines = [
    `Return-Path: <${from.local}@${domain}>`,
    `Received: from mx${index % 7}.${domain} (mx${index % 7}.${domain} [192.0.2.${index % 250}])`,
    `\tby mx.bench.test with ESMTPS id ${(index * 7919 + 13).toString(36)}`,
    `\tfor <user@bench.test>; ${day} ${time.slice(0, 5)}:01 +0000`,
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain}; s=s1;`,
    `\th=from:to:subject:date; bh=${drawnBytes(draw, 32).toString('base64')};`,
    `\tb=${base64Lines(drawnBytes(draw, 256)).replace(/\r\n/g, '\r\n\t')}`,
    `From: ${encodedWord(from.name)} <${from.local}@${domain}>`,
    `To: ${encodedWord(to.name)} <${to.local}@bench.test>`,
  ]
  if (draw() < 0.3) lines.push(`Cc: ${several(draw, 1, 4, () => mailboxText(pick(draw, people))).join(',\r\n ')}`)
  lines.push(`Subject: ${encodedWord(subject)}`, `Date: ${day} ${time} +0700`, `Message-ID: ${id}`)
  if (subject.startsWith('Re:')) {
    const parent = `<${Math.max(0, index - 3)}.parent@${domain}>`
    lines.push(`In-Reply-To: ${parent}`, `References: <${Math.max(0, index - 9)}.root@${domain}>\r\n ${parent}`)
  }
  return [...lines, 'MIME-Version: 1.0', 'User-Agent: bench-corpus/1']
}

function subjectOf(index: number, draw: Draw, words: readonly string[]): string {
  const prefix = draw() < 0.3 ? 'Re: ' : ''
  return prefix + several(draw, 3, 6, () => pick(draw, words)).join(' ') + (index % 1000 === 7 ? ` ${subjectNeedle}` : '')
}

/** `least` to `least + more - 1` of them. */
function several<T>(draw: Draw, least: number, more: number, make: () => T): T[] {
  const count = least + drawBelow(draw, more)
  return Array.from({ length: count }, make)
}

const mailboxText = ({ name, local }: Person): string => `${encodedWord(name)} <${local}@bench.test>`

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
export const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const dayText = (date: Date): string => `${days[date.getUTCDay()]}, ${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`
const timeText = (date: Date): string => date.toISOString().slice(11, 19)

interface Content {
  /** Field lines without the last CRLF. */
  readonly contentType: string
  readonly body: string
}

const textField = (encoding: string): string => `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}`
const htmlField = (encoding: string): string => `Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}`

function kindOf(drawn: number): (draft: Draft) => Content {
  if (drawn < 0.55) return plainText
  if (drawn < 0.8) return alternative
  if (drawn < 0.92) return withAttachment
  return drawn < 0.97 ? base64Text : withMessageInside
}

const needleOf = (index: number): string => (index % 500 === 3 ? `${bodyNeedle}\r\n` : '')
const textOf = ({ index, draw, words }: Draft, bytes: number): string => needleOf(index) + wordLines(draw, words, bytes)

function plainText(draft: Draft): Content {
  return { contentType: textField('8bit'), body: textOf(draft, 1200 + draft.draw() * 4000) }
}

function alternative(draft: Draft): Content {
  const text = textOf(draft, 1500 + draft.draw() * 3500)
  const html = `<html><body><p>${text.replace(/\r\n/g, '</p>\r\n<p>')}</p></body></html>\r\n`
  const boundary = `=_b${draft.index}_1`
  const parts = [`${textField('quoted-printable')}\r\n\r\n${quotedPrintable(text)}`, `${htmlField('quoted-printable')}\r\n\r\n${quotedPrintable(html)}`]
  return { contentType: `Content-Type: multipart/alternative; boundary="${boundary}"`, body: multipart(boundary, parts) }
}

function withAttachment(draft: Draft): Content {
  const { index, draw } = draft
  const size = 11000 + drawBelow(draw, 23000)
  const name = draft.vietnamese ? utf8Word(`hóa đơn ${index}.pdf`) : `report-${index}.pdf`
  const [outer, inner] = [`=_b${index}_1`, `=_b${index}_2`]
  const texts = multipart(inner, [`${textField('8bit')}\r\n\r\n${textOf(draft, 800)}`, `${htmlField('8bit')}\r\n\r\n<p>${textOf(draft, 900)}</p>`])
  const attachment =
    `Content-Type: application/pdf; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"; size=${size}\r\n` +
    `Content-Transfer-Encoding: base64\r\n\r\n${base64Lines(drawnBytes(draw, size))}`
  const parts = [`Content-Type: multipart/alternative; boundary="${inner}"\r\n\r\n${texts}`, attachment]
  return { contentType: `Content-Type: multipart/mixed; boundary="${outer}"`, body: `This is a multi-part message in MIME format.\r\n${multipart(outer, parts)}` }
}

function base64Text({ index, draw }: Draft): Content {
  const text = needleOf(index) + wordLines(draw, vietnamese, 2500 + draw() * 4000)
  return { contentType: textField('base64'), body: `${base64Lines(Buffer.from(text))}\r\n` }
}

function withMessageInside(draft: Draft): Content {
  const { index, draw, to, domain } = draft
  const boundary = `=_b${index}_1`
  const text = `${textField('8bit')}\r\n\r\n${textOf(draft, 600)}`
  const inside =
    'Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n' +
    `From: ${encodedWord(to.name)} <${to.local}@${domain}>\r\nTo: <list@bench.test>\r\nSubject: inner ${index}\r\n` +
    `Date: Mon, 02 Jan 2023 10:00:00 +0000\r\nMessage-ID: <inner.${index}@${domain}>\r\nMIME-Version: 1.0\r\n` +
    `Content-Type: text/plain; charset=us-ascii\r\n\r\n${wordLines(draw, english, 1500)}`
  return { contentType: `Content-Type: multipart/mixed; boundary="${boundary}"`, body: multipart(boundary, [text, inside]) }
}

const multipart = (boundary: string, parts: readonly string[]): string => `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`
