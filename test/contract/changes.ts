/** ChangeStore (design §5.3, §5.4), P3 and P5. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, uids } from '../support/store-fixture.ts'

const hourMs = 3_600_000

export function changesContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: changes`, () => {
    const fixture = new Fixture(makePlace)
    const seen = { mode: 'add', flags: flagsOf(['\\Seen']) } as const

    test('nothing happened: the present modseq and nothing else', async () => {
      const { account } = await fixture.accountWithMail(3)
      const modseq = (await fixture.store.accounts.get(account))!.modseq
      const nothing = { account, modseq, tooOld: false, messages: [], vanished: [], mailboxes: [], removedMailboxes: [] }
      assert.deepEqual(await fixture.store.changes.since(account, modseq), nothing)
    })

    test('since 0 tells everything as it is', async () => {
      const { account, inbox, filed } = await fixture.accountWithMail(3)
      const changes = await fixture.store.changes.since(account, 0)
      assert.equal(changes.tooOld, false)
      assert.deepEqual(changes.messages.map((message) => [message.id, message.mailbox, message.uid]), filed.map((one) => [one.id, inbox, one.uid]))
      assert.deepEqual(changes.mailboxes.map((mailbox) => mailbox.name).sort(), ['INBOX', 'Junk', 'Sent', 'Trash'])
    })

    test('a message that changed twice is listed once, as it is now, by ascending modseq, then UID', async () => {
      const { account, inbox, filed } = await fixture.accountWithMail(4)
      const start = filed[0]!.modseq
      await fixture.store.messages.changeFlags(account, inbox, uids(1, 3), seen)
      await fixture.store.messages.changeFlags(account, inbox, uids(4), seen)
      const last = await fixture.store.messages.changeFlags(account, inbox, uids(3), { mode: 'replace', flags: flagsOf(['viec']) })
      const changes = await fixture.store.changes.since(account, start)
      assert.deepEqual(changes.messages.map((message) => message.uid), [1, 4, 3])
      assert.deepEqual(changes.messages.at(-1), {
        id: filed[2]!.id,
        mailbox: inbox,
        threadId: changes.messages.at(-1)!.threadId,
        uid: 3,
        modseq: last.modseq,
        createdModseq: start,
        flags: flagsOf(['viec']),
      })
      assert.equal(changes.modseq, last.modseq)
    })

    test('a message that came and went between two questions is only told as vanished', async () => {
      const { account, inbox } = await fixture.accountWithMail(1)
      const modseq = (await fixture.store.accounts.get(account))!.modseq
      const [filed] = await fixture.store.messages.append(account, inbox, await fixture.messages(1))
      await fixture.store.messages.expunge(account, inbox, uids(2), false)
      const changes = await fixture.store.changes.since(account, modseq)
      assert.deepEqual(changes.messages, [])
      assert.deepEqual(changes.vanished.map((one) => [one.uids, one.destroyed]), [[[[2, 2]], [filed!.id]]])
    })

    test('with a mailbox, only what happened in it is told', async () => {
      const { account, inbox } = await fixture.accountWithMail(3)
      const trash = (await fixture.mailbox(account, 'Trash')).id
      const modseq = (await fixture.store.accounts.get(account))!.modseq
      const moved = await fixture.store.messages.move(account, inbox, uids(2), trash)
      await fixture.store.messages.changeFlags(account, inbox, uids(3), seen)
      const ofInbox = await fixture.store.changes.since(account, modseq, { mailbox: inbox })
      assert.deepEqual([ofInbox.messages.map((message) => message.uid), ofInbox.vanished.map((one) => one.uids)], [[3], [[[2, 2]]]])
      const ofTrash = await fixture.store.changes.since(account, modseq, { mailbox: trash })
      assert.deepEqual([ofTrash.messages.map((message) => [message.uid, message.modseq]), ofTrash.vanished], [[[1, moved.modseq]], []])
      assert.ok(ofTrash.modseq >= moved.modseq)
    })

    test('with a limit, asking on from the answer\'s modseq misses nothing', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      for (let i = 0; i < 6; i++) await fixture.store.messages.append(account, inbox, await fixture.messages(i + 1))
      await fixture.store.messages.expunge(account, inbox, uids(2, 9), false)
      await fixture.store.messages.changeFlags(account, inbox, uids(1, 20), seen)
      const whole = await fixture.store.changes.since(account, 0)
      for (const limit of [1, 2, 3, 5, 100]) {
        const told = new Map<string, number>()
        const vanished: number[] = []
        let modseq = 0
        for (let round = 0; round < 40 && modseq < whole.modseq; round++) {
          const part = await fixture.store.changes.since(account, modseq, { limit })
          assert.ok(part.modseq > modseq, 'it goes on')
          for (const message of part.messages) told.set(message.id, message.modseq)
          for (const one of part.vanished) for (const [first, last] of one.uids) for (let uid = first; uid <= last; uid++) vanished.push(uid)
          modseq = part.modseq
        }
        assert.equal(modseq, whole.modseq)
        assert.deepEqual([...told].sort(), whole.messages.map((message) => [message.id, message.modseq] as const).sort())
        assert.deepEqual([...new Set(vanished)].sort((a, b) => a - b), [2, 9])
      }
    })

    test('states gives the present modseq of each account that exists', async () => {
      const [one, two] = [await fixture.accountWithMail(2), await fixture.accountWithMail(0)]
      const states = await fixture.store.changes.states([one.account, 'khong-co', two.account])
      const expected = []
      for (const { account } of [one, two]) expected.push([account, (await fixture.store.accounts.get(account))!.modseq] as const)
      assert.deepEqual([...states].sort(), expected.sort())
      assert.equal((await fixture.store.changes.states([])).size, 0)
    })

    test('tombstones are pruned when they are old and more than are kept; below them the answer is tooOld, above it is whole', async () => {
      const { account, inbox, filed } = await fixture.accountWithMail(10)
      await fixture.store.messages.expunge(account, inbox, uids(1, 2), false)
      const middle = (await fixture.store.accounts.get(account))!.modseq
      fixture.clock.turn(2 * hourMs)
      await fixture.store.messages.expunge(account, inbox, uids(4), false)
      const now = fixture.clock.nowMs()
      assert.equal(await fixture.store.changes.prune(now - hourMs, 1_000), 0)
      assert.equal((await fixture.store.changes.since(account, filed[0]!.modseq)).tooOld, false)
      assert.ok((await fixture.store.changes.prune(now - hourMs, 0)) > 0)
      const below = await fixture.store.changes.since(account, filed[0]!.modseq)
      assert.equal(below.tooOld, true)
      assert.ok(below.modseq > middle)
      const above = await fixture.store.changes.since(account, middle)
      assert.equal(above.tooOld, false)
      assert.deepEqual(above.vanished.map((one) => one.uids), [[[4, 4]]])
      await fixture.countersAreSums(account)
      const other = await fixture.accountWithMail(1)
      assert.equal((await fixture.store.changes.since(other.account, 0)).tooOld, false)
    })

    test('a modseq that was not given yet, by a store that has since been set back, is answered with tooOld', async () => {
      const { account } = await fixture.accountWithMail(2)
      const { modseq } = (await fixture.store.accounts.get(account))!
      const changes = await fixture.store.changes.since(account, modseq + 5)
      assert.deepEqual([changes.tooOld, changes.modseq], [true, modseq])
    })

    test('what one account does is not told to another', async () => {
      const [one, two] = [await fixture.accountWithMail(1), await fixture.accountWithMail(1)]
      const before = await fixture.store.changes.since(two.account, 0)
      await fixture.store.messages.append(one.account, one.inbox, await fixture.messages(2))
      await fixture.store.messages.expunge(one.account, one.inbox, uids(1), false)
      assert.deepEqual(await fixture.store.changes.since(two.account, 0), before)
    })
  })
}
