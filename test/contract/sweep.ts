/** Blobs.sweep together with Store.bodiesInUse (B3; design §5.3 "Deleting is complete"). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { BlobId } from '../../src/core/mailbox/mailbox.ts'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, isRefused, uids, whileDoing } from '../support/store-fixture.ts'

export function sweepContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: sweep of bodies`, () => {
    const fixture = new Fixture(makePlace)
    const inUse = (ids: readonly BlobId[]) => fixture.store.bodiesInUse(ids)
    /** All that was put until now. */
    const sweep = () => {
      fixture.clock.turn(1)
      return fixture.blobs.sweep({ putBeforeMs: fixture.clock.nowMs(), inUse })
    }

    test('a body that a message still names stays, one that nobody names goes, and it is told what was freed', async () => {
      await sweep()
      const { account, inbox } = await fixture.accountWithMail(0)
      const put = Array.from({ length: 20 }, () => randomBytes(3_000))
      const ids = await Promise.all(put.map((body) => fixture.blobs.put(body)))
      for (const body of ids.filter((_, i) => i % 2 === 0)) {
        await fixture.store.messages.append(account, inbox, [await fixture.message({ content: { body, bodyBytes: 3_000 } })])
      }
      const swept = await sweep()
      assert.ok(swept.removed >= 10)
      assert.ok(swept.freedBytes >= 30_000)
      for (const [i, id] of ids.entries()) {
        if (i % 2 === 0) assert.ok(Buffer.from(await fixture.blobs.read(id)).equals(put[i]!))
        else await assert.rejects(fixture.blobs.read(id), isRefused('message-unknown'))
      }
      assert.equal((await sweep()).removed, 0)
    })

    test('a body younger than the safe age stays, whether or not it is in use', async () => {
      const old = await fixture.blobs.put(Buffer.from('cu'))
      fixture.clock.turn(1_000)
      const safeMs = fixture.clock.nowMs()
      const young = await fixture.blobs.put(Buffer.from('moi'))
      await fixture.blobs.sweep({ putBeforeMs: safeMs, inUse })
      await assert.rejects(fixture.blobs.read(old), isRefused('message-unknown'))
      assert.equal(Buffer.from(await fixture.blobs.read(young)).toString(), 'moi')
    })

    test('a body goes when the last message of several that shared it is expunged', async () => {
      const body = await fixture.blobs.put(randomBytes(500))
      const accounts = [await fixture.accountWithMail(0), await fixture.accountWithMail(0)]
      await fixture.store.deliveries.commit(await fixture.delivery(accounts.map(({ account }) => account), { content: await fixture.content({ body }) }))
      for (const { account, inbox } of accounts) {
        await sweep()
        assert.equal((await fixture.blobs.read(body)).length, 500)
        await fixture.store.messages.expunge(account, inbox, uids(1), false)
      }
      await sweep()
      await assert.rejects(fixture.blobs.read(body), isRefused('message-unknown'))
    })

    test('puts and reads go on while it sweeps, and none of them is lost', async () => {
      await sweep()
      const { account, inbox } = await fixture.accountWithMail(0)
      const kept = new Map<BlobId, Buffer>()
      // The safe age is what keeps a body between its put and the commit that names it.
      const roundBegan = new Map<number, number>()
      const client = async (which: number): Promise<void> => {
        for (let round = 0; round < 25; round++) {
          fixture.clock.turn(1)
          roundBegan.set(which, fixture.clock.nowMs())
          const body = randomBytes(1_000 + round)
          const id = await fixture.blobs.put(body)
          await fixture.blobs.put(randomBytes(2_000))
          await fixture.store.messages.append(account, inbox, [await fixture.message({ content: { body: id } })])
          kept.set(id, body)
          for (const [known, bytes] of [...kept].slice(0, 5)) assert.ok(Buffer.from(await fixture.blobs.read(known)).equals(bytes))
        }
      }
      let removed = 0
      await whileDoing(Promise.all([client(0), client(1), client(2)]), async () => {
        removed += (await fixture.blobs.sweep({ putBeforeMs: Math.min(...roundBegan.values()), inUse })).removed
      })
      removed += (await sweep()).removed
      assert.equal(removed, 75)
      for (const [id, body] of kept) assert.ok(Buffer.from(await fixture.blobs.read(id)).equals(body))
    })

    test('when asking who uses the bodies fails, nothing more is removed and the next sweep works', async () => {
      const id = await fixture.blobs.put(Buffer.from('con'))
      fixture.clock.turn(1)
      await assert.rejects(
        fixture.blobs.sweep({ putBeforeMs: fixture.clock.nowMs(), inUse: () => Promise.reject(new Error('mat ket noi')) }),
        /mat ket noi/,
      )
      assert.equal(Buffer.from(await fixture.blobs.read(id)).toString(), 'con')
      await sweep()
      await assert.rejects(fixture.blobs.read(id), isRefused('message-unknown'))
    })

    test('what was swept stays gone and what was kept stays readable after it was closed and opened again', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      const [kept, gone] = [await fixture.blobs.put(randomBytes(900)), await fixture.blobs.put(randomBytes(90_000))]
      await fixture.store.messages.append(account, inbox, [await fixture.message({ content: { body: kept } })])
      await sweep()
      await fixture.reopen()
      assert.equal((await fixture.blobs.read(kept)).length, 900)
      await assert.rejects(fixture.blobs.read(gone), isRefused('message-unknown'))
    })
  })
}
