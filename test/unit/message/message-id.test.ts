import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMessageId, parseReferences } from '../../../src/message/message-id.ts'

test('Message-ID: without brackets, host in lower case', () => {
  assert.equal(parseMessageId('<AbC@Example.VN>'), 'AbC@example.vn')
  assert.equal(parseMessageId('  noise <a@b> (comment)'), 'a@b')
  assert.equal(parseMessageId('bare@id.vn trailing'), 'bare@id.vn')
  assert.equal(parseMessageId('<a b@c>'), 'ab@c')
  assert.equal(parseMessageId('<no-host>'), 'no-host')
  assert.equal(parseMessageId(''), null)
  assert.equal(parseMessageId('<>'), null)
  assert.equal(parseMessageId(`<${'x'.repeat(2000)}@y>`), null)
})

test('References and In-Reply-To: oldest first, once each', () => {
  assert.deepEqual(parseReferences(['<a@x>\t<b@X>'], ['<b@x>']), ['a@x', 'b@x'])
  assert.deepEqual(parseReferences(['<a@x><b@x>'], ['<c@x> (your mail of <Monday>)']), ['a@x', 'b@x', 'c@x'])
  assert.deepEqual(parseReferences([], []), [])
  assert.deepEqual(parseReferences(['none here'], ['prose']), [])
})

test('of too many references the root and the nearest stay', () => {
  const ids = Array.from({ length: 250 }, (_, index) => `<m${index}@x>`)
  const found = parseReferences([ids.join(' ')], [])
  assert.equal(found.length, 100)
  assert.equal(found[0], 'm0@x')
  assert.equal(found[99], 'm249@x')
  assert.equal(found[1], 'm151@x')
})
