import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultParserLimits, parseMessage } from '../../../src/message/parse.ts'
import type { Part } from '../../../src/message/types.ts'
import { crlf } from '../../fixtures/message/crlf.ts'

/** A part as text: type, lines and body, children indented. */
function outline(bytes: Buffer, part: Part, indent = ''): string {
  const children = part.message === null ? part.children : [part.message.root]
  const body = children.length > 0 ? '' : ` ${JSON.stringify(bytes.toString('latin1', part.bodyStart, part.bodyEnd))}`
  return `${indent}${part.type}/${part.subtype} ${part.lines}${body}\n${children.map((child) => outline(bytes, child, `${indent}  `)).join('')}`
}

function check(text: Buffer | string, expected: string): void {
  const bytes = typeof text === 'string' ? crlf(text) : text
  assert.equal(outline(bytes, parseMessage(bytes).root), expected.replace(/^\n/, ''))
}

test('a plain message', () => {
  check('A: b\n\none\ntwo\n', 'text/plain 2 "one\\r\\ntwo\\r\\n"\n')
  check(Buffer.from('A: b\n\none\ntwo'), 'text/plain 1 "one\\ntwo"\n')
})

test('nothing, blank lines, no header, no body', () => {
  check('', 'text/plain 0 ""\n')
  check('\n', 'text/plain 0 ""\n')
  check('A: b', 'text/plain 0 ""\n')
  check('A: b\n', 'text/plain 0 ""\n')
  check('only text\nno header\n\nmore\n', 'text/plain 4 "only text\\r\\nno header\\r\\n\\r\\nmore\\r\\n"\n')
  check(Buffer.from('\0\0\0'), 'text/plain 0 "\\u0000\\u0000\\u0000"\n')
})

const mixed = `
Content-Type: multipart/mixed; boundary="b 1"

preamble
--b 1
Content-Type: text/plain

one

--b 1
Content-Type: multipart/alternative; boundary=b2

--b2

two
--b2
content-type: TEXT/HTML

<p>three
--b2--
inner epilogue
--b 1--
epilogue
`

test('nested multiparts; the line break before a delimiter belongs to it', () => {
  check(
    mixed,
    `
multipart/mixed 20
  text/plain 1 "one\\r\\n"
  multipart/alternative 8
    text/plain 0 "two"
    text/html 0 "<p>three"
`,
  )
})

test('the same with bare line feeds and with mixed line ends', () => {
  const expected = `
multipart/mixed 20
  text/plain 1 "one\\n"
  multipart/alternative 8
    text/plain 0 "two"
    text/html 0 "<p>three"
`
  check(Buffer.from(mixed.slice(1)), expected)
  const ends = mixed.slice(1).split('\n').map((line, index) => line + (index % 3 === 0 ? '\r\n' : '\n')).join('')
  const types = outline(Buffer.from(ends), parseMessage(Buffer.from(ends)).root).match(/[a-z]+\/[a-z]+/g)
  assert.deepEqual(types, ['multipart/mixed', 'text/plain', 'multipart/alternative', 'text/plain', 'text/html'])
})

test('a multipart that is cut off anywhere still has the parts that came', () => {
  const whole = crlf(mixed)
  for (let length = 0; length <= whole.length; length++) {
    const { root } = parseMessage(whole.subarray(0, length))
    assert.equal(root.bodyEnd, length)
    if (length > whole.indexOf('--b2\r\n') + 10) assert.ok(root.children.length >= 2)
  }
})

test('delimiters: padding counts, prefixes and longer lines do not', () => {
  check(
    `
Content-Type: multipart/mixed; boundary=b

--b \t

one
--bb
--b-
--b--x
--b x
-- b
--b
${''}
two
--b--\t
--b

after the end
`,
    `
multipart/mixed 15
  text/plain 5 "one\\r\\n--bb\\r\\n--b-\\r\\n--b--x\\r\\n--b x\\r\\n-- b"
  text/plain 0 "two"
`,
  )
})

