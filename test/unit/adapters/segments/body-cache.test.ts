import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyCache } from '../../../../src/adapters/segments/body-cache.ts'

const entryBytes = 256

test('what was not asked for longest goes first, and the bound holds', () => {
  const cache = new BodyCache(3 * (1000 + entryBytes))
  for (const id of ['a', 'b', 'c']) cache.keep(id, Buffer.alloc(1000, id), cache.generation)
  assert.equal(cache.get('a')?.[0], 0x61)
  cache.keep('d', Buffer.alloc(1000, 'd'), cache.generation)
  assert.deepEqual(['a', 'b', 'c', 'd'].map((id) => cache.get(id) !== null), [true, false, true, true])
  cache.keep('large', Buffer.alloc(4000), cache.generation)
  assert.equal(cache.get('large'), null)
})

test('a body is kept in memory of its own', () => {
  const cache = new BodyCache(1_000_000)
  const stretch = Buffer.alloc(100_000, 'x')
  const own = cache.keep('a', stretch.subarray(500, 700), cache.generation)
  assert.equal(own.buffer.byteLength, 200)
  stretch.fill('y')
  assert.deepEqual(cache.get('a'), Buffer.alloc(200, 'x'))
  assert.equal(cache.get('a'), own)
})

test('what was read before it was cleared is not taken in', () => {
  const cache = new BodyCache(1_000_000)
  const { generation } = cache
  cache.keep('a', Buffer.from('a'), generation)
  cache.clear()
  assert.equal(cache.get('a'), null)
  assert.deepEqual(cache.keep('a', Buffer.from('a'), generation), Buffer.from('a'))
  assert.equal(cache.get('a'), null)
})
