/** Random and mutated messages: nothing throws, every offset lies where the types promise. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { digest } from '../../../src/message/digest.ts'
import { openForms } from '../../../src/message/imap-form.ts'
import { parseMessage } from '../../../src/message/parse.ts'
import { openSearchText } from '../../../src/message/search-text.ts'
import type { Part } from '../../../src/message/types.ts'
import { crlf } from '../../fixtures/message/crlf.ts'
import { readList } from '../../fixtures/message/imap-reader.ts'

const seed = crlf(`
Received: from a by b; Mon, 2 Jan 2023 10:00:01 +0700
From: "Nguyễn, An" <an@x.vn>, Group: b@y.vn, c;
To: =?UTF-8?B?SOG7mWk=?= <h@x.vn> (comment)
Subject: =?UTF-8?Q?H=E1=BB=99i?= [x] Re: y
Date: Mon, 2 Jan 2023 10:00:00 +0700
Message-ID: <id@x.vn>
References: <a@x> <b@x>
Content-Type: multipart/mixed; boundary="b1"; x*0*=utf-8''a; x*1=b

preamble
--b1
Content-Type: text/plain; charset=x-viet-tcvn
Content-Transfer-Encoding: quoted-printable
Content-Language: vi, en

C=E9ng h=DFa x=B7 h=E9i=
 soft
--b1
Content-Type: multipart/alternative; boundary=b2

--b2
Content-Type: text/html; charset=utf-8
Content-Disposition: inline; filename="a.html"

<p style="font-family:.VnTime">C&eacute;ng<br>x</p>
--b2--
--b1
Content-Type: message/rfc822

Subject: inner
Content-Type: multipart/digest; boundary=b3

--b3

Subject: digest

text
--b3--
--b1
Content-Type: application/pdf; name="a.pdf"
Content-Transfer-Encoding: base64

AAAA
--b1--
epilogue
`)

/** Pieces that matter to a parser, to be put anywhere. */
const tokens = [
  '\r\n', '\n', '\r', '\0', '--b1', '--b1--', '--b2', '--b3', '\r\n\r\n', '\r\n ', ':', ';', ',', '"', '\\', '(', ')', '<', '>', '@', '=', '=?', '?=',
  '=?utf-8?B?', '*0*=', '%', '&#', '<!--', '<script>', 'Content-Type: multipart/mixed; boundary=b2\r\n', 'Content-Type: message/rfc822\r\n\r\n',
  'Content-Transfer-Encoding: base64\r\n', 'charset=vni', 'charset=utf-16', '\xff\xfe', '\xc3', '\x93', 'From: ', 'To: x:', ' '.repeat(50),
].map((token) => Buffer.from(token, 'latin1'))

type Edit = { readonly kind: number; readonly at: number; readonly size: number; readonly token: number }

const edits = fc.array(
  fc.record({ kind: fc.nat(3), at: fc.nat(10_000), size: fc.nat(60), token: fc.nat(tokens.length - 1) }),
  { minLength: 1, maxLength: 12 },
)

function mutate(list: readonly Edit[]): Buffer {
  let bytes = seed
  for (const { kind, at, size, token } of list) {
    const from = at % (bytes.length + 1)
    const head = bytes.subarray(0, from)
    const piece = tokens[token]!
    if (kind === 0) bytes = Buffer.concat([head, piece, bytes.subarray(from)])
    else if (kind === 1) bytes = Buffer.concat([head, bytes.subarray(from + size)])
    else if (kind === 2) bytes = Buffer.concat([head, piece, bytes.subarray(from + piece.length)])
    else bytes = Buffer.concat([head, bytes.subarray(Math.max(0, from - size * 10), from), bytes.subarray(from)])
  }
  return bytes
}

function checkPart(bytes: Uint8Array, part: Part, start: number, end: number): void {
  assert.ok(start <= part.headerStart && part.headerStart <= part.bodyStart && part.bodyStart <= part.bodyEnd && part.bodyEnd <= end)
  assert.ok(part.lines >= 0)
  let lines = 0
  for (let index = part.bodyStart; index < part.bodyEnd; index++) if (bytes[index] === 0x0a) lines++
  assert.equal(part.lines, lines)
  assert.equal(part.type === 'multipart', part.children.length > 0)
  let last = part.bodyStart
  for (const child of part.children) {
    checkPart(bytes, child, last, part.bodyEnd)
    last = child.bodyEnd
  }
  if (part.message !== null) checkPart(bytes, part.message.root, part.bodyStart, part.bodyEnd)
}

