/** Messages from a grammar: nested multiparts, attached messages, encodings and charsets of Vietnamese mail, mostly well formed. */
import { crlf } from '../../../test/fixtures/message/crlf.ts'
import { encodeLegacy, encodings } from '../../../test/fixtures/message/legacy-encoder.ts'
import type { Rng } from '../rng.ts'

const words = 'kính gửi ủy ban nhân dân tỉnh báo cáo tháng chín về việc họp Đảng bộ đất đai plain words = _ ? 100% <b> &amp; . .. -- --b1'.split(' ')
const charsets = ['utf-8', 'us-ascii', 'windows-1258', 'viscii', 'x-viet-vni', 'x-viet-tcvn', 'iso-8859-1', 'utf-16le', 'utf-7', 'gb18030', 'unknown-8bit', '', 'x"y', 'koi8-r']
const subtypes = ['mixed', 'alternative', 'related', 'digest', 'report', 'signed', 'form-data', 'x']
const simpleTypes = ['text/plain', 'text/html', 'text/calendar', 'text/enriched', 'application/pdf', 'image/png', 'application/octet-stream', 'message/delivery-status', 'text', '/', 'application/ms-tnef']
const transfer = ['7bit', '8bit', 'binary', 'base64', 'quoted-printable', 'x-uuencode', 'BASE64 (comment)', '"8bit"']
const addresses = ['an@x.vn', 'Nguyễn An <an@x.vn>', '"An, Nguyễn" <an@x.vn>', '<an@x.vn>', 'Nhóm: a@x.vn, b@y.vn;', 'undisclosed-recipients:;', 'an (chú thích) @ x . vn', '<@a,@b:c@d.vn>', 'không phải địa chỉ', 'a@x, , b@y']

const phrase = (rng: Rng, most: number): string => Array.from({ length: 1 + rng.below(most) }, () => rng.pick(words)).join(' ')

function headerText(rng: Rng, text: string): string {
  switch (rng.below(4)) {
    case 0:
      return `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`
    case 1:
      return `=?utf-8?Q?${[...Buffer.from(text)].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join('')}?=`
    case 2:
      return encodeLegacy(text, rng.pick(encodings)).toString('latin1').replace(/[\r\n]/g, ' ')
    default:
      return Buffer.from(text).toString('latin1').replaceAll(' ', rng.once(3) ? '\r\n ' : ' ')
  }
}

/** Latin1 text of a part: header, blank line, body. */
function part(rng: Rng, depth: number): string {
  const kind = rng.below(depth > 0 ? 5 : 3)
  if (kind === 3) return multipart(rng, depth - 1)
  if (kind === 4) return `Content-Type: message/${rng.pick(['rfc822', 'rfc822', 'global', 'partial'])}\r\n\r\n${message(rng, depth - 1)}`
  const text = phrase(rng, 40)
  const encoding = rng.pick(transfer)
  const raw = encodeLegacy(text, rng.pick(encodings))
  const body = encoding.toLowerCase().startsWith('base64') ? raw.toString('base64').replace(/.{60}/g, '$&\r\n') : raw.toString('latin1')
  return `Content-Type: ${rng.pick(simpleTypes)}; charset=${rng.pick(charsets)}${parameters(rng)}\r\nContent-Transfer-Encoding: ${encoding}\r\n${rng.once(3) ? disposition(rng) : ''}\r\n${body}\r\n`
}

function parameters(rng: Rng): string {
  switch (rng.below(6)) {
    case 0:
      return `; name="${headerText(rng, phrase(rng, 4)).replaceAll('"', '')}"`
    case 1:
      return `;\r\n name*0*=utf-8''${encodeURIComponent(phrase(rng, 2))};\r\n name*1=x; name*2*=%C3%B4`
    case 2:
      return '; format=flowed; delsp=yes; ; =; x'
    default:
      return ''
  }
}

function disposition(rng: Rng): string {
  const name = phrase(rng, 4)
  const form = rng.pick([`filename="${headerText(rng, name).replaceAll('"', '')}"`, `filename*=utf-8''${encodeURIComponent(name)}`, 'filename', `filename*=viscii'vi'%d5%e6`])
  return `Content-Disposition: ${rng.pick(['attachment', 'inline', 'form-data', ''])}; ${form}; size=12\r\nContent-ID: <${rng.below(99)}@x>\r\nContent-Language: vi, en (tiếng)\r\n`
}

