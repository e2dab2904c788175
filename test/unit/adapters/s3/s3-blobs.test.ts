/** Bodies in an S3-type store that fails in every way it can, and what its requests cost. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { partsOf, textOf, textsOf } from '../../../../src/adapters/s3/answers.ts'
import { openS3Blobs, type S3BlobsOptions } from '../../../../src/adapters/s3/s3-blobs.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import type { Blobs } from '../../../../src/core/ports/blobs.ts'
import { s3Region, s3Server, type S3Call, type S3Fault, type S3Server } from '../../../support/s3-server.ts'
import { TurnedClock } from '../../../support/store-place.ts'

const pace = { tries: 3, firstPauseMs: 1, silentMs: 5_000, sendMsAMebibyte: 1_000, requestsAtOnce: 32 }
const uploads = { maxSingleBytes: 400_000, partBytes: 150_000 }
const refused = (code: 'unavailable' | 'storage-full' | 'message-unknown') => (error: unknown) => isMailError(error, code)

describe('S3', () => {
  let server: S3Server
  const open: Blobs[] = []
  const clock = new TurnedClock()

  before(async () => {
    server = await s3Server()
  })
  afterEach(async () => {
    for (const blobs of open.splice(0)) await blobs[Symbol.asyncDispose]()
    server.fault = () => null
    server.delay = null
    server.objects.clear()
    server.uploads.clear()
    server.calls.length = 0
  })
  after(() => server[Symbol.asyncDispose]())

  function blobsWith(options: Partial<S3BlobsOptions> = {}): Blobs {
    const place = { endpoint: server.endpoint, bucket: server.bucket, region: s3Region, pathStyle: true, accessKey: server.accessKey, secretKey: server.secretKey }
    const blobs = openS3Blobs({ place, clock, pace, uploads, ...options })
    open.push(blobs)
    return blobs
  }

  /** The first `times` calls that fit go wrong. */
  function failing(fault: S3Fault, times: number, fits: (call: S3Call) => boolean = () => true): void {
    server.fault = (call) => (fits(call) && times-- > 0 ? fault : null)
  }

  const passing: readonly S3Fault[] = [{ status: 503, code: 'SlowDown' }, { status: 500, code: 'InternalError' }, { status: 400, code: 'RequestTimeout' }, 'cut', 'lost']

  for (const fault of passing) {
    const name = typeof fault === 'string' ? fault : fault.code
    test(`what passes by itself is asked again: ${name}`, async () => {
      const blobs = blobsWith()
      for (const bytes of [0, 3_000, 700_000]) {
        const body = randomBytes(bytes)
        failing(fault, 2)
        const id = await blobs.put(body)
        failing(fault, 2)
        assert.ok(Buffer.from(await blobs.read(id)).equals(body))
        failing(fault, 2)
        assert.ok(Buffer.from(await blobs.read(id, { start: 10, end: 300_000 })).equals(body.subarray(10, 300_000)))
      }
      failing({ status: 503, code: 'SlowDown' }, 1)
      await blobs.ready()
    })

    test(`and refused when it does not pass: ${name}`, async () => {
      const blobs = blobsWith()
      const id = await blobs.put(Buffer.from('thư'))
      server.fault = () => fault
      await assert.rejects(blobs.put(Buffer.from('khác')), refused('unavailable'))
      await assert.rejects(blobs.put(randomBytes(700_000)), refused('unavailable'))
      await assert.rejects(blobs.read(id), refused('unavailable'))
      await assert.rejects(blobs.read(id, { start: 0, end: 1 }), refused('unavailable'))
      server.fault = () => null
      assert.equal(Buffer.from(await blobs.read(id)).toString(), 'thư')
    })
  }

  test('a store that says nothing is left in time, also in the middle of an answer', async () => {
    const blobs = blobsWith({ pace: { ...pace, silentMs: 60, tries: 2 } })
    const id = await blobs.put(randomBytes(2_000))
    server.fault = () => 'silence'
    await assert.rejects(blobs.read(id), refused('unavailable'))
    await assert.rejects(blobs.put(randomBytes(10)), refused('unavailable'))
  })

  test('an end does not wait for a store that says nothing', async () => {
    const blobs = blobsWith({ pace: { ...pace, silentMs: 3_600_000 } })
    const id = await blobs.put(randomBytes(2_000))
    const asked = Promise.withResolvers<void>()
    server.fault = () => (asked.resolve(), 'silence')
    const reading = assert.rejects(blobs.read(id), refused('unavailable'))
    await asked.promise
    await blobs[Symbol.asyncDispose]()
    await reading
    await assert.rejects(blobs.read(id), refused('unavailable'))
  })

  test('no room is storage-full; a wrong key or a bucket that is not there is unavailable, and asked once', async () => {
    const blobs = blobsWith()
    for (const fault of [{ status: 507, code: 'XMinioStorageFull' }, { status: 403, code: 'QuotaExceeded' }]) {
      server.fault = () => fault
      await assert.rejects(blobs.put(Buffer.from('x')), refused('storage-full'))
    }
    server.fault = () => null
    const place = { endpoint: server.endpoint, bucket: server.bucket, region: s3Region, pathStyle: true, accessKey: server.accessKey, secretKey: 'wrong' }
    const id = await blobs.put(Buffer.from('thư'))
    for (const wrong of [place, { ...place, accessKey: 'nobody' }, { ...place, region: 'elsewhere' }, { ...place, secretKey: server.secretKey, bucket: 'another' }]) {
      const other = blobsWith({ place: wrong })
      server.calls.length = 0
      await assert.rejects(other.put(Buffer.from('x')), refused('unavailable'))
      await assert.rejects(other.read(id), refused('unavailable'))
      await assert.rejects(other.ready(), refused('unavailable'))
      assert.equal(server.calls.length, 3)
    }
  })

  test('damaged bytes are never returned, whichever byte it is (B2)', async () => {
    const blobs = blobsWith()
    const body = Buffer.concat([Buffer.alloc(300_000, 'Kính gửi đồng chí '), randomBytes(300_000)])
    const id = await blobs.put(body)
    const [key, object] = [...server.objects][0]!
    const places = [0, 5, 9, 17, 25, 53, 60, 80, 200, 10_000, object.length - 1]
    for (const at of places) {
      const broken = Buffer.from(object)
      broken[at]! ^= 0x10
      server.objects.set(key, broken)
      await assert.rejects(blobs.read(id), refused('unavailable'), `byte ${at}`)
      const other = blobsWith()
      const ranges = await Promise.allSettled([0, 262_144, 524_288].map((start) => other.read(id, { start, end: start + 20 })))
      for (const [i, range] of ranges.entries()) {
        if (range.status === 'fulfilled') assert.ok(Buffer.from(range.value).equals(body.subarray(i * 262_144, i * 262_144 + 20)), `byte ${at}, range ${i}`)
      }
      assert.ok(at >= 80 || ranges.every((range) => range.status === 'rejected'), `byte ${at}`)
    }
    // Another body under its name, and none at all.
    await blobs.put(Buffer.from('khác'))
    server.objects.set(key, [...server.objects.values()].at(-1)!)
    await assert.rejects(blobs.read(id), refused('unavailable'))
    server.objects.set(key, Buffer.alloc(0))
    await assert.rejects(blobs.read(id), refused('unavailable'))
  })

  test('a small body costs one request to put and one to read, a piece of a large one at most two, the next pieces one', async () => {
    const blobs = blobsWith()
    const small = await blobs.put(randomBytes(5_000))
    assert.equal(server.calls.length, 1)
    await blobs.read(small)
    await blobs.read(small, { start: 100, end: 200 })
    assert.equal(server.calls.length, 3)
    const body = randomBytes(3_000_000)
    const large = await blobs.put(body)
    server.calls.length = 0
    for (const start of [1_000_000, 1_131_072, 2_900_000]) {
      assert.ok(Buffer.from(await blobs.read(large, { start, end: start + 131_072 })).equals(body.subarray(start, start + 131_072)))
    }
    assert.equal(server.calls.length, 4)
    assert.ok(server.calls.every((call) => call.range !== null))
  })

  test('an object that is replaced between two requests is read anew', async () => {
    const blobs = blobsWith()
    const body = Buffer.alloc(700_000, 'Uỷ ban nhân dân ')
    const id = await blobs.put(body)
    const [key, object] = [...server.objects][0]!
    await blobs.read(id, { start: 0, end: 10 })
    server.objects.set(key, rawObject(body))
    assert.ok(Buffer.from(await blobs.read(id, { start: 600_000, end: 600_010 })).equals(body.subarray(600_000, 600_010)))
    assert.ok(Buffer.from(await blobs.read(id)).equals(body))
    server.objects.set(key, object)
    assert.ok(Buffer.from(await blobs.read(id, { start: 600_000, end: 600_010 })).equals(body.subarray(600_000, 600_010)))
  })

  test('an upload in parts that fails leaves nothing behind; one whose writer died goes with a sweep, when it is old', async () => {
    const blobs = blobsWith({ periodMs: 10 })
    server.fault = (call) => (call.query.get('partNumber') === '3' ? { status: 500, code: 'InternalError' } : null)
    await assert.rejects(blobs.put(randomBytes(700_000)), refused('unavailable'))
    assert.equal(server.uploads.size, 0)
    assert.equal(server.objects.size, 0)
    // The abort fails too.
    server.fault = (call) => (call.query.get('partNumber') === '3' || call.method === 'DELETE' ? { status: 500, code: 'InternalError' } : null)
    await assert.rejects(blobs.put(randomBytes(700_000)), refused('unavailable'))
    assert.equal(server.uploads.size, 1)
    server.fault = () => null
    await blobs.sweep({ putBeforeMs: clock.nowMs(), inUse: async () => new Set() })
    assert.equal(server.uploads.size, 1)
    clock.turn(20)
    await blobs.sweep({ putBeforeMs: clock.nowMs(), inUse: async () => new Set() })
    assert.equal(server.uploads.size, 0)
  })

  test('a sweep of many goes on where the last one stopped, whatever node it runs on, and begins anew at the end', async () => {
    const blobs = blobsWith({ periodMs: 1, maxSwept: 1_500 })
    const kept = new Set<string>()
    for (let i = 0; i < 2_500; i++) server.objects.set(`bodies/${String(1_000 + i).padStart(14, '0')}-${'0'.repeat(64)}`, Buffer.alloc(10))
    server.objects.set('bodies/some-file-of-others', Buffer.alloc(1))
    server.objects.set('bodies/00000000000001', Buffer.alloc(1))
    clock.turn(10)
    const young = await blobs.put(Buffer.from('mới'))
    const inUse = async (ids: readonly string[]) => new Set(ids.filter((id) => Number(id.slice(0, 14)) % 10 === 0 && kept.add(id)))
    const sweep = (one: Blobs) => one.sweep({ putBeforeMs: clock.nowMs() - 5, inUse })
    assert.deepEqual(await sweep(blobs), { removed: 1_799, freedBytes: 17_990 })
    assert.ok(server.objects.has('sweep-position'))
    assert.deepEqual(await sweep(blobsWith({ periodMs: 1, maxSwept: 1_500 })), { removed: 451, freedBytes: 4_510 })
    assert.ok(!server.objects.has('sweep-position'))
    assert.deepEqual(await sweep(blobs), { removed: 0, freedBytes: 0 })
    assert.equal(kept.size, 250)
    assert.ok(server.objects.has('bodies/some-file-of-others'))
    assert.equal(Buffer.from(await blobs.read(young)).toString(), 'mới')
  })

  test('a sweep races the delivery of the same content a thousand times, and none is lost (B3)', async () => {
    const periodMs = 4
    const blobs = blobsWith({ periodMs })
    const other = blobsWith({ periodMs })
    const body = Buffer.from('cùng một công văn')
    const named = new Set<string>()
    let delivered = 0
    const deliver = async (): Promise<void> => {
      while (delivered < 1_000) {
        const beganMs = clock.nowMs()
        underWay.add(beganMs)
        clock.turn(1)
        const id = await blobs.put(body)
        named.add(id)
        underWay.delete(beganMs)
        delivered++
        assert.equal(Buffer.from(await blobs.read(id)).toString(), 'cùng một công văn')
        // Most are deleted by their readers at once.
        if (delivered % 7 !== 0) named.delete(id)
      }
    }
    const underWay = new Set<number>()
    let removed = 0
    const delivering = deliver()
    let done = false
    void delivering.finally(() => (done = true))
    while (!done) {
      // What is being delivered now is younger than the safe age.
      const putBeforeMs = Math.min(clock.nowMs(), ...underWay) - 2 * periodMs
      removed += (await other.sweep({ putBeforeMs, inUse: async (ids) => new Set(ids.filter((id) => named.has(id))) })).removed
    }
    await delivering
    assert.ok(removed > 0)
    for (const id of named) assert.equal(Buffer.from(await blobs.read(id)).toString(), 'cùng một công văn')
  })
})

