import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeTransfer } from '../../../src/message/transfer-encoding.ts'

const decode = (text: string, encoding: string): string => decodeTransfer(Buffer.from(text, 'latin1'), encoding).toString('latin1')

const table: readonly (readonly [string, string, string])[] = [
  ['7bit', 'a=3Db', 'a=3Db'],
  ['x-strange', 'as it is', 'as it is'],
  ['base64', 'SGVsbG8=', 'Hello'],
  ['base64', 'SGVs\r\nbG8=\r\n', 'Hello'],
  ['base64', 'SGVsbG8', 'Hello'],
  ['base64', 'SGVsbG8=V29ybGQ=', 'HelloWorld'],
  ['base64', ' S!G*V s ', 'Hel'],
  ['base64', '', ''],
  ['quoted-printable', 'a=3Db', 'a=b'],
  ['quoted-printable', 'a=3db', 'a=b'],
  ['quoted-printable', 'soft=\r\nbreak=\nhere', 'softbreakhere'],
  ['quoted-printable', 'soft=  \r\nbreak', 'softbreak'],
  ['quoted-printable', 'padding  \t\r\nnext ', 'padding\r\nnext'],
  ['quoted-printable', 'in  side', 'in  side'],
  ['quoted-printable', 'bad=XYescape=', 'bad=XYescape'],
  ['quoted-printable', '=', ''],
  ['quoted-printable', '==3D', '=='],
  ['x-uuencode', 'begin 644 a.txt\r\n%2&5L;&\\\r\n`\r\nend\r\n', 'Hello'],
]

test('transfer encodings', () => {
  for (const [encoding, text, decoded] of table) assert.equal(decode(text, encoding), decoded, `${encoding}: ${text}`)
})

test('base64 round trip, folded anywhere', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 80 }), (bytes, width) => {
      const folded = Buffer.from(bytes).toString('base64').replace(new RegExp(`.{${width}}`, 'g'), '$&\r\n')
      assert.deepEqual([...decodeTransfer(Buffer.from(folded), 'base64')], [...bytes])
    }),
    { numRuns: 500 },
  )
})

test('padding everywhere does not explode', () => {
  assert.equal(decode('QQ=='.repeat(5000), 'base64').length > 0, true)
})
