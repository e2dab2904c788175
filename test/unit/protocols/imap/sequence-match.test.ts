/** Message sequence match data (RFC 7162 §3.2.5.2) against the plain definition: pair by pair. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchedUid } from '../../../../src/protocols/imap/sequence-match.ts'

function viewOf(uids: readonly number[]): { count: number; uidAt(sequence: number): number } {
  return {
    count: uids.length,
    uidAt(sequence) {
      const uid = uids[sequence - 1]
      assert.ok(uid !== undefined, `there is no message ${sequence}`)
      return uid
    },
  }
}

test('the examples of the RFC', () => {
  const uids = Array.from({ length: 10_003 }, (_, at) => (at + 1) * 3)
  const match = { sequences: [[5000, 5000], [7500, 7500], [9000, 9000], [9990, 9999]], uids: [15_000, 22_500, 27_000, 29_970, 29_973, 29_976, 29_979, 29_982, 29_985, 29_988, 29_991, 29_994, 29_997].map((uid) => [uid, uid] as const) } as const
  assert.equal(matchedUid(viewOf(uids), match), 29_997)
  assert.equal(matchedUid(viewOf([1, 2, 4, 8, 25]), { sequences: [[4, 4], [5, 5]], uids: [[8, 8], [24, 24]] }), 8)
})

test('nothing, too many, and huge ranges', () => {
  assert.equal(matchedUid(viewOf([]), { sequences: [[1, 4_294_967_295]], uids: [[1, 4_294_967_295]] }), 0)
  assert.equal(matchedUid(viewOf([1, 2, 3, 5]), { sequences: [[1, 4_294_967_295]], uids: [[1, 4_294_967_295]] }), 3)
  assert.equal(matchedUid(viewOf([1, 2, 3]), { sequences: [[1, 100]], uids: [[1, 1]] }), 1)
  assert.equal(matchedUid(viewOf([2, 3]), { sequences: [[1, 1]], uids: [[1, 1]] }), 0)
  // Not ascending: a mistake of the client, harmless.
  assert.equal(matchedUid(viewOf([1, 2, 3]), { sequences: [[3, 3], [1, 1]], uids: [[3, 3], [1, 1]] }), 1)
})

test('as the definition says, for every small mailbox', () => {
  for (let present = 0; present < 256; present++) {
    for (let known = 1; known < 256; known++) {
      const uids = Array.from({ length: 8 }, (_, at) => at + 1).filter((uid) => (present >> (uid - 1)) & 1)
      const then = Array.from({ length: 8 }, (_, at) => at + 1).filter((uid) => (known >> (uid - 1)) & 1)
      // A mailbox only loses what the client knew, or gets what is above.
      if (uids.some((uid) => uid <= then.at(-1)! && !then.includes(uid))) continue
      const match = { sequences: [[1, then.length]] as const, uids: then.map((uid) => [uid, uid] as const) }
      const expected = then.reduce((matched, uid, at) => (uids[at] === uid ? uid : matched), 0)
      assert.equal(matchedUid(viewOf(uids), match), expected, `${uids.join()} known as ${then.join()}`)
    }
  }
})
