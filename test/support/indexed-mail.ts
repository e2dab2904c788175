/** Mail of every shape that a full-text index could stumble over, and needles to look for in it. */
import type { SearchKey } from '../../src/core/mailbox/search-key.ts'
import { encodeLegacy } from '../fixtures/message/legacy-encoder.ts'

export type Below = (limit: number) => number

export function chance(seed: number): Below {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }
}

const words = [
  'Công văn', 'số 12/UBND-VX', 'họp giao ban', 'Đặng Quốc Khánh', 'báo cáo', 'tháng 3', 'đề nghị', 'NGHỊ QUYẾT', 'gửi', 'ThS. Ng. Văn A', 'sông Cửu Long',
  'needle-in-body-xyzzy', 'https://dichvucong.gov.vn/a?b=c&d="e"', '50%', 'a\tb', 'từ: trong nhà', 'm: x', 'e-mail', 'C++', '(phụ lục)', '…', 'Lê An',
]
const odd = ['🏔️ núi', '漢字かな', 'नमस्ते', 'Ελλάδα', '\u00ad­mềm', 'x\u0301\u0301', 'ﬁle', '\u{10ffff}', '\ufeffbom', '\ue000riêng']
const people = [
  'Nguyễn Văn Bình <binh.nv@sotc.tinh.gov.vn>', 'Trần Thị Hồng <hong.tt@ubnd.tinh.gov.vn>', 'van.thu@xa-an-binh.tinh.gov.vn', '"Đỗ, An" <an.do@vd.example>',
  'Lê Ô <o@le.example>',
]
const extra = [
  ['List-Id', 'Văn thư <unit 7.example>'], ['X-Priority', ''], ['Reply-To', 'tra-loi@tinh.gov.vn'], ['X-Spam', 'không "chắc"'], ['Organization', 'Sở Tư pháp'],
  ['References', '<a.1@x.example> <b.2@x.example>'], ['DKIM-Signature', `v=1; a=rsa-sha256; b=${'QWxhZGRpbjpvcGVu/+'.repeat(12)}`], ['Subject', 'thứ hai'], ['X', 'ngắn'],
] as const

function encoded(value: string): string {
  const match = /^"?([^"<]*)"?( <.*>)$/.exec(value)
  const word = (text: string): string => (/^[\x20-\x7e]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`)
  return match === null ? word(value) : `${word(match[1]!)}${match[2]!}`
}

function quotedPrintable(bytes: Buffer): string {
  return [...bytes].map((byte, i) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}${i % 24 === 23 ? '=\r\n' : ''}`).join('')
}

/** `long`: beyond what is stored of a text, so that only the message itself knows all of it. */
export function anyMail(below: Below, long: 'header' | 'body' | null = null): Buffer {
  const one = <T>(of: readonly T[]): T => of[below(of.length)]!
  const phrase = (count: number): string =>
    Array.from({ length: count }, () => (below(12) === 0 ? one(odd) : one(words))).join(one([' ', ' ', '\r\n', '  ', ' \r\n\t']))
  const fields = [`From: ${encoded(one(people))}`, `To: ${Array.from({ length: 1 + below(3) }, () => encoded(one(people))).join(',\r\n ')}`]
  if (below(8) > 0) fields.push(`Subject: ${encoded(phrase(1 + below(3)).replace(/\s+/g, ' '))}`)
  if (below(3) === 0) fields.push(`Cc: ${encoded(one(people))}`)
  if (below(9) === 0) fields.push(`Bcc: ${encoded(one(people))}`)
  if (below(5) > 0) fields.push(`Date: ${1 + below(28)} ${one(['Jan', 'Feb', 'Mar'])} 2026 10:00:00 ${one(['+0700', '-1100'])}`)
  for (let i = below(4); i > 0; i--) fields.push(one(extra).map((part) => (part === 'X' ? part : encoded(part))).join(': '))
  if (long === 'header') for (let i = 0; i < 2_500; i++) fields.push(`X-Pad-${i}: ${'p'.repeat(120)}`)
  const text = long === 'body' ? `${phrase(6)} ${'một dòng dài '.repeat(90_000)} ${phrase(6)} cuối cùng` : phrase(2 + below(25))
  return Buffer.concat([Buffer.from(`${fields.join('\r\n')}\r\nMIME-Version: 1.0\r\n`), content(below, text)])
}

