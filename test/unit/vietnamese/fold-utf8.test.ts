import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fold } from '../../../src/vietnamese/fold.ts'
import { maxFoldedBytes, writeFolded } from '../../../src/vietnamese/fold-utf8.ts'

function written(text: string): string | null {
  const target = Buffer.alloc(2 + text.length * maxFoldedBytes)
  const end = writeFolded(text, target, 2)
  return end < 0 ? null : target.toString('utf8', 2, end)
}

const spaced = (text: string): string => fold(text).replace(/\s{2,}|[\t\r\n\f\v]/g, ' ')

test('writeFolded: fold and single spaces in one pass', () => {
  assert.equal(written('Ủy ban\r\nnhân dân –  “tỉnh”\t§ 5'), 'uy ban nhan dan – “tinh” § 5')
  assert.equal(written(''), '')
  assert.equal(written(' \r\n Đ\u00a0 ặ \n'), ' d a ')
  // What is invisible does not part two spaces.
  assert.equal(written('a \u200b b'), 'a b')
})

test('writeFolded: leaves to fold what it cannot say', () => {
  for (const text of ['日本', 'ß', '😀', 'a\u0000b']) assert.equal(written(text), null, text)
})

test('writeFolded: the same as fold, whatever the text', () => {
  const letters = fc.constantFrom(...' \t\r\n\f\v\u00a0\u2003\u2028\u00ad\ufeffaZđĐặỒư\u0301\u0323–“§°Ж日ßﬁ')
  const texts = fc.array(fc.oneof(letters, fc.string({ unit: 'binary', maxLength: 2 })), { maxLength: 60 }).map((all) => all.join(''))
  let direct = 0
  fc.assert(
    fc.property(texts, (text) => {
      const found = written(text)
      if (found === null) return
      direct++
      assert.equal(found, spaced(text).toWellFormed())
    }),
    { numRuns: 3000 },
  )
  assert.ok(direct > 100, `${direct} texts were written directly`)
})
