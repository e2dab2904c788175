/** Blobs: put and read (core/ports/blobs.ts, B1, B2, B4). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, isRefused, slices } from '../support/store-fixture.ts'

const sizes = [0, 1, 7, 8, 100, 1_023, 1_024, 1_025, 5_000, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 400_000, 3_000_000]

const bodies = sizes.flatMap((size) => [
  randomBytes(size),
  Buffer.from('Kính gửi đồng chí, '.repeat(Math.ceil(size / 20))).subarray(0, size),
  Buffer.from(randomBytes(size).toString('base64').slice(0, size)),
])

export function blobsContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: blobs`, () => {
    const fixture = new Fixture(makePlace)

    test('read gives exactly the bytes that were put, of every size and kind', async () => {
      const ids = await Promise.all(bodies.map((body) => fixture.blobs.put(body)))
      assert.ok(new Set(ids).size >= new Set(bodies.map((body) => body.toString('latin1'))).size)
      for (const [i, id] of ids.entries()) assert.ok(Buffer.from(await fixture.blobs.read(id)).equals(bodies[i]!), `${bodies[i]!.length} bytes`)
    })

    test('read of a half-open range gives these bytes; what reaches past the end is cut there', async () => {
      for (const body of bodies) {
        const id = await fixture.blobs.put(body)
        const middle = Math.floor(body.length / 2)
        const ranges = [
          [0, body.length],
          [0, 0],
          [middle, middle],
          [middle, body.length],
          [0, middle],
          [Math.max(0, middle - 50), middle + 50],
          [body.length, body.length + 10],
          [middle, body.length + 1_000],
          [130_000, 132_500],
        ] as const
        for (const [start, end] of ranges) {
          const read = await fixture.blobs.read(id, { start, end })
          assert.ok(Buffer.from(read).equals(body.subarray(start, end)), `${start}-${end} of ${body.length}`)
        }
      }
    })

    test('readMany gives whole bodies in the order of the ids, also the same one twice', async () => {
      const put = bodies.filter((body) => body.length <= 131_072)
      const ids = await Promise.all(put.map((body) => fixture.blobs.put(body)))
      const orders = [ids, ids.toReversed(), ids.filter((_, i) => i % 5 === 0), [ids[3]!, ids[3]!, ids[0]!, ids[3]!], []]
      for (const order of orders) {
        const read = await slices(fixture.blobs.readMany(order))
        assert.equal(read.length, order.length)
        for (const [i, id] of order.entries()) assert.ok(Buffer.from(read[i]!).equals(put[ids.indexOf(id)]!))
      }
      for await (const body of fixture.blobs.readMany(ids)) {
        assert.ok(Buffer.from(body).equals(put[0]!))
        break
      }
    })

    test('different bytes get different ids, also when they are put at one moment', async () => {
      const one = await fixture.blobs.put(Buffer.from('a'))
      const together = await Promise.all([randomBytes(1_000_000), Buffer.from('b'), randomBytes(70_000), Buffer.from('c')].map((body) => fixture.blobs.put(body)))
      const ids = [one, ...together, await fixture.blobs.put(Buffer.from('d'))]
      assert.equal(new Set(ids).size, ids.length)
    })

    test('the same bytes put again can be read under the id of each put', async () => {
      const body = randomBytes(5_000)
      const ids = await Promise.all([body, Buffer.from(body), body].map((same) => fixture.blobs.put(same)))
      for (const id of [...ids, await fixture.blobs.put(body)]) assert.ok(Buffer.from(await fixture.blobs.read(id)).equals(body))
    })

    test('a body that there is not is refused as message-unknown', async () => {
      const id = await fixture.blobs.put(Buffer.from('co'))
      const unknown = ['', 'khong-co', `${id}0`, id.slice(0, -1), '../../../etc/passwd', 'ffffffff-ffffffffff']
      for (const wrong of unknown) {
        await assert.rejects(fixture.blobs.read(wrong), isRefused('message-unknown'), wrong)
        await assert.rejects(slices(fixture.blobs.readMany([id, wrong])), isRefused('message-unknown'), wrong)
      }
    })

    test('what was put is there after it was closed and opened again', async () => {
      const body = randomBytes(20_000)
      const id = await fixture.blobs.put(body)
      await fixture.reopen()
      assert.ok(Buffer.from(await fixture.blobs.read(id)).equals(body))
      assert.ok(Buffer.from(await fixture.blobs.read(await fixture.blobs.put(body))).equals(body))
    })

    test('many puts and reads at once do not mix', async () => {
      await Promise.all(
        Array.from({ length: 20 }, async (_, client) => {
          for (let round = 0; round < 15; round++) {
            const body = Buffer.from(`${client}.${round} `.repeat(1 + ((client * 37 + round * 101) % 3_000)))
            const id = await fixture.blobs.put(body)
            assert.ok(Buffer.from(await fixture.blobs.read(id)).equals(body))
          }
        }),
      )
    })
  })
}
