import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeText } from '../../../src/vietnamese/charsets/decode.ts'
import { decodeLegacyRun, legacyFont } from '../../../src/vietnamese/charsets/fonts.ts'
import { decodeVietnamese } from '../../../src/vietnamese/charsets/legacy.ts'
import { decodeReferences } from '../../../src/vietnamese/charsets/references.ts'
import { decodeViqr } from '../../../src/vietnamese/charsets/viqr.ts'
import { encodeLegacy } from '../../fixtures/message/legacy-encoder.ts'

const small =
  'aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđ'
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

test('every small letter comes through every legacy encoding', () => {
  for (const charset of ['windows-1258', 'tcvn3', 'vni', 'viscii', 'vps'] as const) {
    assert.equal(decodeVietnamese(encodeLegacy(small, charset), charset), small, charset)
  }
})

test('every capital comes through the encodings that have them', () => {
  const capital = small.toUpperCase()
  for (const charset of ['windows-1258', 'vni', 'viscii'] as const) {
    assert.equal(decodeVietnamese(encodeLegacy(capital, charset), charset), capital, charset)
  }
  assert.equal(decodeVietnamese(encodeLegacy('ĂÂÊÔƠƯĐ', 'tcvn3'), 'tcvn3'), 'ĂÂÊÔƠƯĐ')
})

test('examples of the regulation', () => {
  const tcvn3 = 'Céng hßa x· héi chñ nghÜa ViÖt Nam - §éc lËp'
  assert.equal(decodeText(bytes(tcvn3), 'x-viet-tcvn').text, 'Cộng hòa xã hội chủ nghĩa Việt Nam - Độc lập')
  assert.equal(decodeText(bytes('Vieät Nam'), 'x-viet-vni').text, 'Việt Nam')
  // TCVN3 keeps the punctuation of windows-1252 in 80-9F…
  assert.equal(decodeText(Buffer.from([0x93, 0x56, 0x69, 0xd6, 0x74, 0x94, 0x20, 0x96, 0x85]), 'tcvn3').text, '“Việt” –…')
  // …unless letters of VN1 in C0 say that 80-9F are letters too.
  assert.equal(decodeText(Buffer.from([0x54, 0x01, 0x20, 0x96]), 'tcvn5712-1').text, 'TÚ Ọ')
})

const labels: readonly (readonly [string | null, string, string])[] = [
  ['utf-8', 'utf-8', 'utf-8'],
  ['UTF8', 'utf-8', 'utf-8'],
  [null, 'utf-8', 'utf-8'],
  ['us-ascii', 'utf-8', 'utf-8'],
  ['unknown-8bit', 'utf-8', 'utf-8'],
  ['ISO-8859-1', 'utf-8', 'utf-8'],
  ['no-such-charset', 'utf-8', 'utf-8'],
  ['Windows-1258', 'windows-1258', 'windows-1258'],
  ['x-cp1258', 'windows-1258', 'windows-1258'],
  ['VISCII', 'viscii', 'viscii'],
  ['csVISCII', 'viscii', 'viscii'],
  ['TCVN5712-1:1993', 'tcvn3', 'tcvn3'],
  ['"x-viet-tcvn5712"', 'tcvn3', 'tcvn3'],
  ['x-viet-vni', 'vni', 'vni'],
  ['x-viet-vps', 'vps', 'vps'],
]

test('labels lead to decoders, case and quotes aside', () => {
  const text = 'kính gửi ủy ban nhân dân tỉnh về việc họp'
  for (const [label, encoding, charset] of labels) {
    const decoded = decodeText(encodeLegacy(text, encoding as 'utf-8'), label)
    assert.deepEqual([decoded.text, decoded.charset], [text, charset], String(label))
  }
})

test('guessed tells whether the label was believed', () => {
  const text = 'Kính gửi ủy ban nhân dân'
  assert.equal(decodeText(encodeLegacy(text, 'utf-8'), 'utf-8').guessed, false)
  assert.equal(decodeText(encodeLegacy(text, 'utf-8'), null).guessed, true)
  assert.equal(decodeText(bytes('plain'), null).guessed, false)
  assert.equal(decodeText(encodeLegacy(text, 'viscii'), 'viscii').guessed, false)
  assert.equal(decodeText(encodeLegacy(text, 'vni'), 'iso-8859-1').guessed, true)
})

