import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parameterText, parseContentType, parseDisposition, parseEncoding, parseLanguages } from '../../../src/message/mime-header.ts'
import { encodeLegacy } from '../../fixtures/message/legacy-encoder.ts'

type Pairs = Record<string, string>
const pairs = (list: readonly { name: string; value: string }[]): Pairs => Object.fromEntries(list.map(({ name, value }) => [name, value]))

const types: readonly (readonly [string, string | null, Pairs])[] = [
  ['text/plain', 'text/plain', {}],
  ['TEXT/Plain; Charset=UTF-8', 'text/plain', { charset: 'UTF-8' }],
  ['text/plain; charset="utf-8"; format=flowed', 'text/plain', { charset: 'utf-8', format: 'flowed' }],
  ['text/plain; charset=us-ascii (Plain text)', 'text/plain', { charset: 'us-ascii' }],
  ['text/plain;charset = "utf-8" ;', 'text/plain', { charset: 'utf-8' }],
  ['multipart/mixed; boundary="a;b=\\"c\\""', 'multipart/mixed', { boundary: 'a;b="c"' }],
  ['application/pdf; name=Bao cao thang 3.pdf', 'application/pdf', { name: 'Bao cao thang 3.pdf' }],
  ['application/x; name="C:\\temp\\new.doc"', 'application/x', { name: 'C:\\temp\\new.doc' }],
  ['text', 'text/plain', {}],
  ['multipart; boundary=x', 'multipart/mixed', { boundary: 'x' }],
  ['(comment) text/html', 'text/html', {}],
  ['', null, {}],
  ['garbage', null, {}],
  ['/plain', null, {}],
  ['text/plain; novalue; =x; charset=utf-8', 'text/plain', { charset: 'utf-8' }],
  ['text/plain charset=utf-8', 'text/plain', { charset: 'utf-8' }],
  ['a/b; x="unclosed; y=z', 'a/b', { x: 'unclosed; y=z' }],
  ['a/b; t*0="one "; t*1="two"', 'a/b', { t: 'one two' }],
  ["a/b; t*1=%20b; t*0*=utf-8''a", 'a/b', { 't*': "utf-8''a%2520b" }],
  ["a/b; f*0*=utf-8'vi'H%e1%bb; f*1*=%99i; f*2=\" nghi\"", 'a/b', { 'f*': "utf-8'vi'H%e1%bb%99i%20nghi" }],
]

test('Content-Type', () => {
  for (const [value, type, parameters] of types) {
    const parsed = parseContentType(value)
    assert.equal(parsed === null ? null : `${parsed.type}/${parsed.subtype}`, type, value)
    assert.deepEqual(parsed === null ? {} : pairs(parsed.parameters), parameters, value)
  }
})

test('Content-Disposition', () => {
  assert.deepEqual(parseDisposition('Attachment; FileName="a b.txt"; size=3'), {
    type: 'attachment',
    parameters: [{ name: 'filename', value: 'a b.txt' }, { name: 'size', value: '3' }],
  })
  assert.deepEqual(parseDisposition('filename=a.txt'), { type: 'attachment', parameters: [{ name: 'filename', value: 'a.txt' }] })
  assert.equal(parseDisposition(''), null)
})

test('file names as people read them', () => {
  const name = 'Báo cáo tháng 3.pdf'
  const read = (value: string): string | null => parameterText(parseContentType(`a/b; ${value}`)!.parameters, 'name')
  const utf8 = Buffer.from(name).toString('latin1')
  assert.equal(read(`name="=?UTF-8?B?${Buffer.from(name).toString('base64')}?="`), name)
  assert.equal(read(`name*=utf-8''${encodeURIComponent(name)}`), name)
  assert.equal(read(`name*0*=utf-8''${encodeURIComponent(name).slice(0, 20)}; name*1*=${encodeURIComponent(name).slice(20)}; name=x`), name)
  assert.equal(read(`name="${utf8}"`), name)
  assert.equal(read(`name="${encodeLegacy(name, 'tcvn3').toString('latin1')}"`), name)
  assert.equal(read(`name*=windows-1258''B%E1o%20c%E1o`), 'Báo cáo')
  assert.equal(read(`name="${Buffer.from(name.normalize('NFD')).toString('latin1')}"`), name)
  assert.equal(read('other=x'), null)
})

test('Content-Transfer-Encoding and Content-Language', () => {
  assert.equal(parseEncoding(' Base64 '), 'base64')
  assert.equal(parseEncoding('"quoted-printable" (x)'), 'quoted-printable')
  assert.equal(parseEncoding(''), '7bit')
  assert.deepEqual(parseLanguages('vi, en (English),,'), ['vi', 'en'])
})

test('a parameter list without end is cut', () => {
  const parsed = parseContentType(`a/b${'; x=y'.repeat(5000)}`)
  assert.equal(parsed?.parameters.length, 100)
})