function content(below: Below, text: string): Buffer {
  const part = (type: string, encoding: string, body: string | Buffer): Buffer =>
    Buffer.concat([Buffer.from(`Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`), Buffer.from(body), Buffer.from('\r\n')])
  const html = `<html><style>p{color:red}</style><p>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</p><b>&#272;&#7863;ng</b>&nbsp;xong</html>`
  switch (below(10)) {
    case 0:
      return part('text/plain; charset=utf-8', 'base64', Buffer.from(text.normalize('NFD')).toString('base64'))
    case 1:
      return part('text/plain; charset=utf-8', 'quoted-printable', quotedPrintable(Buffer.from(text.slice(0, 2_000))))
    case 2:
      return part('text/plain; charset=windows-1258', '8bit', encodeLegacy(text, 'windows-1258'))
    case 3:
      return part('text/plain; charset=x-viet-tcvn', '8bit', encodeLegacy(text, 'tcvn3'))
    case 4:
      return part('text/plain; charset=utf-16le', 'base64', Buffer.from(text, 'utf16le').toString('base64'))
    case 5:
      return part('text/html; charset=utf-8', '8bit', html)
    case 6:
      return part('text/plain; charset=utf-8', '8bit', Buffer.concat([Buffer.from(text), Buffer.from([0, 0x61, 0xff, 0xfe, 0, 0xc3]), Buffer.from('sau số không')]))
    case 7: {
      const attached = part(`application/pdf; name="=?UTF-8?B?${Buffer.from('hóa đơn tháng 3.pdf').toString('base64')}?="`, 'base64', 'JVBERi0=')
      const parts = [part('text/plain; charset=utf-8', '8bit', text), part('text/html; charset=utf-8', '8bit', html), attached]
      const boundary = Buffer.from('\r\n--ranh-gioi\r\n')
      return Buffer.concat([Buffer.from('Content-Type: multipart/mixed; boundary="ranh-gioi"\r\n\r\n'), ...parts.flatMap((one) => [boundary, one]), Buffer.from('\r\n--ranh-gioi--\r\n')])
    }
    case 8:
      return Buffer.from('\r\n')
    default:
      return part('text/plain; charset=utf-8', '8bit', text)
  }
}

export function anyTrace(below: Below): Buffer {
  return Buffer.from(below(2) === 0 ? '' : `Return-Path: <gui@ngoai.example>\r\nDelivered-To: unit${below(3)}@tinh.gov.vn\r\nX-Ghi: "a b"\r\n`)
}

const fixedNeedles = [
  '', ' ', 'a', 'an', 'lê', 'ô', 'từ: ', 'rom: n', 'from: ', 'm: x', ': ', '"', '""', '*', 'AND', 'OR "', '50%', 'c++', '^', 'x:y', '\ufffd', '\ufffe', '\0', '\ud83c', '🏔', '漢字', '漢',
  'eedle-in', 'không có đâu', 'gov.vn', 'QWxhZGRp', 'pdf', 'cuối cùng', 'body : "', 'subject: ', '\nfrom:', 'unit 7', 'list-id', 'sâu', 'd="e"', 'p'.repeat(80),
]

/** Of what there is, most of the time: a piece of a text, in some spelling. */
export function anyNeedle(below: Below, texts: readonly string[]): string {
  const one = <T>(of: readonly T[]): T => of[below(of.length)]!
  if (below(4) === 0) return one(fixedNeedles)
  if (below(4) === 0) return one([...words, ...odd])
  const text = one(texts)
  const start = below(Math.max(1, Math.min(text.length, 3_000)))
  const piece = text.slice(start, start + 1 + below(below(10) === 0 ? 150 : 14))
  return one([piece, piece, piece.toUpperCase(), piece.normalize('NFD'), `${piece}q`, piece.replaceAll(' ', ' \t ')])
}

const headerNames = ['from', 'to', 'cc', 'bcc', 'subject', 'date', 'list-id', 'x-priority', 'x-spam', 'reply-to', 'organization', 'dkim-signature', 'references', 'delivered-to', 'x-ghi', 'x', 'x-pad-7', 'x-none', 'x:y', 'mime-version', 'content-type']

export function anyKey(below: Below, texts: readonly string[], depth = 2): SearchKey {
  const one = <T>(of: readonly T[]): T => of[below(of.length)]!
  const inner = (): SearchKey => anyKey(below, texts, depth - 1)
  if (depth > 0 && below(4) === 0) {
    return one<() => SearchKey>([
      () => ({ key: 'and', keys: Array.from({ length: 1 + below(3) }, inner) }),
      () => ({ key: 'or', left: inner(), right: inner() }),
      () => ({ key: 'not', inner: inner() }),
    ])()
  }
  const text = anyNeedle(below, texts)
  return one<() => SearchKey>([
    () => ({ key: 'text', text }),
    () => ({ key: 'text', text }),
    () => ({ key: 'body', text }),
    () => ({ key: 'body', text }),
    () => ({ key: 'header', name: one(headerNames), text: below(6) === 0 ? '' : text }),
    () => ({ key: 'header', name: one(headerNames.slice(0, 5)), text }),
    () => (depth === 2 ? { key: 'text', text } : { key: 'flag', flag: one(['\\Seen', '\\Flagged', '$Việc']), set: below(2) === 0 }),
    () => (depth === 2 ? { key: 'body', text } : { key: 'date', of: 'sent', compare: one(['before', 'on', 'since'] as const), date: `2026-02-${10 + below(18)}` }),
  ])()
}
