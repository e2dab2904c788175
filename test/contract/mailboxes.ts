/** MailboxStore (core/ports/store.ts), P2 for UIDVALIDITY. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MakePlace } from '../support/store-place.ts'
import { Fixture, isRefused } from '../support/store-fixture.ts'

export function mailboxesContract(name: string, makePlace: MakePlace): void {
  describe(`${name}: mailboxes`, () => {
    const fixture = new Fixture(makePlace)
    const make = (account: string, ...names: readonly string[]) => fixture.store.mailboxes.create(account, names.map((each) => ({ name: each, role: null })))

    test('a new mailbox is empty, begins at UID 1 and is found by id, name and role', async () => {
      const account = (await fixture.account()).id
      const [made] = await fixture.store.mailboxes.create(account, [{ name: 'Lưu trữ', role: 'archive' }])
      assert.ok(made)
      const { messages, unseen, deleted, sizeBytes, uidNext } = made
      assert.deepEqual({ messages, unseen, deleted, sizeBytes, uidNext }, { messages: 0, unseen: 0, deleted: 0, sizeBytes: 0, uidNext: 1 })
      assert.ok(made.highestModseq >= 1 && made.uidValidity >= 1 && made.uidValidity < 2 ** 32)
      assert.equal(made.account, account)
      assert.deepEqual(await fixture.store.mailboxes.get(account, made.id), made)
      assert.deepEqual(await fixture.store.mailboxes.byName(account, 'Lưu trữ'), made)
      assert.deepEqual(await fixture.store.mailboxes.byRole(account, 'archive'), made)
      assert.equal(await fixture.store.mailboxes.byName(account, 'lưu trữ'), null)
      assert.equal(await fixture.store.mailboxes.byRole(account, 'drafts'), null)
      assert.equal(await fixture.store.mailboxes.get(account, 'khong-co'), null)
    })

    test('INBOX is found in any case', async () => {
      const account = (await fixture.account()).id
      const inbox = await fixture.inbox(account)
      assert.equal(inbox.name, 'INBOX')
      for (const spelling of ['inbox', 'Inbox', 'iNBOX']) assert.deepEqual(await fixture.store.mailboxes.byName(account, spelling), inbox)
    })

    test('list gives all mailboxes of the account by name, and no others', async () => {
      const account = (await fixture.account()).id
      await make((await fixture.account()).id, 'Của người khác')
      await make(account, 'Công việc', 'Công việc/2026', 'Bản nháp cũ')
      const names = (await fixture.store.mailboxes.list(account)).map((mailbox) => mailbox.name)
      assert.deepEqual(names, ['Bản nháp cũ', 'Công việc', 'Công việc/2026', 'INBOX', 'Junk', 'Sent', 'Trash'])
    })

    test('create is all or none: an existing name, or a second mailbox of one role, refuses the whole call', async () => {
      const account = (await fixture.account()).id
      const before = await fixture.store.mailboxes.list(account)
      await assert.rejects(make(account, 'A', 'A/B', 'Sent'), isRefused('mailbox-exists'))
      await assert.rejects(fixture.store.mailboxes.create(account, [{ name: 'A', role: null }, { name: 'Đã gửi', role: 'sent' }]), isRefused('mailbox-exists'))
      await assert.rejects(make(account, 'inbox'), isRefused('mailbox-exists'))
      assert.deepEqual(await fixture.store.mailboxes.list(account), before)
    })

    test('of many who create one name at one moment exactly one succeeds', async () => {
      const account = (await fixture.account()).id
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => make(account, 'Chung')))
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1)
    })

    test('a mailbox made again under an old name gets a greater UIDVALIDITY, whether the old one was removed or renamed', async () => {
      const account = (await fixture.account()).id
      let last = 0
      for (let round = 0; round < 4; round++) {
        const [made] = await make(account, 'Lại')
        assert.ok(made!.uidValidity > last)
        last = made!.uidValidity
        if (round % 2 === 0) await fixture.store.mailboxes.remove(account, made!.id)
        else await fixture.store.mailboxes.rename(account, [{ mailbox: made!.id, name: `Lại ${round}` }])
        if (round === 1) await fixture.reopen()
      }
    })

    test('rename keeps ids, UIDs, UIDVALIDITY and messages, and is atomic over all pairs', async () => {
      const { account } = await fixture.accountWithMail(0)
      const [parent, child] = await make(account, 'Cũ', 'Cũ/Con')
      await fixture.store.messages.append(account, child!.id, await fixture.messages(2))
      const before = await fixture.store.mailboxes.get(account, child!.id)
      const renamed = await fixture.store.mailboxes.rename(account, [
        { mailbox: parent!.id, name: 'Mới' },
        { mailbox: child!.id, name: 'Mới/Con' },
      ])
      assert.deepEqual(renamed.map((mailbox) => [mailbox.id, mailbox.name]), [[parent!.id, 'Mới'], [child!.id, 'Mới/Con']])
      const after = await fixture.store.mailboxes.byName(account, 'Mới/Con')
      assert.ok(after!.modseq > before!.modseq)
      assert.deepEqual({ ...after, name: before!.name, modseq: 0, highestModseq: 0 }, { ...before, modseq: 0, highestModseq: 0 })
      assert.equal(await fixture.store.mailboxes.byName(account, 'Cũ/Con'), null)
      await assert.rejects(
        fixture.store.mailboxes.rename(account, [
          { mailbox: parent!.id, name: 'Khác' },
          { mailbox: child!.id, name: 'Sent' },
        ]),
        isRefused('mailbox-exists'),
      )
      await assert.rejects(
        fixture.store.mailboxes.rename(account, [
          { mailbox: parent!.id, name: 'Khác' },
          { mailbox: 'khong-co', name: 'Nữa' },
        ]),
        isRefused('mailbox-unknown'),
      )
      assert.equal((await fixture.store.mailboxes.get(account, parent!.id))?.name, 'Mới')
      await fixture.countersAreSums(account)
    })

    test('setRole gives, moves and takes a role; a role that another mailbox has is refused', async () => {
      const account = (await fixture.account()).id
      const [made] = await make(account, 'Nháp')
      const drafts = await fixture.store.mailboxes.setRole(account, made!.id, 'drafts')
      assert.deepEqual(await fixture.store.mailboxes.byRole(account, 'drafts'), drafts)
      assert.ok(drafts.modseq > made!.modseq)
      await assert.rejects(fixture.store.mailboxes.setRole(account, made!.id, 'sent'), isRefused('mailbox-exists'))
      await assert.rejects(fixture.store.mailboxes.setRole(account, 'khong-co', null), isRefused('mailbox-unknown'))
      assert.equal((await fixture.store.mailboxes.setRole(account, made!.id, null)).role, null)
      assert.equal(await fixture.store.mailboxes.byRole(account, 'drafts'), null)
    })

    test('remove takes the mailbox with all its messages, reports their ids destroyed and gives the bytes back', async () => {
      const { account, filed: others } = await fixture.accountWithMail(1)
      const [made] = await make(account, 'Bỏ')
      const filed = await fixture.store.messages.append(account, made!.id, await fixture.messages(3))
      const modseq = (await fixture.store.accounts.get(account))!.modseq
      await fixture.store.mailboxes.remove(account, made!.id)
      assert.equal(await fixture.store.mailboxes.get(account, made!.id), null)
      assert.equal(await fixture.store.messages.view(account, made!.id), null)
      assert.deepEqual(await fixture.store.messages.byId(account, filed.map((one) => one.id), { forms: false, text: false }), [])
      const changes = await fixture.store.changes.since(account, modseq)
      assert.deepEqual(changes.removedMailboxes, [made!.id])
      assert.deepEqual(changes.vanished.flatMap((one) => one.destroyed).sort(), filed.map((one) => one.id).sort())
      assert.ok(changes.modseq > modseq)
      assert.equal((await fixture.store.messages.byId(account, others.map((one) => one.id), { forms: false, text: false })).length, 1)
      await assert.rejects(fixture.store.mailboxes.remove(account, made!.id), isRefused('mailbox-unknown'))
      await fixture.countersAreSums(account)
    })

    test('a name is subscribed whether or not such a mailbox exists, and stays so when the mailbox goes', async () => {
      const account = (await fixture.account()).id
      const [made] = await make(account, 'Theo dõi')
      for (const subscribed of ['Theo dõi', 'Chưa có']) {
        await fixture.store.mailboxes.setSubscribed(account, subscribed, true)
        await fixture.store.mailboxes.setSubscribed(account, subscribed, true)
      }
      await fixture.store.mailboxes.remove(account, made!.id)
      await fixture.store.mailboxes.setSubscribed(account, 'Sent', false)
      await fixture.store.mailboxes.setSubscribed(account, 'Không hề', false)
      assert.deepEqual([...(await fixture.store.mailboxes.subscriptions(account))].sort(), ['Chưa có', 'INBOX', 'Theo dõi', 'Trash'])
    })

    test('making, renaming and re-roling take a modseq each, in order, and changes report the mailbox as it is now', async () => {
      const account = (await fixture.account()).id
      const start = (await fixture.store.accounts.get(account))!.modseq
      const [made] = await make(account, 'Một')
      await fixture.store.mailboxes.rename(account, [{ mailbox: made!.id, name: 'Hai' }])
      const last = await fixture.store.mailboxes.setRole(account, made!.id, 'archive')
      const changes = await fixture.store.changes.since(account, start)
      assert.deepEqual(changes.mailboxes, [last])
      assert.equal(last.createdModseq, made!.createdModseq)
      assert.ok(start < made!.modseq && made!.modseq < last.modseq && last.modseq <= changes.modseq)
      assert.deepEqual((await fixture.store.changes.since(account, changes.modseq)).mailboxes, [])
    })
  })
}
