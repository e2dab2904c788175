/** The cursor over lines and literals. RFC 9051 §4.3, §9. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodePlain } from '../../../../src/protocols/shared/sasl/plain.ts'
import { createByteBudget } from '../../../../src/protocols/shared/byte-budget.ts'
import { SyntaxFault, decodeUtf8, literalMarker } from '../../../../src/protocols/shared/lexer.ts'
import { isLoopback, plainIp } from '../../../../src/protocols/shared/listener.ts'
import { lexerOf } from '../../../support/imap-parse.ts'

test('a literal marker ends its line and nothing else does', () => {
  const cases: readonly [string, number | null, boolean?][] = [
    ['a {5}', 5, true],
    ['a {5+}', 5, false],
    ['a ~{5}', 5, true],
    ['{0}', 0, true],
    ['a {5} ', null],
    ['a {5-}', null],
    ['a {}', null],
    ['a {-5}', null],
    ['a {5', null],
    ['}', null],
    ['', null],
    [`${'x'.repeat(100)}{4294967296+}`, 4294967296, false],
    ['a {999999999999999999999999}', null],
  ]
  for (const [line, bytes, synchronizing] of cases) {
    assert.deepEqual(literalMarker(Buffer.from(line)), bytes === null ? null : { bytes, synchronizing }, line)
  }
})

test('quoted strings', () => {
  for (const [text, value] of [['""', ''], ['"abc"', 'abc'], ['"a\\"b\\\\"', 'a"b\\'], ['"a)b {5}"', 'a)b {5}'], ['"\xe1"', '\xe1']] as const) {
    const lexer = lexerOf(text)
    assert.equal(lexer.quoted(), value)
    lexer.end()
  }
  for (const text of ['"', '"abc', '"a\\b"', '"a\\"', 'abc', '"a\0b"', '"a\rb"', '"a\nb"', '']) assert.throws(() => lexerOf(text).quoted(), SyntaxFault, text)
})

test('numbers have limits', () => {
  assert.equal(lexerOf('0').number(), 0)
  assert.equal(lexerOf('4294967295').number(), 4294967295)
  assert.throws(() => lexerOf('4294967296').number(), SyntaxFault)
  assert.throws(() => lexerOf('x').number(), SyntaxFault)
  assert.throws(() => lexerOf('-1').number(), SyntaxFault)
  assert.throws(() => lexerOf('0').nonZeroNumber(), SyntaxFault)
})

test('literals stand between lines', () => {
  const lexer = lexerOf('{3}\r\na\r\n {0+}\r\n "x"')
  assert.equal(lexer.string(), 'a\r\n')
  lexer.space()
  assert.equal(lexer.string(), '')
  lexer.space()
  assert.equal(lexer.string(), 'x')
  lexer.end()
  assert.throws(() => lexerOf('{3}').literal(), SyntaxFault)
  assert.throws(() => lexerOf('{3}\r\nabc').end(), SyntaxFault)
})

test('UTF-8 is UTF-8 or nothing', () => {
  assert.equal(decodeUtf8(Buffer.from('Nguyễn').toString('latin1')), 'Nguyễn')
  assert.equal(decodeUtf8('\xff'), null)
  assert.equal(decodeUtf8('\xed\xa0\x80'), null)
})

test('SASL PLAIN messages (RFC 4616)', () => {
  const encode = (text: string): string => Buffer.from(text).toString('base64')
  assert.deepEqual(decodePlain(encode('\0an@x\0mật khẩu')), { user: 'an@x', password: 'mật khẩu' })
  assert.deepEqual(decodePlain(encode('an@x\0an@x\0p')), { user: 'an@x', password: 'p' })
  for (const wrong of [encode('\0an@x'), encode('an\0\0p'), encode('\0an\0'), encode('other\0an\0p'), encode('\0a\0b\0c'), '', '=', 'AGFuAHA', 'A===', 'x'.repeat(8000), Buffer.from([0, 255, 0, 97]).toString('base64')]) {
    assert.equal(decodePlain(wrong), null, wrong.slice(0, 30))
  }
})

test('a byte budget is never overdrawn', () => {
  const budget = createByteBudget(100)
  assert.equal(budget.take(60), true)
  assert.equal(budget.take(41), false)
  assert.equal(budget.free, 40)
  assert.equal(budget.take(40), true)
  budget.give(100)
  assert.equal(budget.free, 100)
})

test('addresses of this machine', () => {
  for (const ip of ['127.0.0.1', '127.255.0.9', '::1']) assert.equal(isLoopback(ip), true, ip)
  for (const ip of ['10.0.0.1', '::2', '', '127.evil.example', '1127.0.0.1']) assert.equal(isLoopback(ip), false, ip)
  assert.equal(plainIp('::ffff:127.0.0.1'), '127.0.0.1')
  assert.equal(plainIp('::ffff:beef'), '::ffff:beef')
  assert.equal(plainIp(undefined), '')
})