test('a wrong label is overruled when the bytes are clearly something else', () => {
  const text = 'kính gửi ủy ban nhân dân tỉnh về việc tổ chức hội nghị triển khai kế hoạch'
  assert.equal(decodeText(encodeLegacy(text, 'utf-8'), 'windows-1258').text, text)
  assert.equal(decodeText(encodeLegacy(text, 'tcvn3'), 'windows-1258').text, text)
  assert.equal(decodeText(encodeLegacy(text, 'tcvn3'), 'utf-8').text, text)
  assert.equal(decodeText(encodeLegacy(text, 'vni'), 'viscii').text, text)
})

test('other charsets of the world, and names that are none', () => {
  assert.equal(decodeText(Buffer.from('c7d1b1db', 'hex'), 'euc-kr').text, '한글')
  assert.equal(decodeText(Buffer.from('\u001b$B4A;z\u001b(B', 'latin1'), 'iso-2022-jp').text, '漢字')
  assert.equal(decodeText(bytes('VGVzdA=='), 'base64').text, 'VGVzdA==')
  assert.equal(decodeText(bytes('+AGkA7Q-'), 'utf-7').text, 'ií')
})

test('damaged UTF-8 stays UTF-8', () => {
  const text = 'Kính gửi ủy ban nhân dân tỉnh về việc họp'
  const cut = Buffer.from(text).subarray(0, Buffer.from(text).indexOf('họp') + 2)
  assert.equal(decodeText(cut, 'utf-8').text, 'Kính gửi ủy ban nhân dân tỉnh về việc h\ufffd')
})

test('NFD and half-decomposed text comes out composed; a byte order mark goes', () => {
  const text = 'Cộng hòa xã hội'
  assert.equal(decodeText(Buffer.from(`\ufeff${text.normalize('NFD')}`), 'utf-8').text, text)
})

test('VIQR, RFC 1456', () => {
  assert.equal(decodeViqr("Vie^.t Nam dda^'t nu+o+'c"), 'Việt Nam đất nước')
  assert.equal(decodeViqr("DDa(.ng a\\. Co^.ng hoa` xa~ ho^.i"), 'Đặng a. Cộng hoà xã hội')
  assert.equal(decodeText(bytes('Ti\u0301nh'.normalize('NFD').replace('\u0301', "'")), 'viqr').text, 'Tính')
})

test('references in plain text: only Vietnamese ones, only two or more', () => {
  assert.equal(decodeReferences('Vi&#7879;t Nam &#x111;&#x1EA5;t'), 'Việt Nam đất')
  assert.equal(decodeReferences('write &#7879; for ệ'), 'write &#7879; for ệ')
  assert.equal(decodeReferences('&#60;b&#62; &#7879;&#7879;'), '&#60;b&#62; ệệ')
})

test('fonts of the legacy encodings', () => {
  assert.deepEqual(legacyFont('.VnTime, Arial'), { charset: 'tcvn3', capitals: false })
  assert.deepEqual(legacyFont('.VnTimeH'), { charset: 'tcvn3', capitals: true })
  assert.deepEqual(legacyFont("'VNI-Times'"), { charset: 'vni', capitals: false })
  assert.deepEqual(legacyFont('VPS Times'), { charset: 'vps', capitals: false })
  assert.equal(legacyFont('Times New Roman'), null)
  assert.equal(decodeLegacyRun('céng hßa', { charset: 'tcvn3', capitals: true }), 'CỘNG HÒA')
  assert.equal(decodeLegacyRun('Việt', { charset: 'tcvn3', capitals: false }), 'Việt')
})

test('decodeText never throws and always composes', () => {
  const label = fc.oneof(
    fc.constantFrom(null, ...labels.map(([name]) => name), 'utf-16', 'utf-16le', 'utf-7', 'gb18030', 'big5', 'shift_jis', 'iso-2022-jp', 'utf-32', 'hex', 'koi8-r', 'ucs2'),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), label, (input, name) => {
      const { text } = decodeText(input, name)
      assert.equal(text, text.normalize('NFC'))
    }),
    { numRuns: 5000 },
  )
})
