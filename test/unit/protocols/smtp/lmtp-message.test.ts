import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readMessage } from '../../../../src/protocols/smtp/lmtp-message.ts'

/** RFC 5321 §4.5.2 as it is written, by lines. */
function stuff(message: string): string {
  return message.split('\r\n').map((line) => (line.startsWith('.') ? `.${line}` : line)).join('\r\n')
}

/** What comes out when the wire comes in these pieces, and what was left over. */
function read(pieces: readonly Buffer[], maxBytes = 1e6): { bytes: string | null; rest: string } {
  const input = readMessage(maxBytes)
  let rest = ''
  for (const piece of pieces) {
    const used = input.ended ? 0 : input.take(piece)
    rest += piece.toString('latin1', used)
  }
  assert.ok(input.ended)
  return { bytes: input.bytes()?.toString('latin1') ?? null, rest }
}

const whole = (wire: string): Buffer[] => [Buffer.from(wire, 'latin1')]

const table: readonly (readonly [what: string, wire: string, message: string, rest: string])[] = [
  ['nothing', '.\r\n', '', ''],
  ['one line', 'a\r\n.\r\n', 'a\r\n', ''],
  ['what is pipelined behind is left alone', 'a\r\n.\r\nRSET\r\n', 'a\r\n', 'RSET\r\n'],
  ['a stuffed first line', '..\r\n.\r\n', '.\r\n', ''],
  ['a stuffed line', 'a\r\n...b\r\n.\r\n', 'a\r\n..b\r\n', ''],
  ['a dot that nobody stuffed', 'a\r\n.b\r\n.\r\n', 'a\r\nb\r\n', ''],
  ['bare LF and a dot', 'a\n.\n..b\n.\r\nc\r\n.\r\n', 'a\n.\n..b\n.\r\nc\r\n', ''],
  ['bare CR and a dot', 'a\r.\r..\r.\rb\r\n.\r\n', 'a\r.\r..\r.\rb\r\n', ''],
  ['CRLF dot LF', 'a\r\n.\nb\r\n.\r\n', 'a\r\n\nb\r\n', ''],
  ['CRLF dot CR', 'a\r\n.\rb\r\n.\r\n', 'a\r\n\rb\r\n', ''],
  ['NUL and 8 bits', '\0\xff\r\n.\r\n', '\0\xff\r\n', ''],
  ['CR before the end', 'a\r\r\n.\r\n', 'a\r\r\n', ''],
]
for (const [what, wire, message, rest] of table) {
  test(`DATA: ${what}`, () => {
    assert.deepEqual(read(whole(wire)), { bytes: message, rest })
    assert.deepEqual(read(Array.from(Buffer.from(wire, 'latin1'), (byte) => Buffer.from([byte]))), { bytes: message, rest })
  })
}

test('any message comes out as it was, in whatever pieces it comes', () => {
  const piece = fc.constantFrom('\r\n', '\r', '\n', '.', '..', 'a', '\r\n.', '\0', '\xff', 'Kinh gui')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 }), (words, cuts) => {
      const message = `${words.join('')}\r\n`
      const wire = Buffer.from(`${stuff(message)}.\r\nMAIL`, 'latin1')
      const pieces: Buffer[] = []
      let at = 0
      for (let i = 0; at < wire.length; i++) {
        const length = cuts[i % cuts.length]!
        pieces.push(wire.subarray(at, at + length))
        at += length
      }
      assert.deepEqual(read(pieces), { bytes: message, rest: 'MAIL' })
    }),
    { numRuns: 3000 },
  )
})

test('a message of exactly the limit is taken, one more byte is not, stuffing does not count', () => {
  assert.equal(read(whole('12345678\r\n.\r\n'), 10).bytes, '12345678\r\n')
  assert.equal(read(whole('123456789\r\n.\r\n'), 10).bytes, null)
  assert.equal(read(whole('..\r\n..\r\n..\r\n.\r\n'), 9).bytes, '.\r\n.\r\n.\r\n')
})

test('what is far too large is read to its end and not kept', () => {
  const input = readMessage(1000)
  const chunk = Buffer.alloc(700, 'x')
  for (let i = 0; i < 100; i++) assert.equal(input.take(chunk), 700)
  assert.equal(input.take(Buffer.from('\r\n.\r\nQUIT\r\n')), 5)
  assert.equal(input.bytes(), null)
})
