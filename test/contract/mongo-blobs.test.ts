/** Bodies on MongoDB beyond the port's promises: one copy of the same content, large bodies as files, damage, and the sweep against puts. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { GridFSBucket, MongoClient } from 'mongodb'
import type { Db } from 'mongodb'
import { openMongoBlobs } from '../../src/adapters/mongo/blobs.ts'
import type { Blobs } from '../../src/core/ports/blobs.ts'
import { dropDatabase } from '../support/mongo-place.ts'
import { freshDatabase, mongoUnreachable, sharedMongoUrl } from '../support/mongo-server.ts'
import { isRefused } from '../support/store-fixture.ts'
import { TurnedClock } from '../support/store-place.ts'

const nobody = (): Promise<ReadonlySet<string>> => Promise.resolve(new Set<string>())
const rounds = 1_000
const largeBytes = 5_300_000

describe('province (MongoDB): bodies', { skip: mongoUnreachable ?? false }, () => {
  const clock = new TurnedClock()
  const database = freshDatabase()
  let client: MongoClient
  let db: Db
  /** Two nodes. */
  let nodes: readonly [Blobs, Blobs]
  before(async () => {
    const url = await sharedMongoUrl()
    client = new MongoClient(url)
    db = client.db(database)
    nodes = [await openMongoBlobs({ url, database, clock }), await openMongoBlobs({ url, database, clock })]
  })
  after(async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]()
    await client.close()
    await dropDatabase(await sharedMongoUrl(), database)
  })

  const blobs = () => db.collection<{ _id: string; data: Buffer; file?: unknown; usedAtMs: number }>('blobs')
  const files = () => db.collection('bodies.files').countDocuments()

  test('the same content is kept once, whoever puts it and however often', async () => {
    for (const body of [randomBytes(3_000), randomBytes(largeBytes)]) {
      const ids = await Promise.all([0, 1, 0, 1, 0, 1].map((node) => nodes[node]!.put(Buffer.from(body))))
      assert.equal(new Set(ids).size, 1)
      assert.equal(await blobs().countDocuments({ _id: ids[0]! }), 1)
      assert.ok(Buffer.from(await nodes[1]!.read(ids[0]!)).equals(body))
    }
    assert.equal(await files(), 1)
  })

  test('a large body is a file of GridFS, compressed by the server, that is read in parts', async () => {
    const body = Buffer.from(randomBytes(largeBytes).toString('base64'))
    const id = await nodes[0]!.put(body)
    for (const [start, end] of [[0, 10], [1_048_570, 1_048_590], [2_000_000, 5_000_000], [body.length - 5, body.length + 5], [7, 7]] as const) {
      assert.ok(Buffer.from(await nodes[1]!.read(id, { start, end })).equals(body.subarray(start, end)), `${start}-${end}`)
    }
    const { file } = (await blobs().findOne({ _id: id }))!
    const parts: Buffer[] = []
    for await (const part of new GridFSBucket(db, { bucketName: 'bodies' }).openDownloadStream(file as never)) parts.push(part as Buffer)
    assert.ok(Buffer.concat(parts).equals(body), 'the usual tools read it')
    const { wiredTiger } = await db.command({ collStats: 'bodies.chunks' })
    assert.match(String(wiredTiger.creationString), /block_compressor=zstd/)
  })

  test('damaged bytes are refused, never returned', async () => {
    const [small, large] = [await nodes[0]!.put(Buffer.from('Kính gửi '.repeat(500))), await nodes[0]!.put(randomBytes(largeBytes))]
    const { data } = (await blobs().findOne({ _id: small }, { promoteBuffers: true }))!
    await blobs().updateOne({ _id: small }, { $set: { data: Buffer.concat([data.subarray(0, -1), Buffer.of(data.at(-1)! ^ 1)]) } })
    const { file } = (await blobs().findOne({ _id: large }))!
    await db.collection('bodies.chunks').updateOne({ files_id: file as never, n: 1 }, { $set: { data: randomBytes(1_048_576) } })
    await assert.rejects(nodes[0]!.read(small), isRefused('unavailable'))
    await assert.rejects(nodes[0]!.read(small, { start: 0, end: 1 }), isRefused('unavailable'))
    await assert.rejects(nodes[0]!.read(large), isRefused('unavailable'))
    assert.equal((await nodes[0]!.read(large, { start: 0, end: 100 })).length, 100)
  })

  test('a file whose writer died before naming it goes with the next sweep', async () => {
    clock.turn(1)
    await nodes[0]!.sweep({ putBeforeMs: clock.nowMs(), inUse: nobody })
    assert.deepEqual([await blobs().countDocuments(), await files(), await db.collection('bodies.chunks').countDocuments()], [0, 0, 0])
    const stream = new GridFSBucket(db, { bucketName: 'bodies' }).openUploadStream('', { metadata: { putAtMs: clock.nowMs() } })
    await new Promise<void>((resolve, reject) => stream.on('error', reject).on('finish', () => resolve()).end(randomBytes(100_000)))
    const kept = await nodes[0]!.put(randomBytes(largeBytes))
    await nodes[0]!.sweep({ putBeforeMs: clock.nowMs(), inUse: nobody })
    assert.equal(await files(), 2, 'it is younger than the safe age')
    clock.turn(1)
    const { freedBytes } = await nodes[0]!.sweep({ putBeforeMs: clock.nowMs(), inUse: (ids) => Promise.resolve(new Set(ids)) })
    assert.deepEqual([await files(), freedBytes], [1, 100_000])
    assert.equal((await nodes[0]!.read(kept)).length, largeBytes)
  })

  test('a sweep that races a put of the same content, a thousand times: the body is there afterwards', async (t) => {
    const counts = { sweptFirst: 0, putFirst: 0 }
    for (let round = 0; round < rounds; round++) {
      const body = round % 50 === 49 ? Buffer.concat([Buffer.of(round % 256), randomBytes(4_200_000)]) : Buffer.from(`Thư thứ ${round} `.repeat(1 + (round % 40)))
      await nodes[0]!.put(body)
      clock.turn(10)
      const putBeforeMs = clock.nowMs()
      const begin = (at: number): Promise<void> => new Promise((resolve) => (at === 0 ? resolve() : setImmediate(resolve)))
      const sweeping = begin(round % 2).then(() => nodes[1]!.sweep({ putBeforeMs, inUse: nobody }))
      const putting = begin(Math.floor(round / 2) % 2).then(() => nodes[0]!.put(body))
      const [{ removed }, id] = await Promise.all([sweeping, putting])
      assert.ok(Buffer.from(await nodes[0]!.read(id)).equals(body), `round ${round}`)
      // The body of the round before goes in any case.
      counts[removed > 1 ? 'sweptFirst' : 'putFirst']++
    }
    t.diagnostic(JSON.stringify(counts))
    assert.ok(counts.sweptFirst > 0 && counts.putFirst > 0, 'either has been first')
    clock.turn(10)
    await nodes[0]!.sweep({ putBeforeMs: clock.nowMs(), inUse: nobody })
    assert.deepEqual([await blobs().countDocuments(), await files()], [0, 0])
  })
})
