import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digest } from '../../../src/message/digest.ts'
import { openForms, parserVersion, type Forms } from '../../../src/message/imap-form.ts'
import { crlf } from '../../fixtures/message/crlf.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const formsOf = (bytes: Buffer): Forms => openForms(digest(bytes).forms)

/** `lines` lines of text that have `size` bytes together with their CRLF. */
function body(size: number, lines: number): string {
  const plain = size - lines * 2
  const each = Math.floor(plain / lines)
  return Array.from({ length: lines }, (_, index) => 'x'.repeat(index === 0 ? plain - each * (lines - 1) : each)).join('\r\n') + '\r\n'
}

test('the sample of RFC 3501 §8: ENVELOPE, BODY, RFC822.SIZE of header', () => {
  const header = crlf(`
Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev1 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.edu>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

`)
  const forms = formsOf(Buffer.concat([header, Buffer.from(body(3028, 92))]))
  assert.equal(
    text(forms.envelope),
    '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.edu>")',
  )
  assert.equal(text(forms.body), '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3028 92)')
  assert.equal(text(forms.bodystructure), '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3028 92 NIL NIL NIL NIL)')
  assert.equal(forms.bodyStart, header.length)
  assert.deepEqual(Buffer.from(forms.header!), header)
  assert.equal(forms.length, header.length + 3028)
})

test('the two-part example of RFC 3501 §7.4.2 and RFC 9051 §7.5.2', () => {
  const message = Buffer.concat([
    crlf(`
Content-Type: MULTIPART/MIXED; BOUNDARY=sep

--sep
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

`),
    Buffer.from(body(1152, 23)),
    crlf(`

--sep
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME="cc.diff"
Content-ID: <960723163407.20117h@cac.washington.edu>
Content-Description: Compiler diff
Content-Transfer-Encoding: BASE64

`),
    Buffer.from(body(4554, 73)),
    Buffer.from('\r\n--sep--\r\n'),
  ])
  assert.equal(
    text(formsOf(message).body),
    '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1152 23)("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") "<960723163407.20117h@cac.washington.edu>" "Compiler diff" "BASE64" 4554 73) "MIXED")',
  )
})

/** The part numbers of RFC 9051 §6.4.5.1 (and RFC 3501 §6.4.5). */
const numbered = crlf(`
Subject: outer
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: text/plain

1
--a
Content-Type: application/octet-stream

2
--a
Content-Type: message/rfc822

Subject: three
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

3.1
--b
Content-Type: application/octet-stream

3.2
--b--
--a
Content-Type: multipart/mixed; boundary=c

--c
Content-Type: image/gif
Content-Transfer-Encoding: base64

4.1
--c
Content-Type: message/rfc822

Subject: four two
Content-Type: multipart/mixed; boundary=d

--d
Content-Type: text/plain

4.2.1
--d
Content-Type: multipart/alternative; boundary=e

--e
Content-Type: text/plain

4.2.2.1
--e
Content-Type: text/richtext

4.2.2.2
--e--
--d--
--c--
--a--
`)

test('part numbers: every leaf of the example of RFC 9051 §6.4.5.1 holds its own number', () => {
  const forms = formsOf(numbered)
  for (const number of ['1', '2', '3.1', '3.2', '4.1', '4.2.1', '4.2.2.1', '4.2.2.2']) {
    const place = forms.part(number.split('.').map(Number))
    assert.ok(place !== null, number)
    assert.equal(numbered.toString('latin1', place.bodyStart, place.bodyEnd), number)
  }
  for (const number of ['0', '5', '1.1', '3.3', '3.1.1', '4.1.1', '4.2.2.3', '4.3']) assert.equal(forms.part(number.split('.').map(Number)), null, number)
  const three = forms.part([3])!
  assert.match(numbered.toString('latin1', three.message!.headerStart, three.message!.bodyStart), /^Subject: three\r\n[^]*\r\n\r\n$/)
  assert.match(numbered.toString('latin1', three.message!.bodyStart, three.message!.bodyEnd), /^--b\r\n[^]*--b--$/)
  assert.equal(three.headerStart < three.bodyStart && three.bodyStart === three.message!.headerStart, true)
  const gif = forms.part([4, 1])!
  assert.deepEqual([gif.encoding, gif.message], ['base64', null])
  assert.equal(numbered.toString('latin1', gif.headerStart, gif.bodyStart), 'Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\n')
  assert.equal(forms.part([])?.bodyEnd, numbered.length)
})