function check(bytes: Uint8Array): void {
  const parsed = parseMessage(bytes)
  assert.equal(parsed.root.headerStart, 0)
  assert.equal(parsed.root.bodyEnd, bytes.length)
  checkPart(bytes, parsed.root, 0, bytes.length)
  let last = 0
  for (const field of parsed.fields) {
    assert.ok(last <= field.start && field.start < field.valueStart && field.valueStart <= field.end && field.end <= parsed.root.bodyStart)
    last = field.end
  }
}

function checkDigest(bytes: Uint8Array): void {
  const kept = digest(bytes)
  const forms = openForms(kept.forms)
  for (const form of [forms.envelope, forms.body, forms.bodystructure]) readList(Buffer.from(form))
  assert.equal(readList(Buffer.from(forms.envelope)).length, 10)
  assert.equal(forms.length, bytes.length)
  assert.ok(forms.preview.length <= 256)
  openSearchText(kept.text)
}

test('mutated messages: offsets are in bounds and nested, lines are counted right', () => {
  fc.assert(fc.property(edits, (list) => check(mutate(list))), { numRuns: 12_000 })
})

test('random bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => check(bytes)), { numRuns: 3000 })
  const words = fc.array(fc.oneof(fc.constantFrom(...tokens), fc.string().map((text) => Buffer.from(text))), { maxLength: 60 })
  fc.assert(fc.property(words, (list) => check(Buffer.concat(list))), { numRuns: 3000 })
})

test('digests of mutated messages: never throw, IMAP forms are well formed', () => {
  fc.assert(fc.property(edits, (list) => checkDigest(mutate(list))), { numRuns: 4000 })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => checkDigest(bytes)), { numRuns: 1000 })
})

test('input built to be slow is not', () => {
  const big = 300_000
  const builders = [
    (): string => `Subject: ${' '.repeat(big)}x\r\n\r\n`,
    (): string => `Content-Type: ${'('.repeat(big)}\r\n\r\n`,
    (): string => `Content-Type: a/b; x=${' '.repeat(big)}x\r\n\r\n`,
    (): string => `Content-Language: ${'('.repeat(big)}\r\n\r\n`,
    (): string => `Content-Type: a/b; ${'x*1*=a;'.repeat(big / 7)}\r\n\r\n`,
    (): string => `To: ${'x:'.repeat(big / 2)}\r\n\r\n`,
    (): string => `To: ${'x '.repeat(big / 4)}@${':'.repeat(big / 2)}\r\n\r\n`,
    (): string => `To: ${'<'.repeat(big)}\r\n\r\n`,
    (): string => `To: ${'"'.repeat(big)}\r\n\r\n`,
    (): string => `To: ${' '.repeat(big)}<\r\n\r\n`,
    (): string => `Subject: ${'=?'.repeat(big / 2)}\r\n\r\n`,
    (): string => `Subject: ${'=?utf-8?Q?a?= '.repeat(big / 14)}\r\n\r\n`,
    (): string => `References: ${'<'.repeat(big)}\r\n\r\n`,
    (): string => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--\r\n'.repeat(big / 4)}`,
    (): string => `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n'.repeat(big / 5)}`,
    (): string => `Content-Type: text/html\r\n\r\n${'<template>'.repeat(big / 10)}`,
    (): string => `Content-Transfer-Encoding: base64\r\n\r\n${'Q='.repeat(big / 2)}`,
    (): string => `Content-Transfer-Encoding: quoted-printable\r\n\r\n${'= '.repeat(big / 2)}`,
    (): string => `Content-Transfer-Encoding: quoted-printable\r\n\r\n${' '.repeat(big)}x`,
    (): string => `\r\n${'\xe9t\xe9 '.repeat(big / 4)}`,
    (): string => `\r\n${'\xe9'.repeat(big)}`,
    (): string => `${'\r'.repeat(big)}\nx`,
  ]
  for (const build of builders) checkDigest(Buffer.from(build(), 'latin1'))
})
