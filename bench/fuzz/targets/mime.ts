/** The MIME parser and everything that delivery makes of a message: digest, stored forms, places of all parts, search text. */
import assert from 'node:assert/strict'
import type { StoredMessage } from '../../../src/core/mailbox/mailbox.ts'
import { digest } from '../../../src/message/digest.ts'
import { openForms, parserVersion, type Forms } from '../../../src/message/imap-form.ts'
import { defaultParserLimits, parseMessage } from '../../../src/message/parse.ts'
import { maxSearchChars, openSearchText } from '../../../src/message/search-text.ts'
import type { ParsedMessage, Part } from '../../../src/message/types.ts'
import { cutBytes, placeOf } from '../../../src/protocols/imap/section.ts'
import type { Section } from '../../../src/protocols/imap/wire/fetch-items.ts'
import { readList } from '../../../test/fixtures/message/imap-reader.ts'
import { damaged, latin1, type Damage } from '../mutate.ts'
import type { Rng } from '../rng.ts'
import type { OpenTarget, Target } from '../target.ts'
import { generatedMessage, messageSeeds } from './mime-grammar.ts'

const tokens = latin1([
  '\r\n', '\n', '\r', '\0', '--b1', '--b1--', '--b2', '--b3', '\r\n\r\n', '\r\n ', ':', ';', ',', '"', '\\', '(', ')', '<', '>', '@', '=', '=?', '?=', '=?utf-8?B?', '=?x?Q?', '*0*=', '*1=', '%', '%c3',
  '&#', '&#x1F600;', '&nbsp;', '<!--', '<script>', '<style', '<meta charset=viscii>', 'Content-Type: multipart/mixed; boundary=b2\r\n', 'Content-Type: message/rfc822\r\n\r\n', 'Content-Type: text/html\r\n',
  'Content-Transfer-Encoding: base64\r\n', 'Content-Transfer-Encoding: quoted-printable\r\n', 'charset=vni', 'charset=tcvn3', 'charset=utf-16', 'charset=utf-7', '\xff\xfe', '\xc3', '\x93', '\xe1\xbb\x87', 'From: ', 'To: x:', 'Subject:', 'Date: ', 'References: <', ' '.repeat(50), '-'.repeat(80),
])

export const mime: Target = {
  name: 'mime',
  what: 'messages: structure, digest, stored forms, places of all parts, search text',
  share: 330,
  open(): OpenTarget {
    const damage: Damage = { seeds: messageSeeds(), tokens, maxBytes: 96 * 1024 }
    return {
      make: (rng) => (rng.once(8) ? generatedMessage(rng) : damaged(rng, damage, rng.once(2) ? generatedMessage(rng) : rng.pick(damage.seeds))),
      run: checkMessage,
    }
  },
}

async function checkMessage(bytes: Buffer, rng: Rng): Promise<void> {
  const parsed = parseMessage(bytes)
  checkStructure(bytes, parsed)
  const kept = await digest(bytes)
  const forms = openForms(kept.forms)
  assert.equal(forms.version, parserVersion)
  assert.equal(forms.length, bytes.length)
  assert.equal(forms.bodyStart, parsed.root.bodyStart)
  // Long enough for what a client needs, short enough for a row: no message makes more of itself than this.
  assert.ok(kept.forms.length <= 64 * 1024 + 40 * bytes.length, `${kept.forms.length} bytes of forms`)
  for (const list of [forms.envelope, forms.body, forms.bodystructure]) readList(Buffer.from(list))
  assert.equal(readList(Buffer.from(forms.envelope)).length, 10)
  assert.ok(forms.preview.length <= 256 && forms.preview === kept.preview)
  if (forms.header !== null) assert.deepEqual(Buffer.from(forms.header), bytes.subarray(0, parsed.root.bodyStart))
  checkPlaces(forms, parsed.root)
  checkSections(bytes, forms, rng)
  const text = openSearchText(kept.text)
  assert.ok(text.header.length + text.body.length <= 4 * maxSearchChars)
  assert.ok(kept.references.length <= 100)
  assert.ok(kept.sentAtMs === null || Number.isSafeInteger(kept.sentAtMs))
}

