/** MessageStore.expunge (RFC 9051 §6.4.3, RFC 4315), P2 and P5. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, uids, uidsOf } from '../support/store-fixture.ts'

export function expungeContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: expunge`, () => {
    const fixture = new Fixture(makePlace)

    test('only \\Deleted messages of the given UIDs go when that is asked, all of the given otherwise; what went is told ascending', async () => {
      const { account, inbox } = await fixture.accountWithMail(8)
      await fixture.store.messages.changeFlags(account, inbox, uids(2, 4, 6), { mode: 'add', flags: flagsOf(['\\Deleted']) })
      const some = await fixture.store.messages.expunge(account, inbox, uids(1, 2, 3, 4), true)
      assert.deepEqual([...some.uids], [2, 4])
      assert.deepEqual(uidsOf(await fixture.read(account, inbox)), [1, 3, 5, 6, 7, 8])
      const rest = await fixture.store.messages.expunge(account, inbox, 'all', true)
      assert.deepEqual([...rest.uids], [6])
      const plain = await fixture.store.messages.expunge(account, inbox, uids(1, 2, 7), false)
      assert.deepEqual([...plain.uids], [1, 7])
      assert.ok(some.modseq < rest.modseq && rest.modseq < plain.modseq)
      assert.equal((await fixture.store.mailboxes.get(account, inbox))?.highestModseq, plain.modseq)
      await fixture.countersAreSums(account)
    })

    test('UIDs are never used again, also when the mailbox was emptied and the store opened anew', async () => {
      const { account, inbox } = await fixture.accountWithMail(5)
      await fixture.store.messages.expunge(account, inbox, 'all', false)
      assert.equal((await fixture.store.mailboxes.get(account, inbox))?.uidNext, 6)
      await fixture.reopen()
      const filed = await fixture.store.messages.append(account, inbox, await fixture.messages(2))
      assert.deepEqual(uidsOf(filed), [6, 7])
      await fixture.store.messages.expunge(account, inbox, uids(7), false)
      assert.deepEqual(uidsOf(await fixture.store.messages.append(account, inbox, await fixture.messages(1))), [8])
    })

    test('what was expunged leaves a tombstone with its UIDs and ids', async () => {
      const { account, inbox, filed } = await fixture.accountWithMail(7)
      const { modseq } = await fixture.store.messages.expunge(account, inbox, uids(1, 2, 3, 6), false)
      const changes = await fixture.store.changes.since(account, filed[0]!.modseq)
      assert.deepEqual(changes.vanished.map((one) => [one.mailbox, one.modseq, one.uids]), [[inbox, modseq, [[1, 3], [6, 6]]]])
      assert.deepEqual([...changes.vanished[0]!.destroyed].sort(), [0, 1, 2, 5].map((i) => filed[i]!.id).sort())
      assert.deepEqual(changes.messages, [])
    })

    test('expunging nothing takes no modseq', async () => {
      const { account, inbox } = await fixture.accountWithMail(2)
      const before = await fixture.store.accounts.get(account)
      for (const done of [await fixture.store.messages.expunge(account, inbox, 'all', true), await fixture.store.messages.expunge(account, inbox, uids(9), false)]) {
        assert.deepEqual([done.modseq, done.uids.length], [before!.modseq, 0])
      }
      assert.deepEqual(await fixture.store.accounts.get(account), before)
    })

    test('what is expunged is gone: ids find nothing, bodies are no longer in use, bytes come back', async () => {
      const body = await fixture.blobs.put(Buffer.from('Thu mat'))
      const { account, inbox } = await fixture.accountWithMail(1)
      const [filed] = await fixture.store.messages.append(account, inbox, [await fixture.message({ content: { body, bodyBytes: 5_000 } })])
      assert.deepEqual([...(await fixture.store.bodiesInUse([body]))], [body])
      const before = (await fixture.store.accounts.get(account))!.usedBytes
      await fixture.store.messages.expunge(account, inbox, uids(2), false)
      assert.deepEqual(await fixture.store.messages.byId(account, [filed!.id], { forms: true, text: true }), [])
      assert.equal((await fixture.store.bodiesInUse([body])).size, 0)
      assert.ok((await fixture.store.accounts.get(account))!.usedBytes <= before - 5_000)
      await fixture.countersAreSums(account)
    })

    test('a message that two clients expunge at one moment goes once', async () => {
      const { account, inbox } = await fixture.accountWithMail(30)
      const done = await Promise.all(Array.from({ length: 6 }, () => fixture.store.messages.expunge(account, inbox, 'all', false)))
      assert.deepEqual(done.flatMap((one) => [...one.uids]), Array.from({ length: 30 }, (_, i) => i + 1))
      await fixture.countersAreSums(account)
    })
  })
}
