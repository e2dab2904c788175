import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { packBody, unpackBody } from '../../../../src/adapters/mongo/blob-codec.ts'
import { isMailError } from '../../../../src/core/errors.ts'

const text = (bytes: number): Buffer => Buffer.from('Kính gửi các đồng chí '.repeat(Math.ceil(bytes / 20))).subarray(0, bytes)

test('a body comes back as it was, compressed only where that pays', async () => {
  for (const bytes of [0, 1, 511, 512, 5_000, 65_536, 65_537, 900_000]) {
    for (const [body, shrinks] of [[text(bytes), bytes >= 512], [randomBytes(bytes), false]] as const) {
      const packed = await packBody(body)
      assert.equal(packed.compressed, shrinks, `${bytes}`)
      assert.ok(packed.data.length <= body.length)
      assert.ok(Buffer.from(await unpackBody(packed, body.length)).equals(body))
    }
  }
})

test('damage of any kind is refused', async () => {
  const refused = (error: unknown): boolean => isMailError(error, 'unavailable')
  for (const body of [text(5_000), randomBytes(400), text(200_000)]) {
    const packed = await packBody(body)
    const flipped = Buffer.from(packed.data)
    flipped[flipped.length >> 1]! ^= 4
    await assert.rejects(unpackBody({ ...packed, data: flipped }, body.length), refused)
    await assert.rejects(unpackBody({ ...packed, data: packed.data.subarray(1) }, body.length), refused)
    await assert.rejects(unpackBody(packed, body.length + 1), refused)
    await assert.rejects(unpackBody(packed, body.length - 1), refused)
  }
})
