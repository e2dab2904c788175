/** Sizes of mailboxes and their warnings (Điều 7.3; R-7.3a, b, d). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { attachOrLink, decideQuotaChange, effectiveSizes, largestMessageBytes, messageBytesFor } from '../../../../../src/core/account/quota.ts'
import { decideQuotaWarning } from '../../../../../src/core/account/quota-warning.ts'
import { regulation } from './samples.ts'

const MiB = 1_048_576
const GiB = 1024 * MiB

describe('warnings', () => {
  /** Goes through the uses, in per cent; the warnings in order. */
  const live = (...uses: readonly number[]): string => {
    let told: readonly number[] = []
    return uses
      .map((percent) => {
        const decision = decideQuotaWarning({ usedBytes: percent * 1000, quotaBytes: 100_000, told }, regulation)
        told = decision.told
        return decision.percent ?? '.'
      })
      .join(' ')
  }
  const rows: readonly (readonly [uses: readonly number[], expected: string])[] = [
    [[79, 81, 82], '. 80 .'],
    [[79, 81, 82, 74, 81], '. 80 . . 80'],
    [[81, 75, 81], '80 . .'],
    [[81, 74.9, 81], '80 . 80'],
    [[70, 96], '. 95'],
    [[96, 84.9, 91], '95 . 90'],
    [[96, 90, 96], '95 . .'],
    [[99, 100, 101, 100], '95 100 . .'],
    [[100, 94, 100, 95, 100], '100 . 100 . .'],
    [[80], '80'],
    [[79.99], '.'],
  ]
  for (const [uses, expected] of rows) it(`${uses.join(' → ')}: ${expected}`, () => assert.equal(live(...uses), expected))

  it('a mailbox without any room is full', () => {
    assert.equal(decideQuotaWarning({ usedBytes: 0, quotaBytes: 0, told: [] }, regulation).percent, 100)
  })

  it('a raised quota arms them again by itself', () => {
    const first = decideQuotaWarning({ usedBytes: 4.9 * GiB, quotaBytes: 5 * GiB, told: [] }, regulation)
    const raised = decideQuotaWarning({ usedBytes: 4.9 * GiB, quotaBytes: 10 * GiB, told: first.told }, regulation)
    assert.deepEqual([first.percent, raised.percent, raised.told], [95, null, []])
  })

  it('none is told twice without a fall of more than five points below it in between', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1100 }), { maxLength: 60 }), (uses) => {
        let told: readonly number[] = []
        const lowestSince = new Map<number, number>()
        for (const use of uses) {
          for (const [percent, lowest] of lowestSince) lowestSince.set(percent, Math.min(lowest, use))
          const decision = decideQuotaWarning({ usedBytes: use, quotaBytes: 1000, told }, regulation)
          told = decision.told
          if (decision.percent === null) continue
          assert.ok(use >= decision.percent * 10)
          const lowest = lowestSince.get(decision.percent)
          assert.ok(lowest === undefined || lowest < (decision.percent - 5) * 10)
          for (const percent of told) lowestSince.set(percent, use)
        }
      }),
    )
  })
})

describe('classes and mailboxes', () => {
  it('a mailbox has the sizes of its class, or its own', () => {
    assert.deepEqual(effectiveSizes({ class: 'leader', quotaBytes: null, maxAttachmentBytes: null }, regulation).quotaBytes, 10 * GiB)
    const own = effectiveSizes({ class: 'staff', quotaBytes: 7 * GiB, maxAttachmentBytes: 30 * MiB }, regulation)
    assert.deepEqual([own.quotaBytes, own.maxAttachmentBytes, own.maxMessageBytes, own.classKnown], [7 * GiB, 30 * MiB, 43 * MiB, true])
  })

  it('a class that is gone falls back to the default one', () => {
    for (const gone of ['gone', 'constructor', '__proto__']) {
      const sizes = effectiveSizes({ class: gone, quotaBytes: null, maxAttachmentBytes: null }, regulation)
      assert.deepEqual([sizes.quotaBytes, sizes.classKnown], [5 * GiB, false])
    }
  })

  it('the limit is on the file: of 25 MB, 24.9 passes and 25.1 goes as a link; SIZE is 1.4 times and 1 MB more', () => {
    const sizes = effectiveSizes({ class: 'staff', quotaBytes: null, maxAttachmentBytes: 25 * MiB }, regulation)
    assert.deepEqual([attachOrLink(24.9 * MiB, sizes), attachOrLink(25 * MiB, sizes), attachOrLink(25.1 * MiB, sizes)], ['attach', 'attach', 'link'])
    assert.equal(sizes.maxMessageBytes, 36 * MiB)
    assert.equal(largestMessageBytes(regulation), messageBytesFor(50 * MiB))
  })

  it('what fits as a file fits as a message, base64 and all', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 700 * MiB }), (bytes) => {
      const encoded = Math.ceil(bytes / 3) * 4
      assert.ok(encoded + Math.ceil(encoded / 76) * 2 < messageBytesFor(bytes))
    }))
  })

  it('lowering below what is used deletes nothing and says so', () => {
    const now = { quotaBytes: 10 * GiB, usedBytes: 6 * GiB }
    const lowered = decideQuotaChange(now, 5 * GiB, regulation)
    assert.ok(lowered.kind === 'change' && lowered.belowUse && lowered.before === 10 * GiB && lowered.clause === 'Điều 7.3b')
    const raised = decideQuotaChange(now, 12 * GiB, regulation)
    assert.ok(raised.kind === 'change' && !raised.belowUse)
    for (const bytes of [-1, 0, 1.5, Number.NaN, 2 ** 53, 1025 * GiB]) assert.equal(decideQuotaChange(now, bytes, regulation).kind, 'refused', String(bytes))
  })
})
