/** MessageStore.copy and move (RFC 9051 §6.4.7, §6.4.8), P4 and P5. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, isRefused, uids, uidsOf, whileDoing } from '../support/store-fixture.ts'

const nothing = { forms: false, text: false }

export function copyMoveContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: copy and move`, () => {
    const fixture = new Fixture(makePlace)

    async function twoMailboxes(messages: number) {
      const made = await fixture.accountWithMail(messages)
      return { ...made, trash: await fixture.mailbox(made.account, 'Trash') }
    }

    test('a copy is a new message: its own id and UID; flags, dates, prefix, forms, text and body are the same', async () => {
      const { account, inbox, trash } = await twoMailboxes(5)
      await fixture.store.messages.changeFlags(account, inbox, uids(2, 4), { mode: 'add', flags: flagsOf(['\\Flagged', 'viec']) })
      const copied = await fixture.store.messages.copy(account, inbox, uids(2, 4, 99), trash.id)
      assert.equal(copied.uidValidity, trash.uidValidity)
      assert.deepEqual([[...copied.sourceUids], [...copied.targetUids]], [[2, 4], [1, 2]])
      const want = { forms: true, text: true }
      const [sources, copies] = [await fixture.read(account, inbox, uids(2, 4), want), await fixture.read(account, trash.id, 'all', want)]
      for (const [i, copy] of copies.entries()) {
        const source = sources[i]!
        assert.notEqual(copy.id, source.id)
        assert.equal(copy.modseq, copied.modseq)
        assert.equal(copy.createdModseq, copied.modseq)
        assert.deepEqual({ ...copy, id: source.id, mailbox: inbox, uid: source.uid, modseq: source.modseq, createdModseq: source.createdModseq }, source)
      }
      assert.equal(new Set([...sources, ...copies].map((message) => message.id)).size, 4)
      await fixture.countersAreSums(account)
    })

    test('a copy outlives the message that it was made of', async () => {
      const { account, inbox, trash } = await twoMailboxes(1)
      await fixture.store.messages.copy(account, inbox, 'all', trash.id)
      await fixture.store.messages.expunge(account, inbox, 'all', false)
      const [copy] = await fixture.read(account, trash.id, 'all', { forms: true, text: true })
      assert.ok(copy?.forms && copy.forms.length > 0)
      assert.deepEqual([...(await fixture.store.bodiesInUse([copy.body]))], [copy.body])
      await fixture.countersAreSums(account)
    })

    test('a message can be copied into its own mailbox', async () => {
      const { account, inbox } = await twoMailboxes(2)
      const copied = await fixture.store.messages.copy(account, inbox, 'all', inbox)
      assert.deepEqual([[...copied.sourceUids], [...copied.targetUids]], [[1, 2], [3, 4]])
      assert.deepEqual(uidsOf(await fixture.read(account, inbox)), [1, 2, 3, 4])
      await fixture.countersAreSums(account)
    })

    test('a move keeps id, thread, flags, dates and content, and gives a new UID', async () => {
      const { account, inbox, filed, trash } = await twoMailboxes(4)
      await fixture.store.messages.changeFlags(account, inbox, uids(3), { mode: 'add', flags: flagsOf(['\\Seen', '\\Deleted', 'viec']) })
      const before = await fixture.read(account, inbox, uids(1, 3), { forms: true, text: true })
      const moved = await fixture.store.messages.move(account, inbox, uids(1, 3, 50), trash.id)
      assert.deepEqual([[...moved.sourceUids], [...moved.targetUids], moved.uidValidity], [[1, 3], [1, 2], trash.uidValidity])
      const after = await fixture.read(account, trash.id, 'all', { forms: true, text: true })
      assert.deepEqual(
        after.map((message) => ({ ...message, mailbox: inbox, uid: 0, modseq: 0, createdModseq: 0 })),
        before.map((message) => ({ ...message, uid: 0, modseq: 0, createdModseq: 0 })),
      )
      assert.ok(after.every((message) => message.modseq === moved.modseq))
      assert.deepEqual(after.map((message) => message.id), [filed[0]!.id, filed[2]!.id])
      assert.deepEqual(uidsOf(await fixture.read(account, inbox)), [2, 4])
      await fixture.countersAreSums(account)
    })

    test('a move leaves a tombstone in the source and a new message in the target, and destroys nothing', async () => {
      const { account, inbox, filed, trash } = await twoMailboxes(3)
      const moved = await fixture.store.messages.move(account, inbox, uids(1, 2), trash.id)
      const changes = await fixture.store.changes.since(account, filed[0]!.modseq)
      assert.deepEqual(changes.vanished.map((one) => [one.mailbox, one.modseq, one.uids, one.destroyed]), [[inbox, moved.modseq, [[1, 2]], []]])
      assert.deepEqual(changes.messages.map((message) => [message.id, message.mailbox, message.uid, message.createdModseq > filed[0]!.modseq]), [
        [filed[0]!.id, trash.id, 1, true],
        [filed[1]!.id, trash.id, 2, true],
      ])
      assert.equal((await fixture.store.mailboxes.get(account, inbox))?.highestModseq, moved.modseq)
      assert.equal((await fixture.store.mailboxes.get(account, trash.id))?.highestModseq, moved.modseq)
    })

    test('a message that is moved there and back has a new UID each time, and old UIDs stay gone', async () => {
      const { account, inbox, filed, trash } = await twoMailboxes(2)
      for (let round = 1; round <= 3; round++) {
        const there = await fixture.store.messages.move(account, inbox, 'all', trash.id)
        const back = await fixture.store.messages.move(account, trash.id, 'all', inbox)
        assert.deepEqual([...there.targetUids], [2 * round - 1, 2 * round])
        assert.deepEqual([...back.targetUids], [2 * round + 1, 2 * round + 2])
      }
      const left = await fixture.read(account, inbox)
      assert.deepEqual(left.map((message) => [message.id, message.uid]), [[filed[0]!.id, 7], [filed[1]!.id, 8]])
      const changes = await fixture.store.changes.since(account, filed[0]!.modseq, { mailbox: inbox })
      assert.deepEqual(changes.vanished.flatMap((one) => one.destroyed), [])
      await fixture.countersAreSums(account)
    })

    test('copying or moving nothing answers empty and takes no modseq', async () => {
      const { account, inbox, trash } = await twoMailboxes(1)
      const before = await fixture.store.accounts.get(account)
      for (const done of [
        await fixture.store.messages.copy(account, inbox, uids(7), trash.id),
        await fixture.store.messages.move(account, inbox, uids(), trash.id),
        await fixture.store.messages.move(account, trash.id, 'all', inbox),
      ]) {
        assert.deepEqual([done.sourceUids.length, done.targetUids.length, done.modseq], [0, 0, before!.modseq])
      }
      assert.deepEqual(await fixture.store.accounts.get(account), before)
    })

    test('an unknown mailbox is refused, and then nothing has changed', async () => {
      const { account, inbox, trash } = await twoMailboxes(2)
      const before = await fixture.store.accounts.get(account)
      await assert.rejects(fixture.store.messages.copy(account, inbox, 'all', 'khong-co'), isRefused('mailbox-unknown'))
      await assert.rejects(fixture.store.messages.move(account, inbox, 'all', 'khong-co'), isRefused('mailbox-unknown'))
      await assert.rejects(fixture.store.messages.copy(account, 'khong-co', 'all', trash.id), isRefused('mailbox-unknown'))
      await assert.rejects(fixture.store.messages.move(account, 'khong-co', 'all', trash.id), isRefused('mailbox-unknown'))
      assert.deepEqual(await fixture.store.accounts.get(account), before)
    })

    test('at no moment is a moving message in both mailboxes or in neither', async () => {
      const { account, inbox, filed, trash } = await twoMailboxes(20)
      const ids = filed.map((one) => one.id)
      const moveToAndFro = async (): Promise<void> => {
        for (let round = 0; round < 20; round++) {
          await fixture.store.messages.move(account, inbox, 'all', trash.id)
          await fixture.store.messages.move(account, trash.id, 'all', inbox)
        }
      }
      await whileDoing(moveToAndFro(), async () => {
        const found = await fixture.store.messages.byId(account, ids, nothing)
        assert.deepEqual(found.map((message) => message.id), ids)
        assert.equal(new Set(found.map((message) => message.mailbox)).size, 1)
        const all = await fixture.store.changes.since(account, 0)
        assert.deepEqual(all.messages.map((message) => message.id).sort(), [...ids].sort())
      })
      await fixture.countersAreSums(account)
    })
  })
}