/** The object of a body as a version without a compressor would have written it (object-form.ts). */
function rawObject(body: Buffer): Buffer {
  const perBlock = 262_144
  const blocks = Array.from({ length: Math.ceil(body.length / perBlock) }, (_, i) => body.subarray(i * perBlock, (i + 1) * perBlock))
  const head = Buffer.alloc(52 + 8 * blocks.length)
  head.write('CVB1')
  head.writeUInt32LE(head.length + 4, 4)
  head.writeBigUInt64LE(BigInt(body.length), 8)
  head.writeUInt32LE(perBlock, 16)
  createHash('sha256').update(body).digest().copy(head, 20)
  for (const [i, block] of blocks.entries()) {
    head.writeUInt32LE(block.length, 52 + 8 * i)
    head.writeUInt32LE(crc32(block), 56 + 8 * i)
  }
  const check = Buffer.alloc(4)
  check.writeUInt32LE(crc32(head))
  return Buffer.concat([head, check, ...blocks])
}

test('answers of S3: texts by name, with entities, and nothing where there is none', () => {
  const xml = '<?xml version="1.0"?><R xmlns="x"><A>1&amp;&lt;&#39;&#x41;</A><B><A>2</A><C/></B><B><A></A></B></R>'
  assert.deepEqual(textsOf(xml, 'A'), ["1&<'A", '2', ''])
  assert.deepEqual(partsOf(xml, 'B'), ['<A>2</A><C/>', '<A></A>'])
  assert.equal(textOf(xml, 'Z'), null)
  assert.equal(textOf('<A>&#1114112;&unknown;</A>', 'A'), '&#1114112;&unknown;')
})
