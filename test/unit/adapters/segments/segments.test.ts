/** The segment store beyond the port's promises (test/contract/blobs.test.ts): torn tails, damage, compaction, file handles. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Appender } from '../../../../src/adapters/segments/appender.ts'
import { blobId, blobPlace } from '../../../../src/adapters/segments/blob-id.ts'
import { openSegments } from '../../../../src/adapters/segments/segments.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import type { Blobs } from '../../../../src/core/ports/blobs.ts'

const clock = { nowMs: () => 1_000 }
const laterMs = 2_000

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'congvu-segments-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

function body(text: string): Buffer {
  return Buffer.from(text.repeat(20))
}

async function files(directory: string): Promise<string[]> {
  return (await readdir(directory)).sort()
}

const refused = (code: 'message-unknown' | 'unavailable') => (error: unknown) => isMailError(error, code)

async function sweepAllBut(blobs: Blobs, used: readonly string[]): Promise<number> {
  const kept = new Set(used)
  const { removed } = await blobs.sweep({ putBeforeMs: laterMs, inUse: async (ids) => new Set(ids.filter((id) => kept.has(id))) })
  return removed
}

async function overwrite(path: string, position: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'r+')
  await handle.write(bytes, 0, bytes.length, position)
  await handle.close()
}

test('a blob id is its place, in text of fixed width', () => {
  const place = { segment: 0x1f, offset: 0xab_cdef }
  assert.equal(blobId(place), '0000001f-0000abcdef')
  assert.deepEqual(blobPlace(blobId(place)), place)
  for (const wrong of ['', '1f-abcdef', '0000001F-0000abcdef', '0000001f-0000abcdef0', 'x'.repeat(19)]) assert.equal(blobPlace(wrong), null)
})

test('ids strictly grow as text in the order of their puts, also over a restart', async (t) => {
  const directory = await folder(t)
  const ids: string[] = []
  for (let opening = 0; opening < 2; opening++) {
    await using blobs = await openSegments({ directory, clock })
    ids.push(await blobs.put(body('a')))
    ids.push(...(await Promise.all([randomBytes(1_000_000), body('b'), randomBytes(70_000), body('c')].map((one) => blobs.put(one)))))
    ids.push(await blobs.put(body('a')))
  }
  assert.deepEqual(ids, ids.toSorted())
  assert.equal(new Set(ids).size, ids.length)
})

test('puts that arrive together share one write and one sync', async (t) => {
  const directory = await folder(t)
  const passed: string[] = []
  const appender = new Appender({
    directory,
    clock,
    segmentBytes: 1_000_000,
    faultPoint: (name) => passed.push(name),
    firstSegment: 1,
    onSegment: () => undefined,
  })
  const places = await Promise.all(Array.from({ length: 100 }, (_, i) => appender.put(body(`letter ${i}`))))
  assert.deepEqual(passed, ['before-sync', 'after-sync'])
  assert.deepEqual(places, [...places].sort((a, b) => a.offset - b.offset))
  await appender.close()
})

test('a put resolves only after the sync that covers it, and what comes meanwhile waits for the next one', async (t) => {
  const events: string[] = []
  const appender: Appender = new Appender({
    directory: await folder(t),
    clock,
    segmentBytes: 1_000_000,
    faultPoint: (name) => {
      events.push(name)
      if (events.length === 1) second = appender.put(body('second')).then(() => void events.push('second'))
    },
    firstSegment: 1,
    onSegment: () => undefined,
  })
  let second: Promise<void> | null = null
  await appender.put(body('first')).then(() => events.push('first'))
  await second
  assert.deepEqual(events, ['before-sync', 'after-sync', 'first', 'before-sync', 'after-sync', 'second'])
  await appender.close()
})

test('a record whose bytes were zeroed by a sweep that died is removed by the next one', async (t) => {
  const directory = await folder(t)
  await using blobs = await openSegments({ directory, clock })
  const [dead, kept] = [await blobs.put(randomBytes(300)), await blobs.put(randomBytes(5_000))]
  await overwrite(join(directory, '00000001.seg'), blobPlace(dead)!.offset + 48, Buffer.alloc(300))
  await assert.rejects(blobs.read(dead), refused('unavailable'))
  assert.equal(await sweepAllBut(blobs, [kept]), 1)
  await assert.rejects(blobs.read(dead), refused('message-unknown'))
  assert.equal((await blobs.read(kept)).length, 5_000)
})

test('a large body before small ones does not change the order of ids', async (t) => {
  await using blobs = await openSegments({ directory: await folder(t), clock })
  const bodies = [randomBytes(3_000_000), body('small'), randomBytes(300_000), body('smaller'), Buffer.alloc(0)]
  const ids = await Promise.all(bodies.map((bytes) => blobs.put(bytes)))
  assert.deepEqual(ids, [...ids].sort())
  for (const [i, id] of ids.entries()) assert.deepEqual(Buffer.from(await blobs.read(id)), bodies[i])
})

test('what is torn after the last whole record is cut off when the folder is opened', async (t) => {
  const directory = await folder(t)
  const blobs = await openSegments({ directory, clock })
  const ids = [await blobs.put(body('first')), await blobs.put(randomBytes(5_000)), await blobs.put(randomBytes(9_000))]
  await blobs[Symbol.asyncDispose]()
  const path = join(directory, '00000001.seg')
  const { size } = await stat(path)
  for (const cut of [1, 100, 8_000]) {
    await truncate(path, size - cut)
    await using again = await openSegments({ directory, clock })
    assert.ok((await stat(path)).size < size - cut)
    for (const id of ids.slice(0, 2)) assert.ok((await again.read(id)).length > 0)
    await assert.rejects(again.read(ids[2]!), refused('message-unknown'))
  }
})

test('a torn record whose header is whole is cut off too', async (t) => {
  const directory = await folder(t)
  const blobs = await openSegments({ directory, clock })
  const [kept, torn] = [await blobs.put(body('kept')), await blobs.put(randomBytes(9_000))]
  await blobs[Symbol.asyncDispose]()
  await overwrite(join(directory, '00000001.seg'), blobPlace(torn)!.offset + 5_000, Buffer.alloc(3_000))
  await using again = await openSegments({ directory, clock })
  assert.deepEqual(Buffer.from(await again.read(kept)), body('kept'))
  await assert.rejects(again.read(torn), refused('message-unknown'))
})

test('a damaged record hides neither those before nor those behind it, and no sweep rewrites its segment', async (t) => {
  const directory = await folder(t)
  const blobs = await openSegments({ directory, clock })
  const ids: string[] = []
  for (let i = 0; i < 5; i++) ids.push(await blobs.put(randomBytes(3_000)))
  await blobs[Symbol.asyncDispose]()
  const path = join(directory, '00000001.seg')
  await overwrite(path, blobPlace(ids[2]!)!.offset, randomBytes(64))
  const { size } = await stat(path)
  await using again = await openSegments({ directory, clock })
  for (const [i, id] of ids.entries()) {
    if (i === 2) await assert.rejects(again.read(id), refused('unavailable'))
    else assert.equal((await again.read(id)).length, 3_000)
  }
  assert.equal(await sweepAllBut(again, [ids[4]!]), 3)
  assert.equal((await stat(path)).size, size)
  assert.equal((await again.read(ids[4]!)).length, 3_000)
  await assert.rejects(again.read(ids[0]!), refused('message-unknown'))
})

test('every flipped byte of a record makes its read fail', async (t) => {
  const directory = await folder(t)
  await using blobs = await openSegments({ directory, clock })
  const bytes = randomBytes(100)
  const id = await blobs.put(bytes)
  const path = join(directory, '00000001.seg')
  const start = blobPlace(id)!.offset
  for (let at = start; at < start + 48 + bytes.length; at++) {
    const handle = await open(path, 'r+')
    const before = Buffer.alloc(1)
    await handle.read(before, 0, 1, at)
    await handle.write(Buffer.from([before[0]! ^ 0x10]), 0, 1, at)
    await assert.rejects(blobs.read(id), (error) => isMailError(error, 'unavailable', 'message-unknown'), `byte ${at - start}`)
    await handle.write(before, 0, 1, at)
    await handle.close()
  }
  assert.deepEqual(Buffer.from(await blobs.read(id)), bytes)
})

test('a range of a large body is read without its other blocks, and a damaged block spoils only ranges that touch it', async (t) => {
  const directory = await folder(t)
  await using blobs = await openSegments({ directory, clock })
  const bytes = Buffer.from(randomBytes(600_000).toString('base64'))
  const id = await blobs.put(bytes)
  const { size } = await stat(join(directory, '00000001.seg'))
  assert.ok(size < bytes.length * 0.8, 'base64 is stored compressed')
  await overwrite(join(directory, '00000001.seg'), size - 2_000, Buffer.alloc(1_000))
  for (const [start, end] of [[0, 10], [131_071, 131_073], [200_000, 400_000]] as const) {
    assert.deepEqual(Buffer.from(await blobs.read(id, { start, end })), bytes.subarray(start, end))
  }
  await assert.rejects(blobs.read(id, { start: 700_000, end: 800_000 }), refused('unavailable'))
  await assert.rejects(blobs.read(id), refused('unavailable'))
})

test('a half-empty segment is compacted, ids stay valid, reads that are under way go on', async (t) => {
  const directory = await folder(t)
  await using blobs = await openSegments({ directory, clock, segmentBytes: 100_000 })
  const bodies = Array.from({ length: 60 }, () => randomBytes(4_000))
  const ids = await Promise.all(bodies.map((bytes) => blobs.put(bytes)))
  const kept = ids.filter((_, i) => i % 3 === 0)
  const reading = (async () => {
    for (let round = 0; round < 20; round++) for (const id of kept) assert.equal((await blobs.read(id)).length, 4_000)
  })()
  const before = await total(directory)
  assert.equal(await sweepAllBut(blobs, kept), 40)
  await reading
  assert.ok((await total(directory)) < before * 0.45)
  for (const [i, id] of ids.entries()) {
    if (i % 3 === 0) assert.deepEqual(Buffer.from(await blobs.read(id)), bodies[i])
    else await assert.rejects(blobs.read(id), refused('message-unknown'))
  }
  // A compacted segment is compacted again, and read after a restart.
  const fewer = kept.filter((_, i) => i % 4 === 0)
  assert.equal(await sweepAllBut(blobs, fewer), kept.length - fewer.length)
  await using again = await openSegments({ directory, clock })
  const read: Buffer[] = []
  for await (const bytes of again.readMany(fewer)) read.push(Buffer.from(bytes))
  assert.deepEqual(read, fewer.map((id) => bodies[ids.indexOf(id)]))
})

async function total(directory: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(directory)) bytes += (await stat(join(directory, name))).size
  return bytes
}

test('a body that was swept lies nowhere in the files', async (t) => {
  const directory = await folder(t)
  await using blobs = await openSegments({ directory, clock })
  const secret = randomBytes(500)
  const ids = [await blobs.put(secret), await blobs.put(randomBytes(5_000))]
  assert.equal(await sweepAllBut(blobs, [ids[1]!]), 1)
  for (const name of await readdir(directory)) {
    const handle = await open(join(directory, name), 'r')
    assert.equal((await handle.readFile()).indexOf(secret.subarray(0, 16)), -1)
    await handle.close()
  }
  await assert.rejects(blobs.read(ids[0]!), refused('message-unknown'))
  assert.equal((await blobs.read(ids[1]!)).length, 5_000)
})

test('a segment number is never used twice, also when everything was swept before a restart', async (t) => {
  const directory = await folder(t)
  const seen = new Set<string>()
  for (let round = 0; round < 4; round++) {
    await using blobs = await openSegments({ directory, clock })
    const id = await blobs.put(body('again'))
    assert.ok(!seen.has(id))
    seen.add(id)
    await sweepAllBut(blobs, [])
  }
  assert.equal((await files(directory)).length, 1)
})

test('what a compaction left half-made is removed when the folder is opened; a file of others is left alone', async (t) => {
  const directory = await folder(t)
  const blobs = await openSegments({ directory, clock })
  const id = await blobs.put(body('kept'))
  await blobs[Symbol.asyncDispose]()
  await writeFile(join(directory, '00000001.seg.tmp'), randomBytes(100))
  await writeFile(join(directory, 'README'), 'of the operator')
  await writeFile(join(directory, '00000002.seg'), '')
  await using again = await openSegments({ directory, clock })
  assert.deepEqual(await files(directory), ['00000001.seg', '00000002.seg', 'README'])
  assert.deepEqual(Buffer.from(await again.read(id)), body('kept'))
  assert.ok((await again.put(body('next'))).startsWith('00000003-'))
  assert.equal(await sweepAllBut(again, [id]), 1)
})

test('more segments than are kept open can be read side by side', async (t) => {
  await using blobs = await openSegments({ directory: await folder(t), clock, segmentBytes: 1 })
  const bodies = Array.from({ length: 100 }, (_, i) => body(`letter ${i}`))
  const ids = await Promise.all(bodies.map((bytes) => blobs.put(bytes)))
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const [i, id] of ids.entries()) assert.deepEqual(Buffer.from(await blobs.read(id)), bodies[i])
    }),
  )
})

test('after it is closed it refuses, and what was put before has been written', async (t) => {
  const directory = await folder(t)
  const blobs = await openSegments({ directory, clock })
  const putting = Promise.all([blobs.put(body('one')), blobs.put(randomBytes(400_000))])
  await blobs[Symbol.asyncDispose]()
  const ids = await putting
  await assert.rejects(blobs.put(body('late')), refused('unavailable'))
  await assert.rejects(blobs.read(ids[0]), refused('unavailable'))
  await using again = await openSegments({ directory, clock })
  assert.equal((await again.read(ids[1])).length, 400_000)
})

test('bodies that are read one after the other come whole, raw or compressed, in any order, also while more are put', async (t) => {
  const directory = await folder(t)
  await using blobs = await openSegments({ directory, clock })
  const bodies = Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? randomBytes(1 + i * 97) : Buffer.from(`thư số ${i} `.repeat(1 + i * 40))))
  bodies[60] = randomBytes(400_000)
  const ids: string[] = []
  for (const [i, one] of bodies.entries()) {
    ids.push(await blobs.put(one))
    // The end of the file moves under what was read ahead.
    if (i % 7 === 6) for (let at = i - 6; at <= i; at++) assert.ok(bodies[at]!.equals(await blobs.read(ids[at]!)), `body ${at}`)
  }
  await using again = await openSegments({ directory, clock })
  for (const at of [...ids.keys(), ...[...ids.keys()].reverse()]) {
    assert.ok(bodies[at]!.equals(await again.read(ids[at]!)), `body ${at}`)
    assert.ok(bodies[at]!.subarray(3, 9).equals(await again.read(ids[at]!, { start: 3, end: 9 })), `range of body ${at}`)
  }
})

test('a body that was read of late, or ahead, is gone with the sweep that removes it', async (t) => {
  const directory = await folder(t)
  await using blobs = await openSegments({ directory, clock })
  const ids: string[] = []
  for (let i = 0; i < 20; i++) ids.push(await blobs.put(randomBytes(2_000)))
  for (const id of ids.slice(0, 10)) await blobs.read(id)
  assert.equal(await sweepAllBut(blobs, ids.filter((_, i) => i % 5 !== 0)), 4)
  for (const [i, id] of ids.entries()) {
    if (i % 5 === 0) await assert.rejects(blobs.read(id), refused('message-unknown'), id)
    else assert.equal((await blobs.read(id)).length, 2_000)
  }
})
