import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digest } from '../../../src/message/digest.ts'
import { openSearchText, maxSearchChars } from '../../../src/message/search-text.ts'
import { crlf } from '../../fixtures/message/crlf.ts'
import { encodeLegacy, type Encoding } from '../../fixtures/message/legacy-encoder.ts'

const html = Buffer.from('<html><style>p{}</style><p>Kính gửi <b>Ủy ban</b>&nbsp;nhân dân</p>').toString('base64')
const message = crlf(`
Received: from a by b;
\tMon, 2 Jan 2023 10:00:01 +0700
From: =?UTF-8?B?${Buffer.from('Nguyễn Văn An').toString('base64')}?= <An@x.vn>, b@Y.vn
Subject: =?UTF-8?B?${Buffer.from('Re: Báo cáo  Đất đai').toString('base64')}?=
Date: Mon, 2 Jan 2023 10:00:00 +0700
Message-ID: <Id.1@X.vn>
In-Reply-To: <p@x.vn>
References: <r@x.vn> <p@x.vn>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

${html}
--b
Content-Type: application/pdf; name="=?UTF-8?B?${Buffer.from('Quyết định.pdf').toString('base64')}?="
Content-Disposition: attachment
Content-Transfer-Encoding: base64

AAAA
--b
Content-Type: message/rfc822

From: c@z.vn
Subject: inner subject

inner text
wrapped here
--b--
`)

test('what is kept of a message', () => {
  const { forms: _forms, text: _text, ...rest } = digest(message)
  assert.deepEqual(rest, {
    messageId: 'Id.1@x.vn',
    references: ['r@x.vn', 'p@x.vn'],
    baseSubject: 'bao cao dat dai',
    sentAtMs: Date.UTC(2023, 0, 2, 3),
    subject: 'Re: Báo cáo  Đất đai',
    from: ['An@x.vn', 'b@Y.vn'],
    preview: 'Kính gửi Ủy ban nhân dân',
    limits: [],
  })
})

test('search text: every field decoded and folded on a line, all readable text, names of attachments', () => {
  const { header, body, truncated } = openSearchText(digest(message).text)
  assert.equal(truncated, false)
  assert.match(header, /^received: from a by b; mon, 2 jan 2023 10:00:01 \+0700\n/)
  assert.match(header, /\nfrom: nguyen van an <an@x\.vn>, b@y\.vn\n/)
  assert.match(header, /\nsubject: re: bao cao dat dai\n/)
  assert.equal(header.split('\n').length, 9)
  assert.equal(body, 'kinh gui uy ban nhan dan\ninner text wrapped here\nquyet dinh.pdf\ninner subject\nc@z.vn')
})

test('a message without a header, an empty one', () => {
  const { forms: _forms, text, ...rest } = digest(Buffer.alloc(0))
  assert.deepEqual(rest, { messageId: null, references: [], baseSubject: '', sentAtMs: null, subject: '', from: [], preview: '', limits: [] })
  assert.deepEqual(openSearchText(text), { header: '', body: '', truncated: false, headerTruncated: false })
})

test('body and raw header in every Vietnamese encoding, unlabelled, give the same text', () => {
  const phrase = 'kính gửi ủy ban nhân dân tỉnh về việc họp'
  for (const encoding of ['utf-8', 'windows-1258', 'tcvn3', 'vni', 'viscii', 'vps', 'mojibake'] satisfies Encoding[]) {
    const raw = encodeLegacy(phrase, encoding)
    const found = digest(Buffer.concat([Buffer.from('Subject: '), raw, Buffer.from('\r\n\r\n'), raw]))
    assert.deepEqual([found.subject, found.preview], [phrase, phrase], encoding)
    assert.equal(openSearchText(found.text).body, 'kinh gui uy ban nhan dan tinh ve viec hop')
  }
})

test('HTML in legacy bytes and fonts', () => {
  const start = 'Content-Type: text/html\r\n\r\n<p style="font-family:.VnTime">'
  const bytes = Buffer.concat([Buffer.from(start), encodeLegacy('xã hội chủ nghĩa', 'tcvn3'), Buffer.from('</p><p style="font-family:.VnTime">x\xb7</p>', 'latin1')])
  assert.equal(digest(bytes).preview, 'xã hội chủ nghĩa xã')
})

test('text beyond the cap is left out, and said to be', () => {
  const long = openSearchText(digest(Buffer.from(`Subject: x\r\n\r\n${'từ khóa '.repeat(300_000)}`)).text)
  assert.deepEqual([long.truncated, long.headerTruncated], [true, false])
  assert.equal(long.body.length <= maxSearchChars, true)
  const header = openSearchText(digest(Buffer.from(`${`X: ${'y'.repeat(1000)}\r\n`.repeat(500)}\r\nbody`)).text)
  assert.deepEqual([header.truncated, header.headerTruncated, header.body], [true, true, 'body'])
  const deep = openSearchText(digest(Buffer.from('Content-Type: message/rfc822\r\n\r\n'.repeat(100))).text)
  assert.equal(deep.truncated, true)
})

test('the preview is of the first text that is no attachment', () => {
  const two = crlf(`
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain
Content-Disposition: attachment; filename=a.txt

attached
--b
Content-Type: text/html

<p>html
--b
Content-Type: text/plain

plain
--b--
`)
  assert.equal(digest(two).preview, 'html')
})