test('part 1 of a message that is no multipart is its body, also inside', () => {
  const plain = crlf('Subject: x\n\nbody\n')
  const one = formsOf(plain).part([1])!
  assert.equal(plain.toString('latin1', one.bodyStart, one.bodyEnd), 'body\r\n')
  assert.equal(formsOf(plain).part([2]), null)
  assert.equal(formsOf(plain).part([1, 1]), null)
  const attached = crlf('Content-Type: message/rfc822\n\nSubject: in\n\ninner\n')
  const forms = formsOf(attached)
  const inner = forms.part([1, 1])!
  assert.equal(attached.toString('latin1', inner.bodyStart, inner.bodyEnd), 'inner\r\n')
  assert.equal(attached.toString('latin1', forms.part([1])!.message!.bodyStart), 'inner\r\n')
  assert.equal(forms.part([1, 2]), null)
  assert.equal(forms.part([1, 1, 1]), null)
})

test('BODYSTRUCTURE of an attached message, with all extension data', () => {
  const message = crlf(`
Content-Type: multipart/mixed; boundary=b; x="a\\"b"
Content-Language: vi, en
Content-Location: here

--b
Content-Type: message/rfc822
Content-Disposition: attachment; filename="a.eml"

From: a@x.vn
Subject: inner

inner
--b
Content-Type: image/png; name=x.png
Content-MD5: abc
Content-Language: vi
Content-Disposition: inline

png
--b--
`)
  assert.equal(
    text(formsOf(message).bodystructure),
    '(("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 37 (NIL "inner" ((NIL NIL "a" "x.vn")) ((NIL NIL "a" "x.vn")) ((NIL NIL "a" "x.vn")) NIL NIL NIL NIL NIL) ' +
      '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 5 0 NIL NIL NIL NIL) 3 NIL ("ATTACHMENT" ("FILENAME" "a.eml")) NIL NIL)' +
      '("IMAGE" "PNG" ("NAME" "x.png") NIL NIL "7BIT" 3 "abc" ("INLINE" NIL) "vi" NIL) ' +
      '"MIXED" ("BOUNDARY" "b" "X" "a\\"b") NIL ("vi" "en") "here")',
  )
})

test('8-bit values and bare CR are literals, NUL is a space, quotes are escaped', () => {
  const forms = formsOf(Buffer.from('Subject: H\xe1\xbb\x99i\r\nIn-Reply-To: a\rb\r\nMessage-ID: "a\\b"\r\nDate: x\0y\r\n\r\n', 'latin1'))
  assert.equal(text(forms.envelope), '("x y" {5}\r\nH\xe1\xbb\x99i NIL NIL NIL NIL NIL NIL {3}\r\na\rb "\\"a\\\\b\\"")')
})

test('groups, bare names and empty subjects', () => {
  const forms = formsOf(crlf('To: Phong: a@x.vn;, b\nSubject:\n\n'))
  assert.equal(text(forms.envelope), '(NIL "" NIL NIL NIL ((NIL NIL "Phong" NIL)(NIL NIL "a" "x.vn")(NIL NIL NIL NIL)(NIL NIL "b" "")) NIL NIL NIL NIL)')
})

test('a message that cannot be descended into is opaque, an empty multipart has one text part', () => {
  assert.equal(
    text(formsOf(crlf('Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQQ==')).body),
    '("APPLICATION" "OCTET-STREAM" NIL NIL NIL "BASE64" 4)',
  )
  assert.equal(
    text(formsOf(crlf('Content-Type: multipart/mixed; boundary=b\n\n')).body),
    '(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 0 0) "MIXED")',
  )
})

test('a long header is not kept, its envelope is', () => {
  const forms = formsOf(Buffer.from(`Subject: x\r\n${'X-Trace: hop\r\n'.repeat(2000)}\r\nbody`))
  assert.equal(forms.header, null)
  assert.match(text(forms.envelope), /^\(NIL "x" /)
})

test('version and preview', () => {
  const forms = formsOf(Buffer.from(`Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nKính gửi:\r\n\r\n  Ủy ban ${'😀'.repeat(300)}`))
  assert.equal(forms.version, parserVersion)
  assert.ok(forms.preview.startsWith('Kính gửi: Ủy ban 😀'))
  assert.ok(forms.preview.length <= 256 && forms.preview.isWellFormed())
})
