import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { together } from '../../../src/core/moving-house/body-names.ts'
import { canonicalRow } from '../../../src/core/moving-house/canonical-row.ts'
import { beginning, partsFrom, requireWhole } from '../../../src/core/moving-house/move-state.ts'
import { keyOf, parts, staysBehind, type OutgoingRow } from '../../../src/core/ports/store-copy.ts'

const outgoing: OutgoingRow = {
  id: 'q1', transaction: 't', sender: '', recipient: 'a@b', account: null, body: 'x', bodyBytes: 1, prefix: Uint8Array.of(1, 2), state: 'queued', dueAtMs: 1, nextAtMs: 1,
  createdAtMs: 1, attempts: 0, node: null, leaseUntilMs: null, lastReply: null, lastTryAtMs: null,
}

describe('moving house', () => {
  it('takes bodies together up to some bytes, a larger one alone, in their order', () => {
    const groups = (sizes: readonly number[]) => [...together(sizes, (size) => size, 10)]
    assert.deepEqual(groups([]), [])
    assert.deepEqual(groups([1, 2, 3]), [[1, 2, 3]])
    assert.deepEqual(groups([6, 4, 1]), [[6, 4], [1]])
    assert.deepEqual(groups([3, 99, 3]), [[3], [99], [3]])
  })

  it('one row has one text, whatever the order of its fields and the kind of its bytes; outbox ids are passed over', () => {
    const turned = Object.fromEntries(Object.entries({ ...outgoing, prefix: Buffer.from([0, 1, 2]).subarray(1), id: 'q000' }).toReversed()) as unknown as OutgoingRow
    assert.equal(canonicalRow('outbox', turned), canonicalRow('outbox', outgoing))
    for (const change of [{ attempts: 1 }, { prefix: Uint8Array.of(1, 3) }, { node: '' }]) assert.notEqual(canonicalRow('outbox', { ...outgoing, ...change }), canonicalRow('outbox', outgoing))
    assert.notEqual(canonicalRow('settings', { key: 'a', value: 'b' }), canonicalRow('settings', { key: 'a', value: 'c' }))
  })

  it('goes on with the part that it was in', () => {
    assert.deepEqual(partsFrom(null), parts)
    assert.deepEqual(partsFrom('records'), ['records', 'registry'])
    assert.deepEqual(keyOf('outbox', outgoing), ['q1'])
  })

  it('a server opens what was never moved into, or was finished, and nothing in between', () => {
    const state = beginning('nguon', 'dau-van-tay')
    requireWhole(null)
    requireWhole(JSON.stringify({ ...state, stage: 'finished' }))
    for (const stage of ['rows', 'check-rows', 'check-bodies']) assert.throws(() => requireWhole(JSON.stringify({ ...state, stage })), { code: 'unavailable' })
  })

  it('what belongs to the place stays behind', () => {
    assert.deepEqual(['first-administrator', 'store.move', 'store.probe', 'bodies.probe'].map(staysBehind), [false, true, true, true])
  })
})