function checkStructure(bytes: Buffer, parsed: ParsedMessage): void {
  assert.equal(parsed.root.headerStart, 0)
  assert.equal(parsed.root.bodyEnd, bytes.length)
  const counted = { parts: 0, depth: 0 }
  checkPart(bytes, parsed.root, { start: 0, end: bytes.length, depth: 0 }, counted)
  assert.ok(counted.parts <= defaultParserLimits.maxParts * 2 + 2, `${counted.parts} parts`)
  let last = 0
  for (const field of parsed.fields) {
    assert.ok(last <= field.start && field.start < field.valueStart && field.valueStart <= field.end && field.end <= parsed.root.bodyStart)
    last = field.end
  }
}

function checkPart(bytes: Buffer, part: Part, inside: { start: number; end: number; depth: number }, counted: { parts: number }): void {
  const { headerStart, bodyStart, bodyEnd } = part
  counted.parts++
  assert.ok(inside.start <= headerStart && headerStart <= bodyStart && bodyStart <= bodyEnd && bodyEnd <= inside.end)
  assert.ok(inside.depth <= defaultParserLimits.maxDepth + 1)
  let lines = 0
  for (let at = bytes.indexOf(0x0a, bodyStart); at >= 0 && at < bodyEnd; at = bytes.indexOf(0x0a, at + 1)) lines++
  assert.equal(part.lines, lines)
  assert.equal(part.type === 'multipart', part.children.length > 0)
  let start = bodyStart
  for (const child of part.children) {
    checkPart(bytes, child, { start, end: bodyEnd, depth: inside.depth + 1 }, counted)
    start = child.bodyEnd
  }
  if (part.message !== null) checkPart(bytes, part.message.root, { start: bodyStart, end: bodyEnd, depth: inside.depth + 1 }, counted)
}

/** Every part has its place under its IMAP number, and no other number has one. */
function checkPlaces(forms: Forms, root: Part): void {
  const visit = (part: Part, path: readonly number[]): void => {
    const own = path.length === 0 && part.type !== 'multipart' ? [1] : path
    const place = forms.part(own)
    assert.ok(place !== null, `no part ${own.join('.')}`)
    assert.deepEqual([place.headerStart, place.bodyStart, place.bodyEnd], [part.headerStart, part.bodyStart, part.bodyEnd])
    assert.equal(place.message === null, part.message === null)
    for (const [index, child] of part.children.entries()) visit(child, [...path, index + 1])
    if (part.children.length > 0) assert.equal(forms.part([...path, part.children.length + 1]), null)
    if (part.message === null || path.length > 60) return
    const inner = part.message.root
    // The numbers below an attached message count in the message inside (RFC 9051 §6.4.5.1).
    if (inner.type === 'multipart') for (const [index, child] of inner.children.entries()) visit(child, [...own, index + 1])
    else assert.deepEqual(forms.part([...own, 1])?.bodyStart, inner.bodyStart)
  }
  visit(root, [])
  assert.equal(forms.part([0]), null)
  assert.equal(forms.part([2_000_000]), null)
}

const texts: readonly Section['text'][] = [
  { kind: 'whole' }, { kind: 'header' }, { kind: 'text' }, { kind: 'mime' },
  { kind: 'fields', names: new Set(['from', 'subject']), not: false }, { kind: 'fields', names: new Set(['to']), not: true },
]
const prefix = Buffer.from('Return-Path: <a@x.vn>\r\n')

/** Sections as FETCH asks for them, with a trace prefix before the body: ranges inside the message, fields out of its header. */
function checkSections(bytes: Buffer, forms: Forms, rng: Rng): void {
  const message = { prefix, sizeBytes: prefix.length + bytes.length } as unknown as StoredMessage
  const whole = Buffer.concat([prefix, bytes])
  for (let count = 0; count < 3; count++) {
    const part = rng.once(3) ? [] : Array.from({ length: 1 + rng.below(3) }, () => 1 + rng.below(3))
    const partial = rng.once(3) ? { offset: rng.below(2 * whole.length), length: rng.below(2 * whole.length) } : null
    const place = placeOf({ part, text: rng.pick(texts) } as Section, partial, message, forms)
    if (place.kind === 'bytes') assert.ok(place.bytes.length <= whole.length + 2)
    if (place.kind === 'range' || place.kind === 'fields') assert.ok(0 <= place.start && place.start <= place.end && place.end <= whole.length)
    if (place.kind === 'fields') cutBytes(place.select(whole.subarray(place.start, place.end)), partial)
  }
}
