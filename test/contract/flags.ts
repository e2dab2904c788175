/** MessageStore.changeFlags (RFC 9051 §6.4.6, RFC 7162 §3.1.3). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FlagChange } from '../../src/core/mailbox/flags.ts'
import { changeFlags, flagsOf } from '../../src/core/mailbox/flags.ts'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, uids } from '../support/store-fixture.ts'

const add = (...names: readonly string[]): FlagChange => ({ mode: 'add', flags: flagsOf(names) })
const remove = (...names: readonly string[]): FlagChange => ({ mode: 'remove', flags: flagsOf(names) })
const replace = (...names: readonly string[]): FlagChange => ({ mode: 'replace', flags: flagsOf(names) })

export function flagsContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: flags`, () => {
    const fixture = new Fixture(makePlace)

    test('add, remove and replace give what core/mailbox/flags.ts says, and the counters follow', async () => {
      const { account, inbox } = await fixture.accountWithMail(0)
      await fixture.store.messages.append(account, inbox, [
        await fixture.message({ flags: ['\\Seen', 'viec', '$MDNSent'] }),
        await fixture.message({ flags: ['\\Deleted'] }),
        await fixture.message(),
      ])
      const changes = [
        add('\\Seen', 'Moi'),
        add('MOI', 'viec'),
        remove('\\Seen', 'moi'),
        replace('\\Deleted', 'Xong', 'viec'),
        add(),
        remove('\\Deleted', '\\Draft'),
        replace(),
      ]
      for (const change of changes) {
        const before = await fixture.read(account, inbox)
        const stored = await fixture.store.messages.changeFlags(account, inbox, 'all', change)
        const expected = before.map((message) => changeFlags(message.flags, change))
        const after = await fixture.read(account, inbox)
        assert.deepEqual(after.map((message) => message.flags), expected, JSON.stringify(change))
        const differing = before.filter((message, i) => JSON.stringify(message.flags) !== JSON.stringify(expected[i]))
        assert.deepEqual(stored.changed.map((one) => one.uid), differing.map((message) => message.uid))
        for (const one of stored.changed) assert.deepEqual([one.modseq, one.flags], [stored.modseq, after[one.uid - 1]!.flags])
        await fixture.countersAreSums(account)
      }
    })

    test('one write takes one modseq for all that changed, and leaves the others alone', async () => {
      const { account, inbox, filed } = await fixture.accountWithMail(4)
      await fixture.store.messages.changeFlags(account, inbox, uids(2), add('\\Seen'))
      const stored = await fixture.store.messages.changeFlags(account, inbox, uids(1, 2, 3), add('\\Seen'))
      assert.deepEqual(stored.changed.map((one) => one.uid), [1, 3])
      assert.deepEqual([...stored.modified], [])
      const modseqs = (await fixture.read(account, inbox)).map((message) => message.modseq)
      assert.deepEqual([modseqs[0], modseqs[2], modseqs[3]], [stored.modseq, stored.modseq, filed[3]!.modseq])
      assert.equal((await fixture.store.accounts.get(account))?.modseq, stored.modseq)
      assert.equal((await fixture.store.mailboxes.get(account, inbox))?.highestModseq, stored.modseq)
    })

    test('a change that changes nothing takes no modseq and answers the present one', async () => {
      const { account, inbox } = await fixture.accountWithMail(2)
      await fixture.store.messages.changeFlags(account, inbox, 'all', add('\\Seen', 'Viec'))
      const before = await fixture.store.accounts.get(account)
      const idle = [
        ['all', add('\\Seen', 'VIEC')],
        ['all', remove('khong-co', '\\Draft')],
        [uids(9), add('\\Flagged')],
        [uids(), add('\\Flagged')],
      ] as const
      for (const [wanted, change] of idle) {
        const stored = await fixture.store.messages.changeFlags(account, inbox, wanted, change)
        assert.deepEqual({ ...stored, modified: [...stored.modified] }, { modseq: before!.modseq, changed: [], modified: [] })
      }
      assert.deepEqual(await fixture.store.accounts.get(account), before)
    })

    test('messages that changed after `unchangedSince` are not touched but listed as modified', async () => {
      const { account, inbox, filed } = await fixture.accountWithMail(3)
      const since = filed[0]!.modseq
      const other = await fixture.store.messages.changeFlags(account, inbox, uids(2), add('\\Answered'))
      const stored = await fixture.store.messages.changeFlags(account, inbox, uids(1, 2, 3, 8), add('\\Seen'), since)
      assert.deepEqual([...stored.modified], [2])
      assert.deepEqual(stored.changed.map((one) => one.uid), [1, 3])
      assert.deepEqual((await fixture.read(account, inbox, uids(2)))[0]?.flags, flagsOf(['\\Answered']))
      const again = await fixture.store.messages.changeFlags(account, inbox, uids(2), add('\\Seen'), other.modseq)
      assert.deepEqual([again.changed.length, again.modified.length], [1, 0])
      const none = await fixture.store.messages.changeFlags(account, inbox, 'all', add('\\Flagged'), since)
      assert.deepEqual([...none.modified], [1, 2, 3])
      assert.equal(none.modseq, again.modseq)
      await fixture.countersAreSums(account)
    })

    test('of many who change one message for the same `unchangedSince` at one moment exactly one succeeds', async () => {
      const { account, inbox, filed } = await fixture.accountWithMail(1)
      const mark = (i: number) => fixture.store.messages.changeFlags(account, inbox, uids(1), add(`dau-${i}`), filed[0]!.modseq)
      const results = await Promise.all(Array.from({ length: 8 }, (_, i) => mark(i)))
      assert.equal(results.filter((result) => result.changed.length === 1).length, 1)
      assert.equal(results.filter((result) => result.modified.length === 1).length, 7)
    })

    test('changes of many messages and many keywords at once are one write', async () => {
      const { account, inbox } = await fixture.accountWithMail(600)
      const keywords = Array.from({ length: 40 }, (_, i) => `nhan-${i}`)
      const stored = await fixture.store.messages.changeFlags(account, inbox, 'all', add('\\Seen', ...keywords))
      assert.equal(stored.changed.length, 600)
      assert.ok((await fixture.read(account, inbox)).every((message) => message.modseq === stored.modseq && message.flags.keywords.length === 40))
      await fixture.countersAreSums(account)
    })
  })
}
