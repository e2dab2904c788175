/** Single header fields: addresses, MIME fields, dates, identifiers, encoded words, and cutting fields out of a header. */
import assert from 'node:assert/strict'
import { baseSubject } from '../../../src/message/subject.ts'
import { hasField, removeFields } from '../../../src/message/compose.ts'
import { decodeHeaderText } from '../../../src/message/encoded-word.ts'
import { parseAddressList } from '../../../src/message/address.ts'
import { parseDate } from '../../../src/message/date.ts'
import { scanHeader, unfold } from '../../../src/message/header.ts'
import { selectFields } from '../../../src/message/header-fields.ts'
import { parseMessageId, parseReferences } from '../../../src/message/message-id.ts'
import { parameterText, parseContentType, parseDisposition, parseEncoding, parseLanguages } from '../../../src/message/mime-header.ts'
import { damaged, latin1, type Damage } from '../mutate.ts'
import type { OpenTarget, Target } from '../target.ts'
import { messageSeeds } from './mime-grammar.ts'

const values = latin1([
  'Nguyen An <an@x.vn>, "B, C" <b@y.vn>', 'Group: a@x, b@y;, c@z', '<@a.b,@c.d:e@f.vn>', '(c (n) \\) ) a (x) @ (y) b.vn', '=?UTF-8?B?SOG7mWk=?= <h@x.vn>', 'a b c <d@e> f', '"q\\"x" <"l p"@[192.0.2.1]>', 'x@[IPv6:2001:db8::1]',
  'multipart/mixed; boundary="a;b"; charset*0*=utf-8\'\'x%20; charset*1="y"', 'text/plain; charset=us-ascii (Plain text); format=flowed', 'attachment; filename="=?UTF-8?B?SOG7mWk=?="; size=1', 'base64 (c)', 'vi, en-US (x), fr',
  'Mon, 2 Jan 2023 10:00:00 +0700 (ICT)', 'Mon Jan  2 15:04:05 2006', '2026-09-01T08:00:00.123+07:00', '<a.b@c.vn> <d@e> (x) <f@ g >', 'Re: [list] Fwd: Tra loi: (fwd) x (fwd)', '=?utf-8?Q?H=E1=BB=99i?= =?iso-8859-1?b?4OHi?= =?x?y?z?=',
])
const tokens = latin1(['<', '>', '@', ',', ';', ':', '"', '\\', '(', ')', '[', ']', '=', '=?', '?=', '=?UTF-8?B?', '=?utf-8?q?', '*0*=', '*1=', '*=', "''", '%', '%E1', '\r\n ', '\r\n', '\n', '\0', '\xe1', '\xbb', '\xff', ' ', '\t', 'Re: ', '[', '(fwd)', '+0700', '99999', '-', 'Jan', '<@', ';;', '=\r\n'])

const maxAddresses = 200

export const headerValues: Target = {
  name: 'header-value',
  what: 'values of header fields: addresses, MIME fields, dates, identifiers, encoded words',
  share: 160,
  open(): OpenTarget {
    const damage: Damage = { seeds: values, tokens, maxBytes: 64 * 1024 }
    return { make: (rng) => damaged(rng, damage), run: checkValue }
  },
}

function checkValue(bytes: Buffer): void {
  const value = unfold(bytes.toString('latin1'))
  const addresses = parseAddressList(value, maxAddresses)
  // A group has two entries beside its members, and the last one may be in work when the limit is reached.
  assert.ok(addresses.length <= maxAddresses + 2)
  for (const { mailbox, host, name } of addresses) for (const text of [mailbox, host, name]) assert.ok(text === null || typeof text === 'string')
  const type = parseContentType(value)
  for (const parameter of type?.parameters ?? []) parameterText(type!.parameters, parameter.name)
  const placed = parseDisposition(value)
  if (placed !== null) parameterText(placed.parameters, 'filename')
  assert.ok((type?.parameters.length ?? 0) <= 200)
  assert.equal(typeof parseEncoding(value), 'string')
  assert.ok(parseLanguages(value).length <= 32)
  const instant = parseDate(value)
  assert.ok(instant === null || Number.isSafeInteger(instant))
  const id = parseMessageId(value)
  assert.ok(id === null || (id !== '' && !/[\x00-\x20<>]/.test(id)))
  assert.ok(parseReferences([value], [value]).length <= 100)
  const decoded = decodeHeaderText(value)
  assert.equal(decoded, decoded.normalize('NFC'))
  baseSubject(decoded)
}

const names = ['from', 'to', 'bcc', 'subject', 'content-type', 'received', 'x']

export const headerBlocks: Target = {
  name: 'header-block',
  what: 'whole headers: finding, choosing and removing fields',
  share: 110,
  open(): OpenTarget {
    const more = latin1(['\r\n\r\n', '\r\n', '\n', '\r', ':', 'Bcc: x\r\n', 'bcc : y\r\n', 'BCC:\r\n z\r\n', ' folded\r\n', '\tfolded\n', 'From nobody\r\n', '\0', '\xc3', 'a'.repeat(300)])
    const damage: Damage = { seeds: messageSeeds(), tokens: more, maxBytes: 32 * 1024 }
    return {
      make: (rng) => damaged(rng, damage),
      run(bytes, rng) {
        const wanted = new Set([rng.pick(names), rng.pick(names)])
        checkBlock(bytes, wanted)
      },
    }
  },
}

function checkBlock(bytes: Buffer, wanted: ReadonlySet<string>): void {
  const { fields, bodyStart } = scanHeader(bytes)
  let last = 0
  for (const { name, start, valueStart, end } of fields) {
    assert.ok(last <= start && start < valueStart && valueStart <= end && end <= bodyStart)
    assert.ok(name !== '' && name === name.toLowerCase())
    last = end
  }
  const without = Buffer.from(removeFields(bytes, wanted))
  for (const name of wanted) assert.equal(hasField(without, name), false, `${name} is still there`)
  assert.ok(without.subarray(-Math.max(1, bytes.length - bodyStart)).length <= bytes.length)
  assert.deepEqual(without.subarray(without.length - (bytes.length - bodyStart)), bytes.subarray(bodyStart), 'the body is untouched')
  const header = bytes.subarray(0, bodyStart)
  const chosen = selectFields(header, wanted, false)
  const others = selectFields(header, wanted, true)
  // Each byte of the header is in one of the two; the blank line is in both, or made for both.
  const blank = header.length - headerLinesLength(header)
  assert.equal(chosen.length + others.length, headerLinesLength(header) + 2 * (blank === 0 ? 2 : blank))
}

/** Bytes before the blank line. */
function headerLinesLength(header: Buffer): number {
  let at = 0
  while (at < header.length) {
    if (header[at] === 0x0a || (header[at] === 0x0d && header[at + 1] === 0x0a)) return at
    const end = header.indexOf(0x0a, at)
    at = end < 0 ? header.length : end + 1
  }
  return at
}