test('a part without blank line, an empty part, a part that is only a header', () => {
  check(
    `
Content-Type: multipart/mixed; boundary=b

--b
--b

--b
Content-Type: text/html
--b
Content-Type: text/html

--b--
`,
    `
multipart/mixed 9
  text/plain 0 ""
  text/plain 0 ""
  text/html 0 ""
  text/html 0 ""
`,
  )
})

test('a multipart in which no part is found is shown as text', () => {
  check('Content-Type: multipart/mixed; boundary=b\n\nno parts\n', 'multipart/mixed 1\n  text/plain 1 "no parts\\r\\n"\n')
  check('Content-Type: multipart/mixed\n\n--b\n\nx\n', 'multipart/mixed 3\n  text/plain 3 "--b\\r\\n\\r\\nx\\r\\n"\n')
})

test('an inner multipart that is never closed ends with the outer delimiter', () => {
  check(
    `
Content-Type: multipart/mixed; boundary=o

--o
Content-Type: multipart/mixed; boundary=i

--i

inner
--o

outer
--o--
`,
    `
multipart/mixed 10
  multipart/mixed 2
    text/plain 0 "inner"
  text/plain 0 "outer"
`,
  )
})

test('a boundary that is used again inside does not swallow anything', () => {
  const bytes = crlf(`
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=b

--b

one
--b--
`)
  const text = outline(bytes, parseMessage(bytes).root)
  assert.match(text, /"one"/)
})

test('attached messages, digests, and what cannot be read in place', () => {
  check(
    `
Content-Type: multipart/digest; boundary=b

--b

Subject: one

first
--b
Content-Type: message/rfc822

Subject: two
Content-Type: multipart/mixed; boundary=c

--c

second
--c--
--b
Content-Type: message/rfc822
Content-Transfer-Encoding: base64

U3ViamVjdDogeA0KDQp4
--b--
`,
    `
multipart/digest 21
  message/rfc822 2
    text/plain 0 "first"
  message/rfc822 6
    multipart/mixed 3
      text/plain 0 "second"
  message/rfc822 0 "U3ViamVjdDogeA0KDQp4"
`,
  )
})

test('what the Content- fields say', () => {
  const { root } = parseMessage(
    crlf(`
Content-Type: text/HTML; charset=UTF-8; x=y
Content-Transfer-Encoding: Quoted-Printable
Content-ID: <id@x>
Content-Description: Báo cáo
Content-MD5: abc
Content-Disposition: INLINE; filename="a.html"
Content-Language: vi, en
Content-Location: http://x/y
Content-Type: text/plain

x`),
  )
  assert.deepEqual(
    { ...root, parameters: root.parameters.length },
    {
      type: 'text', subtype: 'html', parameters: 2, contentId: '<id@x>', description: 'Báo cáo', encoding: 'quoted-printable',
      md5: 'abc', disposition: { type: 'inline', parameters: [{ name: 'filename', value: 'a.html' }] }, language: ['vi', 'en'],
      location: 'http://x/y', headerStart: 0, bodyStart: root.bodyEnd - 1, bodyEnd: root.bodyEnd, lines: 0, children: [], message: null,
    },
  )
})

test('depth: 1,000 nested multiparts and messages stop at the limit, whole and opaque', () => {
  let text = 'x\r\n'
  for (let level = 0; level < 1000; level++) text = `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n${text}`
  const multi = parseMessage(Buffer.from(text))
  assert.deepEqual(multi.limits, ['depth'])
  let depth = 0
  let part = multi.root
  while (part.children.length > 0) {
    depth++
    part = part.children[0]!
  }
  assert.equal(depth, defaultParserLimits.maxDepth)
  assert.deepEqual([part.type, part.subtype, part.bodyEnd], ['application', 'octet-stream', text.length])
  const nested = parseMessage(Buffer.from('Content-Type: message/rfc822\r\n\r\n'.repeat(1000)))
  assert.deepEqual(nested.limits, ['depth'])
})

