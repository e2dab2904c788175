/** P3 and P7 under many writers, with readers that look on all the while. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChangedMessage } from '../../src/core/change.ts'
import { flagsOf } from '../../src/core/mailbox/flags.ts'
import type { MailboxId } from '../../src/core/mailbox/mailbox.ts'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, uids, whileDoing } from '../support/store-fixture.ts'

export function concurrencyContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: concurrency`, () => {
    const fixture = new Fixture(makePlace)

    /** Several clients of one account; each does `rounds` things. */
    async function writers(account: string, inbox: MailboxId, trash: MailboxId, rounds: number): Promise<void> {
      const client = async (which: number): Promise<void> => {
        for (let round = 0; round < rounds; round++) {
          switch ((round + which) % 5) {
            case 0:
              await fixture.store.messages.append(account, inbox, await fixture.messages(2))
              break
            case 1:
              await fixture.store.deliveries.commit(await fixture.delivery([account]))
              break
            case 2:
              await fixture.store.messages.changeFlags(account, inbox, uids(round + 1, round + 2), { mode: 'add', flags: flagsOf([`kh-${which}`]) })
              break
            case 3:
              await fixture.store.messages.move(account, inbox, uids(round + which + 1), trash)
              break
            default:
              await fixture.store.messages.expunge(account, trash, uids(round), false)
          }
        }
      }
      await Promise.all(Array.from({ length: 6 }, (_, which) => client(which)))
    }

    test('a reader who follows changes.since never misses or undoes anything: commit order is modseq order', async () => {
      const { account, inbox } = await fixture.accountWithMail(3)
      const trash = (await fixture.mailbox(account, 'Trash')).id
      const followed = new Map<string, ChangedMessage>()
      let modseq = 0
      const follow = async (): Promise<void> => {
        const changes = await fixture.store.changes.since(account, modseq)
        assert.ok(changes.modseq >= modseq)
        assert.ok(!changes.tooOld)
        for (const one of changes.vanished) {
          assert.ok(one.modseq > modseq && one.modseq <= changes.modseq)
          for (const [key, message] of followed) {
            const named = one.uids.some(([first, last]) => first <= message.uid && message.uid <= last)
            if (named && message.mailbox === one.mailbox && message.modseq <= one.modseq) followed.delete(key)
          }
        }
        for (const message of changes.messages) {
          assert.ok(message.modseq > modseq && message.modseq <= changes.modseq)
          followed.set(message.id, message)
        }
        modseq = changes.modseq
      }
      await whileDoing(writers(account, inbox, trash, 40), follow)
      const now = (await fixture.store.changes.since(account, 0)).messages
      const sorted = (messages: Iterable<ChangedMessage>) => [...messages].map((message) => ({ ...message, createdModseq: 0 })).toSorted((a, b) => (a.id < b.id ? -1 : 1))
      assert.deepEqual(sorted(followed.values()), sorted(now))
      await fixture.countersAreSums(account)
    })

    test('a view is one consistent moment: its counters are counts of its messages, its modseq covers them', async () => {
      const { account, inbox } = await fixture.accountWithMail(3)
      const trash = (await fixture.mailbox(account, 'Trash')).id
      await whileDoing(writers(account, inbox, trash, 30), async () => {
        const view = await fixture.store.messages.view(account, inbox)
        assert.ok(view)
        assert.equal(view.mailbox.messages, view.uids.length)
        assert.equal(view.mailbox.unseen, [...view.flags].filter((index) => (view.flagSets[index]!.bits & 1) === 0).length)
        assert.ok(view.modseqs.every((modseq) => modseq <= view.modseq && modseq <= view.mailbox.highestModseq))
        assert.ok(view.uids.every((uid, i) => i === 0 || uid > view.uids[i - 1]!))
        assert.ok(view.uids.every((uid) => uid < view.mailbox.uidNext))
      })
    })

    test('UIDs that were given out to many writers at once are all different, and grow with the modseq', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      const filed = (
        await Promise.all(Array.from({ length: 60 }, async (_, i) => fixture.store.messages.append(account, inbox, await fixture.messages((i % 3) + 1))))
      ).flat()
      assert.deepEqual(filed.map((one) => one.uid).toSorted((a, b) => a - b), Array.from({ length: filed.length }, (_, i) => i + 1))
      const byUid = filed.toSorted((a, b) => a.uid - b.uid)
      assert.ok(byUid.every((one, i) => i === 0 || one.modseq >= byUid[i - 1]!.modseq))
      assert.equal(new Set(filed.map((one) => one.modseq)).size, 60)
      await fixture.countersAreSums(account)
    })

    test('a write that resolved is seen by every read that begins after it', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          for (let round = 0; round < 25; round++) {
            const [filed] = await fixture.store.messages.append(account, inbox, await fixture.messages(1))
            const [view, found, read, changes] = await Promise.all([
              fixture.store.messages.view(account, inbox),
              fixture.store.messages.byId(account, [filed!.id], { forms: true, text: false }),
              fixture.read(account, inbox, uids(filed!.uid)),
              fixture.store.changes.since(account, filed!.modseq - 1),
            ])
            assert.ok(view?.uids.includes(filed!.uid))
            assert.deepEqual([found.length, read.length], [1, 1])
            assert.ok(changes.messages.some((message) => message.id === filed!.id))
          }
        }),
      )
    })

    test('deliveries to overlapping accounts at one moment are as one after the other', async () => {
      const accounts = await Promise.all(Array.from({ length: 6 }, () => fixture.accountWithMail(0)))
      const results = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const some = accounts.filter((_account, which) => (i >> (which % 3)) % 2 === 0 || which === i % 6)
          return fixture.store.deliveries.commit(await fixture.delivery(some.map(({ account }) => account)))
        }),
      )
      for (const { account } of accounts) {
        const filed = results.flatMap((result) => (result.kind === 'committed' ? result.filed.filter((one) => one.account === account) : []))
        assert.deepEqual(filed.map((one) => one.uid).toSorted((a, b) => a - b), Array.from({ length: filed.length }, (_, i) => i + 1))
        assert.equal(new Set(filed.map((one) => one.modseq)).size, filed.length)
        await fixture.countersAreSums(account)
      }
    })
  })
}
