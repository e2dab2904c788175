/** The corpus must keep its bytes: figures of the bench are compared over years and with other load generators. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { corpusMessage, plainMessage } from '../../../bench/corpus.ts'

const sha256 = (...parts: readonly Buffer[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

const known: readonly (readonly [index: number, length: number, corpus: string, plainLength: number, plain: string])[] = [
  [0, 9167, 'a979108d58335384e6cc911db86fc08674fb7321780a5926cc539e00386c50cc', 5167, '7189d2268fe3fe2a360823b19921d7d4a52242be35a0007c7309993ef16577cf'],
  [1, 18650, '652002d6126e60df3d0d2857bbf7db67eab255538f40cf3b0315a5d8194c725a', 5190, '9e4817526b58d852b02780e3cb5b70e5227e96ee58078a33255fdac920e3a7c8'],
  [3, 3433, '783ea425ecb9906cfb129b40f7d5becf5ac50666bbe85faa699bb467b2127211', 5123, 'c5ea253c1104c6c5417089185a59fb0ab8db32c5dc3fe03c0dd38a319b50847a'],
  [7, 9499, 'b1a24d9883016c597d650541fc14ebcfb526f7200c3a2c35f43351fe6b27c2b2', 5165, '6050b9ee6a531700c706fa2e5c492d24275fbc4b10bb218953cfb1e9f4895826'],
  [503, 4756, '5eb5b5114156f38d6066cf22e8888c0e255734fd1de13ef40af87cfc13c0a5ca', 5124, '4e37a13365d291052d2284d6fddd0d79952b1ba617e9d621772825e7fb59eaed'],
]

for (const [index, length, corpus, plainLength, plain] of known) {
  test(`message ${index} has the bytes it always had`, () => {
    assert.deepEqual([corpusMessage(index).length, sha256(corpusMessage(index))], [length, corpus])
    assert.deepEqual([plainMessage(index, 5120).length, sha256(plainMessage(index, 5120))], [plainLength, plain])
  })
}

test('so have the first thousand, every kind among them', () => {
  assert.equal(sha256(...Array.from({ length: 1000 }, (_, index) => corpusMessage(index))), '9d847d6a1980035a38623e750c007ce0774e20041fb14ae897405d8bb99618f4')
})

test('so have 64 messages of 100 KB', () => {
  assert.equal(sha256(...Array.from({ length: 64 }, (_, index) => plainMessage(index, 102_400))), '0ca0db223f86b094b76bb1392aa44cccc0ee5af8c44ba66d39066bd05f3356e6')
})