test('parts: the rest of a multipart with too many is one opaque part', () => {
  const text = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(5000)}--b--\r\nend`
  const bytes = Buffer.from(text)
  const { root, limits } = parseMessage(bytes)
  assert.deepEqual(limits, ['parts'])
  assert.equal(root.children.length, defaultParserLimits.maxParts)
  const last = root.children.at(-1)!
  assert.deepEqual([last.type, last.subtype], ['application', 'octet-stream'])
  assert.equal(bytes.toString('latin1', last.bodyEnd), '\r\n--b--\r\nend')
})

test('1,000 parts are all found', () => {
  const text = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${Array.from({ length: 1000 }, (_, index) => `--b\r\n\r\npart ${index}\r\n`).join('')}--b--\r\n`
  const bytes = Buffer.from(text)
  const { root, limits } = parseMessage(bytes)
  assert.deepEqual(limits, [])
  assert.equal(root.children.length, 1000)
  assert.equal(bytes.toString('latin1', root.children[999]!.bodyStart, root.children[999]!.bodyEnd), 'part 999')
})

test('header limits: fields and bytes beyond them are not indexed, the body is found all the same', () => {
  const many = Buffer.from(`${'A: b\r\n'.repeat(20_000)}\r\nbody`)
  const fields = parseMessage(many)
  assert.deepEqual(fields.limits, ['header-fields'])
  assert.equal(fields.fields.length, defaultParserLimits.maxHeaderFields)
  assert.equal(many.toString('latin1', fields.root.bodyStart), 'body')
  const long = Buffer.from(`A: ${'x'.repeat(2_000_000)}\r\nSubject: late\r\n\r\nbody`)
  const bytes = parseMessage(long)
  assert.deepEqual(bytes.limits, ['header-bytes'])
  assert.equal(bytes.envelope.subject, null)
  assert.equal(long.toString('latin1', bytes.root.bodyStart), 'body')
  const one = parseMessage(Buffer.from(`Subject: early\r\nTo: ${'x'.repeat(2_000_000)}\r\n\r\n`))
  assert.deepEqual([one.limits, one.fields.length, one.envelope.subject], [['header-bytes'], 1, 'early'])
  const nested = parseMessage(Buffer.from(`${`Content-Type: message/rfc822\r\nSubject: ${'x'.repeat(300_000)}\r\n\r\n`.repeat(5)}body`))
  assert.deepEqual(nested.limits, ['header-bytes'])
})

test('a header of 2,000 lines and lines of 5,000 characters are read whole', () => {
  const bytes = Buffer.from(`${'X-Trace: hop\r\n'.repeat(2000)}Subject: ${'y'.repeat(5000)}\r\n\r\n${'z'.repeat(5000)}\r\n`)
  const parsed = parseMessage(bytes)
  assert.deepEqual(parsed.limits, [])
  assert.equal(parsed.fields.length, 2001)
  assert.equal(parsed.envelope.subject?.length, 5000)
})

test('the envelope: first of single fields, all of address fields, From where others are missing', () => {
  const { envelope } = parseMessage(
    crlf(`
From: A <a@x.vn>
To: b@x.vn
To: c@x.vn
Subject: one
Subject: two
Reply-To:
Date: Mon, 2 Jan 2023 10:00:00 +0700
Message-ID: <1@x.vn>

`),
  )
  assert.equal(envelope.subject, 'one')
  assert.deepEqual(envelope.to.map(({ mailbox }) => mailbox), ['b', 'c'])
  assert.deepEqual(envelope.sender, envelope.from)
  assert.deepEqual(envelope.replyTo, [{ name: 'A', mailbox: 'a', host: 'x.vn' }])
  assert.deepEqual(envelope.cc, [])
  assert.equal(envelope.inReplyTo, null)
})

test('addresses are bounded over the whole message', () => {
  const to = `To: ${'a@b,'.repeat(8000)}\r\n`
  const text = `Content-Type: message/rfc822\r\n${to}\r\n${to}\r\nx`
  const { envelope, root } = parseMessage(Buffer.from(text))
  assert.equal(envelope.to.length + root.message!.envelope.to.length, defaultParserLimits.maxAddresses)
})
