import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fold, foldKey } from '../../../src/vietnamese/fold.ts'

const table: readonly (readonly [string, string])[] = [
  ['', ''],
  ['Plain ASCII 123', 'plain ascii 123'],
  ['Đặng Quốc Khánh', 'dang quoc khanh'],
  ['ĐẶNG QUỐC KHÁNH', 'dang quoc khanh'],
  ['Ủy ban nhân dân – “tỉnh”', 'uy ban nhan dan – “tinh”'],
  ['đĐðÐƀɃ', 'ddddbb'],
  ['Straße Œuvre æ ø', 'strasse oeuvre ae o'],
  ['x\u00a0y\u200bz\u00ad!', 'x yz!'],
  ['İstanbul ı', 'istanbul i'],
  ['한국어 日本 Ж', '한국어 日本 ж'],
  ['Krông Păh Blưh', 'krong pah bluh'],
  ['họp 😀 Hội', 'hop 😀 hoi'],
]

test('fold: no accents, no đ, lower case, whatever the composition', () => {
  for (const [text, folded] of table) {
    assert.equal(fold(text), folded)
    assert.equal(fold(text.normalize('NFD')), folded)
    assert.equal(fold(text.normalize('NFC')), folded)
  }
})

test('fold: every Vietnamese letter, composed, decomposed and half-decomposed', () => {
  for (const base of 'aăâeêioôơuưy') {
    for (const tone of ['', '\u0300', '\u0301', '\u0303', '\u0309', '\u0323']) {
      const plain = base.normalize('NFD')[0]!
      const half = base + tone
      for (const form of [half, half.normalize('NFC'), half.normalize('NFD'), half.toUpperCase()]) assert.equal(fold(form), plain)
    }
  }
})

test('fold is idempotent and does not depend on normalisation', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(fold(fold(text)), fold(text))
      assert.equal(fold(text.normalize('NFD')), fold(text))
    }),
    { numRuns: 2000 },
  )
  for (let code = 1; code < 0xffff; code++) {
    const text = `x${String.fromCharCode(code)}y`
    if (fold(fold(text)) !== fold(text) || fold(text.normalize('NFD')) !== fold(text)) assert.fail(`U+${code.toString(16)}`)
  }
})

test('foldKey: what a reader takes for the same has the same key', () => {
  assert.equal(foldKey('  Hội   nghị\r\n\tgiao\u00a0ban '), 'hoi nghi giao ban')
})