function multipart(rng: Rng, depth: number): string {
  const boundary = rng.pick(['b1', 'b2', 'b3', '=_x y', 'b1--', `b${rng.below(1000)}`, 'x'.repeat(70)])
  const parts = Array.from({ length: 1 + rng.below(3) }, () => `--${boundary}${rng.once(9) ? '  ' : ''}\r\n${rng.once(7) ? '\r\n' : ''}${part(rng, depth)}`)
  const close = rng.once(6) ? '' : `--${boundary}--${rng.once(3) ? '\r\nepilogue' : ''}\r\n`
  return `Content-Type: multipart/${rng.pick(subtypes)}; boundary="${boundary}"\r\n\r\n${rng.once(3) ? 'preamble\r\n' : ''}${parts.join('')}${close}`
}

function message(rng: Rng, depth: number): string {
  const to = Array.from({ length: rng.below(4) }, () => Buffer.from(rng.pick(addresses)).toString('latin1')).join(', ')
  const lines = [
    `From: ${headerText(rng, phrase(rng, 3))} <${rng.below(9)}@x.vn>`,
    `To: ${to}`,
    `Subject: ${headerText(rng, `Re: ${phrase(rng, 8)}`)}`,
    `Date: ${rng.pick(['Mon, 2 Jan 2023 10:00:00 +0700', 'Thu, 31 Dec 1998 23:59:60 GMT', '2 Jan 23 1:2', 'Mon Jan  2 15:04:05 2006', '2026-09-01T08:00:00Z', 'hôm nay', 'Fri, 99 Foo 99999 99:99:99 +9999'])}`,
    `Message-ID: <${rng.below(1000)}@x.vn>`,
    `References: <a@x>${' <b@y>'.repeat(rng.below(5))}`,
    ...(rng.once(9) ? Array.from({ length: rng.below(200) }, (_, n) => `Received: from a by b; ${n}`) : []),
    'MIME-Version: 1.0',
  ].filter(() => !rng.once(10))
  return `${lines.join('\r\n')}\r\n${depth > 0 && rng.once(2) ? multipart(rng, depth - 1) : part(rng, depth)}`
}

export function generatedMessage(rng: Rng): Buffer {
  return Buffer.from(message(rng, 1 + rng.below(5)), 'latin1')
}

export function messageSeeds(): Buffer[] {
  return [
    crlf(`
Received: from a by b; Mon, 2 Jan 2023 10:00:01 +0700
From: "Nguyen, An" <an@x.vn>, Group: b@y.vn, c;
To: =?UTF-8?B?SOG7mWk=?= <h@x.vn> (comment)
Subject: =?UTF-8?Q?H=E1=BB=99i?= [x] Re: y
Date: Mon, 2 Jan 2023 10:00:00 +0700
Message-ID: <id@x.vn>
References: <a@x> <b@x>
Content-Type: multipart/mixed; boundary="b1"

preamble
--b1
Content-Type: multipart/alternative; boundary=b2

--b2
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

H=E1=BB=99i ngh=E1=BB=8B=
 ti=E1=BA=BFp
--b2
Content-Type: text/html; charset=utf-8

<p>H&#7897;i ngh&#x1ECB; <b>x</b></p>
--b2--
--b1
Content-Type: message/rfc822
Content-Disposition: attachment; filename*0*=utf-8''C%C3%B4ng; filename*1=x.eml

From: in@x.vn
Content-Type: multipart/digest; boundary=b3

--b3

Subject: in the digest

body
--b3--
--b1
Content-Type: application/pdf; name="=?UTF-8?B?SOG7mWk=?="
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--b1--
epilogue
`),
    crlf('\nSubject: ngan\n\nmot dong\n'),
    Buffer.from('Subject: B\xb8o c\xb8o\r\nContent-Type: text/plain\r\n\r\nKÝnh göi ñy ban nh©n d©n\r\n', 'latin1'),
    Buffer.from('From nobody Mon Jan  2 15:04:05 2006\nsubject: mbox\n\n.\n..\n', 'latin1'),
    Buffer.from(''),
    Buffer.from('\r\n\r\n'),
    Buffer.from('no header at all, only text that has : a colon\r\nin it\r\n'),
  ]
}
