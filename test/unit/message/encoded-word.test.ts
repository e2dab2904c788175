import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHeaderText } from '../../../src/message/encoded-word.ts'
import { encodeLegacy } from '../../fixtures/message/legacy-encoder.ts'

/** RFC 2047 §8, and what programs send. */
const table: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['=?ISO-8859-1?Q?a?=', 'a'],
  ['=?ISO-8859-1?Q?a?= b', 'a b'],
  ['=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=', 'ab'],
  ['=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=', 'ab'],
  ['=?ISO-8859-1?Q?a_b?=', 'a b'],
  ['=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=', 'a b'],
  ['=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>', 'Keith Moore <moore@cs.utk.edu>'],
  ['=?ISO-8859-1?Q?Andr=E9?= Pirard', 'André Pirard'],
  ['=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=', 'If you can read this you understand the example.'],
  ['=?utf-8?q?Vi=e1=bb=87t?=', 'Việt'],
  ['=?UTF-8?B?Vmnhuw==?= =?UTF-8?B?h3Q=?=', 'Việt'],
  ['=?utf-8*vi?Q?Vi=E1=BB=87t?=', 'Việt'],
  ['=?utf-8?Q?with space =3D?=', 'with space ='],
  ['x=?utf-8?Q?y?=z', 'xyz'],
  ['=?no-such?Q?a=62?=', 'ab'],
  ['=?utf-8?X?a?=', '=?utf-8?X?a?='],
  ['=?utf-8?Q?open', '=?utf-8?Q?open'],
  ['Vi&#7879;t Nam &#273;&#7845;t', 'Việt Nam đất'],
]

test('encoded words', () => {
  for (const [raw, text] of table) assert.equal(decodeHeaderText(raw), text, raw)
})

test('a header says the same in every encoding, as words and as raw bytes', () => {
  const text = 'kính gửi ủy ban nhân dân tỉnh về việc họp'
  const labels = { 'utf-8': 'UTF-8', 'windows-1258': 'windows-1258', tcvn3: 'x-viet-tcvn', vni: 'x-viet-vni', viscii: 'VISCII', vps: 'x-viet-vps' } as const
  for (const [encoding, label] of Object.entries(labels)) {
    const raw = encodeLegacy(text, encoding as 'vni')
    assert.equal(decodeHeaderText(raw.toString('latin1')), text, `raw ${encoding}`)
    assert.equal(decodeHeaderText(`=?${label}?B?${raw.toString('base64')}?=`), text, `B ${encoding}`)
    const quoted = [...raw].map((byte) => `=${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')
    assert.equal(decodeHeaderText(`=?${label}?Q?${quoted}?=`), text, `Q ${encoding}`)
    // Programs without a name for the encoding call it this.
    assert.equal(decodeHeaderText(`=?iso-8859-1?B?${raw.toString('base64')}?=`), text, `mislabelled ${encoding}`)
  }
})

test('raw bytes beside encoded words', () => {
  const raw = `=?UTF-8?Q?H=E1=BB=99i?= ${Buffer.from('nghị').toString('latin1')}`
  assert.equal(decodeHeaderText(raw), 'Hội nghị')
})
