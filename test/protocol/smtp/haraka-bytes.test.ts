/** The bytes of a message in ingress, as properties: where it ends, what is bare, what readers and other servers get. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KeptMessage, unstuffed } from '../../../src/protocols/smtp/haraka/kept-message.ts'
import { wireForm } from '../../../src/protocols/smtp/haraka/outgoing-bytes.ts'
import { dataOf } from '../../support/smtp-dialogue.ts'

const roomy = () => ({ heldBytes: 0, maxHeldBytes: 1e9 })
/** Short texts of what matters, so that every order of it comes up. */
const risky = fc.string({ unit: fc.constantFrom('\r', '\n', '.', 'a', '\r\n', '\r\n.', '\r\n.\r\n', '\0'), maxLength: 40 })
const cuts = fc.array(fc.nat(60), { maxLength: 8 })

function split(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...at.filter((place) => place < bytes.length), bytes.length])].toSorted((a, b) => a - b)
  return places.slice(1).map((place, index) => bytes.subarray(places[index]!, place))
}

describe('kept bytes', () => {
  it('end at CR LF . CR LF and at nothing else, however the packets fall', () => {
    fc.assert(
      fc.property(risky, cuts, (text, at) => {
        const bytes = Buffer.from(`${text}\r\n.\r\nrest`, 'latin1')
        const end = `\r\n${bytes.toString('latin1')}`.indexOf('\r\n.\r\n') + 3
        const kept = new KeptMessage(1e6, roomy())
        let used = 0
        for (const piece of split(bytes, at)) {
          used += kept.take(piece)
          if (kept.ended) break
        }
        assert.equal(used, end)
        const whole = Buffer.concat(kept.chunks())
        assert.deepEqual(whole, bytes.subarray(0, end))
        assert.equal(kept.bareLineEnds, /\r(?!\n)|(?<!\r)\n/.test(whole.toString('latin1')))
      }),
      { numRuns: 3000 },
    )
  })

  it('come back unstuffed as the message that was sent', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('', '.', '..', '.a', 'a.', 'a', '\0'), { maxLength: 12 }), cuts, (lines, at) => {
        const message = Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1')
        const kept = new KeptMessage(1e6, roomy())
        for (const piece of split(dataOf(message), at)) kept.take(piece)
        assert.ok(kept.ended)
        assert.deepEqual(Buffer.concat([...unstuffed(kept.chunks(), kept.bytes)]), message)
      }),
      { numRuns: 2000 },
    )
  })

  it('are counted against the limit and the budget, and given back', () => {
    const budget = { heldBytes: 0, maxHeldBytes: 10_000 }
    const first = new KeptMessage(6_000, budget)
    first.take(Buffer.alloc(6_000, 'a'))
    assert.equal(budget.heldBytes, 6_000)
    first.take(Buffer.from('bbbb'))
    assert.deepEqual([first.tooLarge, first.chunks().length, budget.heldBytes], [true, 0, 0])
    const second = new KeptMessage(6_000, budget)
    const third = new KeptMessage(6_000, budget)
    second.take(Buffer.alloc(6_000, 'a'))
    third.take(Buffer.alloc(5_000, 'a'))
    assert.deepEqual([third.noRoom, budget.heldBytes], [true, 6_000])
    second.drop()
    second.drop()
    assert.equal(budget.heldBytes, 0)
  })
})

describe('outgoing bytes', () => {
  it('are the message, dot-stuffed, when its line ends are right', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('', '.', '..', '.a', 'a.', '\xff')), (lines) => {
        const message = Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1')
        assert.deepEqual(Buffer.concat([...wireForm(message), Buffer.from('.\r\n')]), dataOf(message))
      }),
    )
  })

  it('never hold a bare CR or LF, nor an end before the end', () => {
    fc.assert(
      fc.property(risky, (text) => {
        const wire = Buffer.concat(wireForm(Buffer.from(text, 'latin1'))).toString('latin1')
        assert.ok(!/\r(?!\n)|(?<!\r)\n/.test(wire))
        assert.ok(!`\r\n${wire}`.includes('\r\n.\r\n'))
        assert.ok(wire === '' || wire.endsWith('\r\n'))
      }),
      { numRuns: 3000 },
    )
  })
})
